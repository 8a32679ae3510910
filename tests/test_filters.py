"""Filters against what defines them: widths measured back, and correlation against torch's convolution."""

import math

import pytest
import torch
from torch.nn.functional import conv2d

from normlab.errors import SettingError, ShapeError
from normlab.filters import (
    bell,
    concentration,
    correlate,
    gabor,
    gabor_bank,
    gabor_widths,
    orientation_window,
    plane,
    spectra,
    turned,
)


def fwhm(x, y):
    """Full width at half height of a sampled peak, straight lines between samples."""
    at = torch.nonzero((y[1:] >= y.max() / 2) != (y[:-1] >= y.max() / 2)).flatten()
    ends = [x[i] + (y.max() / 2 - y[i]) / (y[i + 1] - y[i]) * (x[i + 1] - x[i]) for i in at]
    return (ends[-1] - ends[0]).item()


def test_widths_are_those_of_the_paper():
    """Sawada & Petrov 2017, table 2: 0.92 and 1.26 cycles at 40° and 1.5 octaves."""
    across, along = gabor_widths(2.0, 1.5, 40.0)
    assert (round(2 * across, 2), round(2 * along, 2)) == (0.92, 1.26)


@pytest.mark.parametrize("orientation", [0.0, 30.0, 90.0])
def test_envelope_and_passband_have_the_widths_asked_for(orientation):
    """Bandwidths are read off the amplitude spectrum: half height in octaves, and in degrees."""
    frequency, size = 0.12, 201
    kernel = gabor(
        (size, size), frequency=frequency, orientation=orientation,
        bandwidth=1.5, orientation_bandwidth=40.0,
    )  # fmt: skip
    assert kernel.abs().sum().item() == pytest.approx(1.0, abs=1e-12)
    x, y = plane((size, size), dtype=torch.float64)

    def amplitude(f, angle):
        across, _ = turned(x, y, angle)
        return (kernel * torch.polar(torch.ones_like(x), -2 * math.pi * f * across)).sum().abs()

    octaves = torch.arange(-2, 1.6, 0.02, dtype=torch.float64)
    band = torch.stack([amplitude(frequency * 2.0**o, orientation) for o in octaves.tolist()])
    assert fwhm(octaves, band) == pytest.approx(1.5, rel=2e-3)
    angles = torch.arange(-60, 61, 1.0, dtype=torch.float64)
    turn = torch.stack([amplitude(frequency, orientation + a) for a in angles.tolist()])
    assert fwhm(angles, turn) == pytest.approx(40.0, rel=0.02)  # the formula is of small angles


def test_orientation_is_that_of_the_stripes():
    """0° is vertical stripes: constant along y; 90° is horizontal ones."""
    for angle, dim in ((0.0, 0), (90.0, 1)):
        x, y = plane((9, 9), dtype=torch.float64)
        across, _ = turned(x, y, angle)
        assert across.diff(dim=dim).abs().max().item() < 1e-12


def test_correlation_is_that_of_torch_with_zeros_beyond_the_edges():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 10, 14, generator=generator, dtype=torch.float64) - 0.5
    bank = gabor_bank((20, 28), [0.0, 25.0, 140.0], [0.1, 0.3], orientation_bandwidth=60.0)
    out = correlate(images, spectra(bank))
    for part, expected in ((out.real, bank.real), (out.imag, bank.imag)):
        kernel = expected[:, 1:, 1:].unsqueeze(1)  # odd sides, the centre in the middle
        direct = conv2d(images.unsqueeze(1), kernel, padding=(9, 13))
        torch.testing.assert_close(part, direct, rtol=1e-10, atol=1e-13)


def test_correlation_differentiates():
    bank = spectra(gabor_bank((8, 8), [0.0, 60.0], [0.2]))
    x = torch.rand(1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda image: correlate(image, bank).abs(), (x,))


@pytest.mark.parametrize("width", [20.0, 45.0, 60.0, 85.0])
def test_window_falls_to_half_where_it_should(width):
    """exp(κ cos 2θ) midway between its top and its bottom at `width`/…: cos(w) = ln cosh κ / κ."""
    kappa = concentration(width)
    assert math.log(math.cosh(kappa)) / kappa == pytest.approx(math.cos(math.radians(width)), 1e-9)
    at = [math.exp(kappa * math.cos(2 * math.radians(a))) for a in (0.0, width / 2, 90.0)]
    assert at[1] == pytest.approx((at[0] + at[2]) / 2, rel=1e-9)


def test_windows_sum_to_one_and_are_uniform_at_ninety():
    angles = torch.arange(0, 180, 15.0, dtype=torch.float64)
    assert orientation_window(angles, 60.0).sum().item() == pytest.approx(1.0)
    assert orientation_window(angles, 90.0).tolist() == pytest.approx([1 / 12] * 12)
    assert bell(torch.tensor([0.5]), 1.0).item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frequency": 0.6}, r"frequency=0\.6 given, but pixels of 1 resolve no more than 0\.5"),
        ({"frequency": 12.0, "spacing": 0.045}, r"no more than 11\.11 cycles per unit \(Nyquist\)"),
        ({"frequency": 0.0}, "frequency=0 given; it must be a finite number > 0"),
        ({"frequency": math.nan}, "frequency=nan given"),
        ({"frequency": 0.2, "bandwidth": 0.0}, "bandwidth=0 given; it must be .* > 0 octaves"),
        ({"frequency": 0.2, "orientation_bandwidth": -1.0}, "orientation_bandwidth=-1 given"),
    ],
)
def test_filters_that_cannot_be(settings, message):
    with pytest.raises(SettingError, match=message):
        gabor((9, 9), **settings)


def test_spectra_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"images are 5 × 6 .* twice as large, \(10, 12\)"):
        correlate(torch.zeros(1, 5, 6), torch.zeros(1, 10, 10))
