"""What the model is shown, measured back from the pixels."""

import math

import numpy as np
import pytest
import torch

from normlab.errors import SettingError
from normlab.lab.cortex.parameters import SPACING
from normlab.lab.cortex.stimuli import Screen, contrast

SCREEN = Screen(128)


def spectrum_peak(image):
    """(frequency in cycles/degree, orientation of the stripes in degrees) of the largest Fourier term."""
    wide = 1024
    power = np.abs(np.fft.fft2(image.numpy(), (wide, wide)))[:, : wide // 2]
    row, column = np.unravel_index(np.argmax(power), power.shape)
    fy, fx = np.fft.fftfreq(wide)[row], column / wide
    return math.hypot(fx, fy) / SPACING, math.degrees(math.atan2(-fy, fx)) % 180  # y is upwards


@pytest.mark.parametrize("frequency", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("orientation", [0.0, 30.0, 90.0, 135.0])
def test_a_grating_has_its_frequency_orientation_and_contrast(frequency, orientation):
    image = SCREEN.grating(frequency, orientation, 25.0)
    found, angle = spectrum_peak(image)
    assert found == pytest.approx(frequency, abs=0.5 / SCREEN.width / 4)
    assert abs((angle - orientation + 90) % 180 - 90) < 2.0
    assert image.max().item() == pytest.approx(0.5, abs=0.01)
    assert image.min().item() == pytest.approx(-0.5, abs=0.01)


def test_phase_moves_the_grating():
    centre = SCREEN.size // 2
    for phase in (0.0, 60.0, 90.0, 180.0):
        value = SCREEN.grating(2.0, 0.0, phase)[centre, centre].item()
        assert value == pytest.approx(0.5 * math.cos(math.radians(phase)), abs=1e-12)


@pytest.mark.parametrize("orientation", [0.0, 45.0])
def test_a_square_wave_has_the_harmonics_of_one(orientation):
    """Fourier terms 2/π · (1, 1/3, 1/5) of a wave of ±½, each times sinc of the pixel along each axis."""
    frequency = 1 / (32 * SPACING)  # whole cycles on the grid at 0°
    frequency = frequency if orientation == 0 else frequency * math.sqrt(2)
    image = SCREEN.square_wave(frequency, orientation)
    for k in (1, 3, 5):
        wave = SCREEN.grating(k * frequency, orientation)
        amplitude = 4 * (image * wave).mean().item()
        axis = k * frequency * SPACING * math.cos(math.radians(orientation))
        loss = np.sinc(axis) if orientation == 0 else np.sinc(axis) ** 2
        sign = (-1) ** (k // 2)
        # harmonics above Nyquist come back, the 27th on the fifth with 2/π / 27 · sinc(27/32) = 0.004
        assert amplitude == pytest.approx(sign * 2 / math.pi / k * loss, abs=6e-3)
    assert image.abs().max().item() <= 0.5
    assert 4 * (image * SCREEN.grating(2 * frequency, orientation)).mean().item() == pytest.approx(
        0, abs=2e-3
    )


def test_disks_and_annuli_have_their_areas():
    pixel = SPACING**2
    for diameter in (0.81, 1.62, 4.0):
        area = SCREEN.disk(diameter).sum().item() * pixel
        assert area == pytest.approx(math.pi * diameter**2 / 4, rel=0.03)
        ring = SCREEN.annulus(diameter, 5.0) + SCREEN.disk(diameter)
        assert torch.equal(ring, SCREEN.disk(5.0))
    assert SCREEN.annulus(0.0).min().item() == 1


def test_bars_lie_side_by_side_and_are_as_wide_as_asked():
    bars = [SCREEN.bar(0.09, 2.0, 0.0, 0.09 * i) for i in range(-4, 5)]
    assert torch.stack(bars).sum(0).max().item() == 0.5
    assert all((bar.sum(0) > 0).sum().item() == 2 for bar in bars)
    turned = SCREEN.bar(0.18, 1.0, 90.0)
    assert (turned.sum(1) > 0).sum().item() == 4
    assert turned.sum().item() * 2 * SPACING**2 == pytest.approx(0.18 * 1.0, rel=0.1)


def test_spots_are_single_pixels():
    places = torch.tensor([[0, 0], [5, 127]])
    spots = SCREEN.spots(places)
    assert spots.sum((1, 2)).tolist() == [0.5, 0.5]
    assert spots[1, 5, 127].item() == 0.5


def test_binary_noise_has_two_values_in_blocks():
    noise = Screen(64).binary_noise(200, 0.18, torch.Generator().manual_seed(0))  # four pixels
    assert set(noise.unique().tolist()) == {-0.5, 0.5}
    assert abs(noise.mean().item()) < 0.02
    # the centre begins a block to the right and upwards, so rows 29 to 32 are one
    blocks = noise[:, 1:61].reshape(200, 15, 4, 16, 4)
    assert torch.equal(blocks, blocks[:, :, :1, :, :1].expand_as(blocks))
    first, second = noise[:, 30, 30], noise[:, 30, 34]
    assert abs((first * second).mean().item()) < 0.25 * 3 / math.sqrt(200)


def test_contrast_of_luminance():
    assert contrast(torch.tensor([0.0, 50.0, 100.0]), 50.0).tolist() == [-0.5, 0.0, 0.5]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: SCREEN.grating(11.2), r"frequency=11\.2 given, but .* 11\.11"),
        (lambda: SCREEN.square_wave(-1.0), "frequency=-1 given"),
        (lambda: SCREEN.disk(0.0), "diameter=0 given; it must be a finite number > 0 degrees"),
        (lambda: SCREEN.annulus(2.0, 1.0), "annulus from 2 to 1 degrees given"),
        (lambda: SCREEN.bar(0.0, 1.0), "width=0 given"),
        (lambda: SCREEN.spots(torch.tensor([[0, 128]])), "0 to 128 given; the screen has 0 to 127"),
        (lambda: contrast(torch.ones(1), 0.0), "background=0 given"),
    ],
)
def test_stimuli_that_cannot_be(act, message):
    with pytest.raises(SettingError, match=message):
        act()
