"""V1Block: every place of it is the laboratory's model, and it is a layer like any other."""

import math

import pytest
import torch

from normlab.errors import DataError, DtypeError, SettingError, ShapeError
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import FREQUENCIES, SPACING, STANDARD
from normlab.nn import V1Block

SIDE = 48


def test_the_middle_place_is_the_model_s_cell():
    """Same bank, calibration and division, on frequencies above 1 cycle/degree, whose windows fit."""
    model = V1(STANDARD.replace(orientations=4), SIDE, torch.float64)
    block = V1Block(
        orientations=4,
        frequencies=[f * SPACING for f in FREQUENCIES],
        phases=(0.0, 90.0),
        maximum=40.0,
    ).double()
    screen = model.screen
    images = torch.stack([
        screen.grating(2.0) * screen.disk(0.81),
        screen.grating(1.4, 20.0, 60.0) * screen.disk(1.0),
        0.3 * screen.grating(2.0, 0.0, 45.0) * screen.disk(1.2),
    ])  # fmt: skip
    with torch.no_grad():
        out = block(images.unsqueeze(1))
    assert out.shape == (3, 4 * len(FREQUENCIES) * 2, SIDE, SIDE)
    own = FREQUENCIES.index(2.0) * 2  # orientation 0
    for i, phase in enumerate((0.0, 90.0)):
        expected = model.respond(images, phase=phase).rate[:, 0]
        # its windows are renormalised at the edges and end at 3 standard deviations
        torch.testing.assert_close(
            out[:, own + i, SIDE // 2, SIDE // 2], expected, rtol=0.05, atol=0.05
        )
    assert block.kn == pytest.approx(4.0, rel=1e-3)


def small(**settings):
    given = {"orientations": 2, "frequencies": (0.3,), "phases": (0.0, 180.0), "pool_cycles": 1.0}
    return V1Block(**given | settings)


def test_channels_are_orientation_by_frequency_by_phase():
    block = V1Block(orientations=4, frequencies=(0.125, 0.25), phases=(0.0, 90.0), pool_cycles=1.0)
    x = torch.arange(32.0) - 16
    grating = 0.5 * torch.cos(2 * math.pi * 0.25 * x)
    images = torch.stack([grating.expand(32, 32), grating.unsqueeze(1).expand(32, 32)]).unsqueeze(1)
    out = block(images)[:, :, 16, 16].unflatten(1, (4, 2, 2))
    assert block.num_channels == 16
    for image, orientation in ((0, 0), (1, 2)):  # vertical stripes, horizontal ones
        best = out[image].flatten().argmax().item()
        assert divmod(best, 4)[0] == orientation
        assert divmod(best % 4, 2) == (1, 0)


def test_gradients_also_at_zero_and_of_what_is_learned():
    block = small(learn_pool=True, learn_sigma=True).double()
    for x in (torch.rand(1, 1, 5, 6).double() - 0.5, torch.zeros(1, 1, 5, 6).double()):
        assert torch.autograd.gradcheck(block, (x.requires_grad_(),), fast_mode=True)
    block(torch.rand(2, 1, 6, 6).double()).sum().backward()
    learned = {name for name, p in block.named_parameters() if p.requires_grad}
    assert learned == {"norms.0.raw_sigma", "norms.0.raw_pool_weight"}
    assert all(torch.isfinite(p.grad).all() and p.grad.any() for p in block.parameters())


def test_nothing_is_learned_by_default_and_a_copy_is_the_same():
    block = small()
    assert not any(p.requires_grad for p in block.parameters())
    other = small()
    other.load_state_dict(block.state_dict())
    x = torch.rand(1, 1, 9, 7)
    assert torch.equal(block(x), other(x))


@pytest.mark.parametrize("size", [(8, 8), (7, 12), (1, 5)])
def test_any_size_and_the_next_one_after_it(size):
    block = small(in_channels=3, window="box")
    for shape in (size, (6, 6)):
        assert block(torch.rand(2, 3, *shape)).shape == (2, 4, *shape)


def test_contrast_hardly_matters_and_much_less_than_before():
    x = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0)) - 0.5
    block = V1Block(orientations=4, frequencies=(0.125, 0.25), semisaturation=0.01, maintained=0.0)
    full, half = block(x), block(x / 2)
    assert ((full - half).norm() / full.norm()).item() < 0.1
    drives = block.drives(x), block.drives(x / 2)
    assert ((drives[0] - drives[1]).norm() / drives[0].norm()).item() == pytest.approx(
        0.5, abs=1e-5
    )


