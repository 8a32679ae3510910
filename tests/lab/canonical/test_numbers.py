"""The numbers of the papers, and closed forms, against what the experiments measured."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from normlab import lab
from normlab.lab.canonical import attention, catalogue, fly, gratings, mixture, retina, saturation


@pytest.fixture(scope="module")
def result():
    """Each member alone, run once; the long ones have tests of their own."""
    kept = {}

    def run(name):
        if name not in kept:
            kept[name] = lab.run(f"canonical.{name}")
        return kept[name]

    return run


def held(result):
    return [v.claim.name for v in result.verdicts if v.outcome != "holds"] == []


def test_saturation(result):
    numbers = result("saturation").numbers
    closed = 19.3 * (1.9 / 3.9) ** (1 / 2.9)
    assert round(closed, 1) == 15.1
    assert numbers["saturation.steepest"] == pytest.approx(closed, abs=0.01)
    assert numbers["saturation.log_slope"] == pytest.approx(2.9 / 4, rel=1e-9)
    for mask in (0, 10, 20, 40):
        expected = (19.3**2.9 + mask**2.9) ** (1 / 2.9)
        assert numbers[f"saturation.mask.{mask}.c50"] == pytest.approx(expected, rel=1e-6)
    low, high = (numbers[f"saturation.session.c50.{end}"] for end in ("low", "high"))
    assert low < numbers["saturation.session.c50.value"] < high
    assert 0.90 <= numbers["saturation.coverage"] <= 1.0
    assert held(result("saturation"))


def test_the_cell_alone_is_the_population_for_its_own_grating():
    contrast = torch.tensor([5.0, 19.3, 80.0], dtype=torch.float64)
    drive = saturation.drives(0.0, contrast)
    one = [model(drive, drive)[:, 6] for model in (saturation.population, saturation.alone)]
    expected = 115 * contrast**2.9 / (19.3**2.9 + contrast**2.9)
    for response in one:
        torch.testing.assert_close(response, expected)


def test_retina(result):
    numbers = result("retina").numbers
    for background in retina.BACKGROUNDS:
        half = numbers[f"retina.half.{background:.4g}"]
        assert half == pytest.approx(1 + background, rel=1e-6)
    expected = np.polyfit(np.log([100, 1e3, 1e4]), np.log([101, 1001, 10001]), 1)[0]
    assert numbers["retina.weber"] == pytest.approx(expected, rel=1e-6)
    assert held(result("retina"))


def test_a_receptor_is_divided_by_the_gaussian_mean_around_it():
    light = torch.from_numpy(np.random.default_rng(0).uniform(0, 100, (90, 110)))
    mean = gaussian_filter(light.numpy(), retina.SURROUND, mode="constant")
    expected = light.numpy() / (1 + light.numpy() + mean)
    inside = np.s_[40:50, 40:70]
    np.testing.assert_allclose(retina.local(light).numpy()[inside], expected[inside], rtol=2e-3)
    even = torch.full((30, 40), 7.0, dtype=torch.float64)
    for response in (retina.local(even), retina.whole(even)):
        torch.testing.assert_close(response, torch.full_like(even, 7 / 15))


def test_fly(result):
    numbers = result("fly").numbers
    for total, published in {0: 12.0, 500: 33.0, 1000: 59.6}.items():
        closed = (12**1.5 + (10.63 * total / 190) ** 1.5) ** (2 / 3)
        assert round(closed, 1) == published
        assert numbers[f"fly.half.{total}"] == pytest.approx(closed, rel=1e-6)
    assert held(result("fly"))


@pytest.mark.parametrize(("rmax", "sigma"), fly.PRIVATE.values(), ids=fly.PRIVATE)
def test_a_private_odour_reaches_half_at_sigma(rmax, sigma):
    rate = torch.tensor([sigma, 2 * sigma], dtype=torch.float64)
    found = fly.projection(rate, torch.zeros_like(rate), rmax, sigma).tolist()
    assert found == pytest.approx([rmax / 2, rmax * 2**1.5 / (1 + 2**1.5)])


def test_made_up_odours_are_shares_of_a_total():
    patterns = fly.odours(0)
    assert patterns.shape == (100, 24)
    torch.testing.assert_close(patterns.sum(1), torch.ones(100, dtype=torch.float64))
    assert not torch.equal(patterns, fly.odours(1))


@pytest.mark.parametrize("power", gratings.POWERS)
def test_weights_of_two_gratings(result, power):
    """w_i = (c50ⁿ + c_iⁿ)/(c50ⁿ + c_rmsⁿ), from the formula that Busse et al. fitted."""

    def weight(own, other):
        return (19.3**power + own**power) / (19.3**power + math.hypot(own, other) ** power)

    numbers = result("gratings").numbers
    assert numbers[f"gratings.n{power:g}.equal"] == pytest.approx(weight(50, 50))
    assert numbers[f"gratings.n{power:g}.strong"] == pytest.approx(weight(50, 12))
    assert numbers[f"gratings.n{power:g}.weak"] == pytest.approx(weight(12, 50))
    assert held(result("gratings"))


def by_hand(stimulus, field, contrast):
    """Reynolds & Heeger's model at the two gratings, in numpy and with whole convolutions."""
    x, angle = np.arange(-200, 201), np.arange(-180, 180)

    def bump(away, width):
        return np.exp(-(away**2) / (2 * width**2))

    def area(width):
        return width * math.sqrt(2 * math.pi)

    def blurred(line, width):
        return np.array([(bump(x - place, width) / area(width) * line).sum() for place in x])

    around = (angle + 180) % 360 - 180
    turn = np.array([bump((around - a + 180) % 360 - 180, 60) @ bump(around, 1) for a in angle])
    place = blurred(bump(x - 100, stimulus) + bump(x + 100, stimulus), 5)
    gain = 1 + bump(x - 100, field)
    drive = contrast * turn[:, None] / area(60) * (gain * place)
    over_angle = (bump(around, 360) / area(360)) @ drive  # at the preferred orientation, 0°
    pool = blurred(over_angle, 20)
    response = drive[180] / (pool + 1e-6)
    return response[300], response[100]


