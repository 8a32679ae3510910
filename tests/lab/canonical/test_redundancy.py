"""Learned pools, held-out photographs, and the neighbours that a response is divided by."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from normlab import lab
from normlab.errors import DataError
from normlab.filters import gabor
from normlab.lab.canonical import redundancy
from normlab.lab.canonical.coefficients import APART, MARGIN, STEP, coefficients


@pytest.fixture(scope="module")
def images():
    draw = np.random.default_rng(0).uniform(0.1, 0.9, (2, 260, 390))
    return {name: torch.from_numpy(image).float() for name, image in zip("ab", draw, strict=True)}


@pytest.fixture(scope="module")
def found(images):
    return coefficients(images)


def test_a_response_is_the_filter_over_the_logarithm_of_light(images, found):
    light = np.log(images["a"].numpy().astype(np.float64)[2:258, 3:387] + 0.01)
    image = light - light.mean()
    kernel = gabor((81, 81), frequency=0.125, orientation=45.0, bandwidth=1.0).numpy()
    row, column = MARGIN + 4 * STEP, MARGIN + 9 * STEP
    patch = image[row - 40 : row + 41, column - 40 : column + 41]
    expected = [correlate2d(patch, part, "valid").item() for part in (kernel.real, kernel.imag)]
    places = len(range(MARGIN, 384 - MARGIN, STEP))
    got = found.at(1)[0, 4 * places + 9]
    assert (got.real.item(), got.imag.item()) == pytest.approx(expected, abs=2e-6)


def test_neighbours_are_the_other_phase_and_the_amplitudes_around(found):
    here = found.at(0)
    pools = {phase: found.neighbours(0, phase) for phase in ("even", "odd")}
    assert pools["even"].shape == (2, here.shape[1], 14)
    torch.testing.assert_close(pools["even"][..., 0], here.imag.abs())
    torch.testing.assert_close(pools["odd"][..., 0], here.real.abs())
    torch.testing.assert_close(pools["even"][..., 1], found.at(0, down=-APART, right=-APART).abs())
    torch.testing.assert_close(pools["even"][..., 9], found.at(1).abs())
    torch.testing.assert_close(pools["even"][..., 13], found.at(0, 2).abs())


def test_the_weights_that_made_the_data_are_learned():
    draw = np.random.default_rng(1)
    e = torch.from_numpy(draw.laplace(size=(40_000, 3)) * [1.0, 5.0, 0.2])
    weight = torch.tensor([0.5, 0.02, 0.0], dtype=torch.float64)
    x = torch.from_numpy(draw.standard_normal(40_000)) * (0.25 + (weight * e**2).sum(1)).sqrt()
    sigma, learned = redundancy.learned(x, e)
    assert sigma.item() == pytest.approx(0.5, rel=0.05)
    assert learned.tolist() == pytest.approx([0.5, 0.02, 0.0], rel=0.06, abs=0.02)
    y = redundancy.divided(x, e, sigma, learned).y[:, 0]
    assert y.var().item() == pytest.approx(1.0, abs=0.02)


def test_no_photograph_teaches_its_own_pool():
    draw = np.random.default_rng(2)
    drive = torch.from_numpy(draw.standard_normal((4, 500)))
    neighbours = torch.from_numpy(draw.standard_normal((4, 500, 2))).abs()
    before = redundancy.normalised(redundancy.Unit(drive, neighbours))
    changed = drive.clone()
    changed[0] *= (
        3  # the scale of one photograph moves what its partners learn, not what it is given
    )
    after = redundancy.normalised(redundancy.Unit(changed, neighbours))
    torch.testing.assert_close(after[0], 3 * before[0])
    torch.testing.assert_close(after[2], before[2])
    assert (after[1] - before[1]).abs().max() > 0.01


def test_a_pair_divided_by_itself_lies_within_a_circle():
    pair = torch.from_numpy(np.random.default_rng(3).laplace(size=(2, 4000, 2)))
    out = redundancy.together(pair, pair)
    radius = out.square().sum(-1)
    large = pair.square().sum(-1) > pair.var()
    assert radius.max() < 2
    assert radius[large].min() > 1.9


def test_numbers_on_the_photographs():
    result = lab.run("canonical.redundancy")
    assert [v.outcome for v in result.verdicts] == ["holds"] * 7
    numbers = result.numbers
    names = [
        key.rpartition(".")[2] for key in numbers if key.startswith("redundancy.bow_tie.before")
    ]
    assert len(names) == 11
    for name in ("china", "flower"):
        for key in ("bits.other_phase", "kurtosis"):
            before, after = (numbers[f"redundancy.{key}.{s}.{name}"] for s in ("before", "after"))
            assert after < before / 2


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.rand(100, 400), r"'x' is 100 × 400; give 256 × 384"),
        (torch.full((256, 384), torch.nan), r"'x' contains NaN"),
        (-torch.ones(256, 384), r"negative light"),
    ],
)
def test_bad_images(image, message):
    with pytest.raises(DataError, match=message):
        coefficients({"x": image})