WIDTH, FILLERS = 24, (0.0, 1e30, math.inf, math.nan)


@pytest.mark.parametrize("window", ["gaussian", "box"])
@pytest.mark.parametrize("filler", FILLERS)
def test_masked_places_are_like_places_beyond_the_edges(filler, window):
    """To 1e-9: filters of half the size lose what their envelopes have beyond it, less than e^-40."""
    block = small(window=window, learn_pool=True).double()
    x = torch.rand(2, 1, WIDTH, WIDTH, generator=torch.Generator().manual_seed(0)).double() - 0.5
    long = torch.cat([x, torch.full_like(x, filler)], 3).requires_grad_()
    mask = torch.arange(2 * WIDTH) < WIDTH
    expected, slope = block(x.requires_grad_()), torch.rand_like(x)
    found = block(long, mask)
    torch.testing.assert_close(found[..., :WIDTH], expected, rtol=1e-9, atol=1e-9)
    assert not found[..., WIDTH:].any()
    (here,) = torch.autograd.grad((expected * slope).sum(), x)
    (there,) = torch.autograd.grad((found[..., :WIDTH] * slope).sum(), long)
    torch.testing.assert_close(there[..., :WIDTH], here, rtol=1e-9, atol=1e-9)
    assert not there[..., WIDTH:].any()
    drives = block.drives(long, mask)
    torch.testing.assert_close(drives[..., :WIDTH], block.drives(x), rtol=1e-9, atol=1e-9)
    assert not drives[..., WIDTH:].any()


def test_of_a_place_with_some_valid_channels_their_mean_is_filtered():
    block, x = small(in_channels=3), torch.rand(1, 3, 8, 8) - 0.5
    mask = torch.ones(1, 3, 8, 8, dtype=torch.bool)
    mask[:, 1, 2:5], mask[:, :, 0, 0] = False, False
    spoilt = torch.where(mask, x, math.nan)
    mean = (torch.where(mask, x, 0.0).sum(1) / mask.sum(1)).nan_to_num().unsqueeze(1)
    grey = mean.expand(1, 3, 8, 8)
    places = mask.any(1)
    torch.testing.assert_close(block(spoilt, mask), block(grey, places))
    assert not block(spoilt, mask)[:, :, 0, 0].any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: small()(torch.zeros(1, 1, 4, 4), torch.zeros(4, 4).bool()),
            DataError,
            "mask is False everywhere",
        ),
        (
            lambda: small()(torch.full((1, 1, 4, 4), math.nan), torch.ones(4, 4).bool()),
            DataError,
            "x is NaN at 16 places that mask calls valid",
        ),
        (lambda: small()(torch.zeros(1, 1, 4, 4), torch.zeros(4, 4)), DtypeError, "mask is"),
        (lambda: V1Block(frequencies=(0.7,)), SettingError, r"frequency=0\.7 given, but .* 0\.5"),
        (lambda: V1Block(frequencies=()), SettingError, "0 frequencies .* at least one of each"),
        (lambda: V1Block(orientations=0), SettingError, "orientations=0"),
        (lambda: V1Block(bandwidth=0.0), SettingError, r"^V1Block: bandwidth=0\.0 given"),
        (lambda: V1Block(pool_octaves=-1.0), SettingError, r"^V1Block: pool_octaves=-1\.0 given"),
        (
            lambda: small()(torch.zeros(1, 2, 4, 4)),
            ShapeError,
            "x has 2 channels .* Use in_channels=2",
        ),
        (lambda: small()(torch.zeros(4, 4)), ShapeError, "it must be"),
        (
            lambda: small()(torch.zeros(1, 1, 4, 4).long()),
            DtypeError,
            "give a floating-point tensor",
        ),
    ],
)
def test_what_cannot_be(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(("side", "threads"), [(32, 1), (400, 2)])
def test_small_images_take_one_thread_and_the_number_is_put_back(side, threads):
    seen = []
    block = V1Block(orientations=1, frequencies=(0.25,), phases=(0.0,), window="box")
    block.norms[0].register_forward_pre_hook(lambda *given: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with torch.no_grad():
            block(torch.zeros(1, 1, side, side))
        assert (seen, torch.get_num_threads()) == ([threads], 2)
        with pytest.raises(DtypeError):
            block(torch.zeros(1, 1, 32, 32, dtype=torch.int64))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