@pytest.mark.parametrize("name", attention.REPORTED)
def test_attention(result, name):
    (stimulus, field), reported = attention.REPORTED[name]
    contrast = torch.tensor(attention.AT, dtype=torch.float64)
    attended, unattended = attention.response(stimulus, field, contrast)
    for i, c in enumerate(attention.AT):
        hand = by_hand(stimulus, field, c)
        assert (attended[i].item(), unattended[i].item()) == pytest.approx(hand, rel=1e-4)
        assert (attended / unattended)[i].item() == pytest.approx(reported[i], abs=0.006)
    assert held(result("attention"))


def test_mixture(result):
    numbers = result("mixture").numbers
    assert numbers["mixture.kurtosis.before"] == pytest.approx(3.0, abs=0.3)  # Laplace's
    assert numbers["mixture.squares"] == pytest.approx(1 / 5, abs=0.02)
    assert numbers["mixture.kurtosis.after"] == pytest.approx(6 / (8 - 4), abs=0.2)  # Student's
    assert [numbers[f"mixture.degree.{i}"] for i in range(3)] == pytest.approx([0, -0.25, 0])
    assert held(result("mixture"))


def test_the_mixture_is_what_it_says():
    x, u = mixture.mixture(0, 50_000)
    scale = (x / u).square()
    torch.testing.assert_close(scale[:, :1].expand_as(scale), scale)
    assert scale[:, 0].mean().item() == pytest.approx(1.0, abs=0.02)
    assert not torch.equal(x, mixture.mixture(1, 50_000)[0])


def test_every_member_has_its_module_and_its_claims():
    for name, member in catalogue.MEMBERS.items():
        assert member.measure == f"normlab.lab.canonical.{name}:measure"
        assert len(member.claims) >= 5
