"""For every row a case small enough to work by hand, and the numbers that papers print."""

from math import sqrt

import numpy as np
import pytest
import torch

from cases import assert_close, example
from normlab import normalize, table


def column(*values):
    return [[value] for value in values]


# name → cases of (x, settings, expected); the arithmetic is beside each
BY_HAND = {
    "batch": [
        # mean 4; deviations −3 −1 1 3; variance (9+1+1+9)/4 = 5; √(5+4) = 3
        (column(1, 3, 5, 7), {"eps": 4.0}, column(-1, -1 / 3, 1 / 3, 1)),
        # per channel, over samples: variances 1 and 25; √(1+24) = 5, √(25+24) = 7
        ([[1, 0], [3, 10]], {"eps": 24.0}, [[-1 / 5, -5 / 7], [1 / 5, 5 / 7]]),
    ],
    "layer": [
        # per sample, over channels: deviations ∓1 and ∓5
        ([[1, 3], [0, 10]], {"eps": 24.0}, [[-1 / 5, 1 / 5], [-5 / 7, 5 / 7]]),
        # the last dimension alone: the same numbers, side by side in one sample
        (
            [[[1, 3], [0, 10]]],
            {"eps": 24.0, "normalized_shape": 2},
            [[[-1 / 5, 1 / 5], [-5 / 7, 5 / 7]]],
        ),
    ],
    "instance": [
        # per channel, over space: deviations ∓1 and ∓5
        ([[[1, 3], [0, 10]]], {"eps": 24.0}, [[[-1 / 5, 1 / 5], [-5 / 7, 5 / 7]]]),
    ],
    "group": [
        # channels (1, 3) and (0, 10)
        ([[1, 3, 0, 10]], {"eps": 24.0, "num_groups": 2}, [[-1 / 5, 1 / 5, -5 / 7, 5 / 7]]),
        # one group of all: mean 4; −3 −1 −4 8; variance (9+1+16+64)/4 = 22.5; √(22.5+2.5) = 5
        ([[1, 3, 0, 12]], {"eps": 2.5, "num_groups": 1}, [[-3 / 5, -1 / 5, -4 / 5, 8 / 5]]),
        # one channel in a group: its output is 0
        ([[1, 3, 0, 10]], {"num_groups": 4}, [[0, 0, 0, 0]]),
    ],
    "rms": [
        # mean square (1+49)/2 = 25; √25 = 5, √(25+24) = 7
        ([[1, 7]], {"eps": 0.0}, [[1 / 5, 7 / 5]]),
        ([[1, 7]], {"eps": 24.0}, [[1 / 7, 1]]),
    ],
    "l2": [
        # √(9+16) = 5; below the clamp the length is 2; the zero vector stays
        ([[3, -4], [0.3, 0.4], [0, 0]], {"eps": 2.0}, [[3 / 5, -4 / 5], [0.15, 0.2], [0, 0]]),
    ],
    "local_response": [
        # k + Σ over 3 channels: 1+(1+4) = 6, 1+(1+4+9) = 15, 1+(4+9) = 14
        (
            [[1, 2, 3]],
            {"size": 3, "alpha": 3.0, "beta": 1.0, "k": 1.0},
            [[1 / 6, 2 / 15, 3 / 14]],
        ),
        # an even window reaches back: 1+1 = 2, 1+(1+4) = 6, 1+(4+9) = 14
        ([[1, 2, 3]], {"size": 2, "alpha": 2.0, "beta": 1.0, "k": 1.0}, [[1 / 2, 2 / 6, 3 / 14]]),
        # alpha is divided by size: 1 + 3/3·9 = 10, to the power ½
        ([[3]], {"size": 3, "alpha": 3.0, "beta": 0.5, "k": 1.0}, [[3 / sqrt(10)]]),
    ],
    "local_contrast": [
        # window means 3/2 1 3/2; v = −3/2 2 −3/2; v² = 9/4 4 9/4, its window means
        # (9/4+4)/2 = 25/8, (9/4+4+9/4)/3 = 17/6; σ² = 1
        (
            [[[0, 3, 0]]],
            {"size": 3, "window": "box", "sigma": 1.0},
            [[[-1.5 / sqrt(33 / 8), 2 / sqrt(23 / 6), -1.5 / sqrt(33 / 8)]]],
        ),
        # one pixel, two channels: mean 2, v = ∓1, mean v² = 1; σ² = 3; √4 = 2
        ([[[1], [3]]], {"size": 1, "sigma": sqrt(3)}, [[[-1 / 2], [1 / 2]]]),
    ],
    "divisive": [
        # σ² + Σ = 1 + 1 + 4 = 6
        ([[1, 2]], {"sigma": 1.0}, [[1 / 6, 4 / 6]]),
        # power 1, signs kept: 2 + 1 + 3 = 6
        ([[1, -3]], {"sigma": 2.0, "power": 1.0}, [[1 / 6, -3 / 6]]),
        # each place for itself: 1 + 1 + 4, 1 + 4 + 0
        ([[[1, 2], [2, 0]]], {"sigma": 1.0}, [[[1 / 6, 4 / 5], [4 / 6, 0]]]),
    ],
    "gdn": [
        # i=0: 1² + 1.5·2² + 2·1² = 9, √9 = 3;  i=1: 2² + 1·2² + 1·1² = 9
        (
            [[2, 1]],
            {
                "sigma": torch.tensor([1.0, 2.0]),
                "pool_weight": torch.tensor([[1.5, 2.0], [1.0, 1.0]]),
            },
            [[2 / 3, 1 / 3]],
        ),
    ],
    "gdn1": [
        # i=0: 1 + 1·2 + 3·|−1| = 6;  i=1: 2 + 2·2 + 1·|−1| = 7
        (
            [[2, -1]],
            {
                "sigma": torch.tensor([1.0, 2.0]),
                "pool_weight": torch.tensor([[1.0, 3.0], [2.0, 1.0]]),
            },
            [[2 / 6, -1 / 7]],
        ),
    ],
}
CASES = [(name, *case) for name, cases in BY_HAND.items() for case in cases]


def numbers(values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.proves("outside oracle")
@pytest.mark.parametrize(("name", "x", "settings", "expected"), CASES)
def test_by_hand(name, x, settings, expected):
    assert_close(normalize(numbers(x), name, **settings).y, numbers(expected))


def test_every_row_was_worked_by_hand():
    assert list(BY_HAND) == list(table)


def test_a_lone_cortical_unit_is_half_saturated_at_sigma():
    """Carandini & Heeger 2012, eq. 10 with n = 2 and D = σ: γσ²/(σ² + σ²) = γ/2."""
    for sigma in (0.1, 1.0, 17.0):
        out = normalize(numbers([[sigma]]), "divisive", sigma=sigma, weight=numbers([40.0]))
        assert_close(out.y, numbers([[20.0]]))


def fly(x, total):
    """Olsen, Bhandawat & Wilson 2010, lateral: Rmax·x^1.5 / (σ^1.5 + x^1.5 + s^1.5), VM7."""
    s = torch.full_like(x, 10.63 * total / 190)
    settings = {"sigma": 12.0, "power": 1.5, "weight": numbers([165.0])}
    return normalize(x, "divisive", pool_input=torch.cat([x, s], 1), **settings).y


@pytest.mark.parametrize(("total", "half"), [(0, 12.0), (500, 33.0), (1000, 59.6)])
def test_half_points_of_a_projection_neuron(total, half):
    below, above = fly(numbers([[half - 0.05], [half + 0.05]]), total).flatten()  # printed to 0.1
    assert below < 165 / 2 < above


@pytest.mark.parametrize(
    ("top", "sigma"),
    [(170, 16.3), (167, 11.8), (163, 12.4), (144, 44.8)],
    ids=["DM4", "DL5", "VM7", "DM1"],
)
def test_private_odour(top, sigma):
    settings = {"sigma": sigma, "power": 1.5, "weight": numbers([top])}
    x = numbers([[sigma], [1e9]])
    assert_close(normalize(x, "divisive", **settings).y[0], numbers([top / 2]))
    assert abs(normalize(x, "divisive", **settings).y[1].item() - top) < 1e-6


def test_contrast_response_of_naka_and_rushton():
    """Rmax 115, c50 19.3 %, n 2.9: half at c50, slope n/4 on a log axis, steepest at 15.1 %."""
    log_c = torch.arange(0.0, 5.0, 1e-3, dtype=torch.float64).requires_grad_()
    out = normalize(
        log_c.exp().unsqueeze(1), "divisive", sigma=19.3, power=2.9, weight=numbers([115.0])
    )
    (slope,) = torch.autograd.grad(out.y.sum(), log_c)
    at = int((log_c.exp() - 19.3).abs().argmin())
    assert abs(out.y[at].item() - 57.5) < 0.1  # one step of the axis is 0.08
    assert abs(slope[at].item() / (115 * 2.9 / 4) - 1) < 1e-3
    assert round((log_c.exp()[(slope / log_c.exp()).argmax()]).item(), 1) == 15.1


def test_large_grating_in_the_model_of_visual_cortex():
    """Sawada & Petrov 2017, eq. 17: 41.2 spikes/s at full contrast, 1.6 blank, peak 41.6 near 50 %."""
    c = numbers([[0.0], [1.0], *column(*np.linspace(0.01, 1, 991))])
    out = normalize(c + 0.02, "divisive", pool_input=c, sigma=0.1, weight=numbers([40.0]))
    response = out.y.flatten()
    assert [round(value, 3) for value in response[:2].tolist()] == [1.6, 41.204]
    assert round(response.max().item(), 1) == 41.6
    assert abs(c[response.argmax()].item() - 0.4995) <= 1e-3  # one step of the axis


def alexnet(a, n=5, alpha=1e-4, beta=0.75, k=2.0):
    """Krizhevsky et al. 2012, section 3.3, with the paper's sum and constants."""
    b = np.zeros_like(a)
    last = len(a) - 1
    for i in range(len(a)):
        total = sum(a[j] ** 2 for j in range(max(0, i - n // 2), min(last, i + n // 2) + 1))
        b[i] = a[i] / (k + alpha * total) ** beta
    return b


def test_the_constants_of_alexnet():
    a = np.linspace(-300, 400, 12)
    x, expected = torch.from_numpy(a).unsqueeze(0), torch.from_numpy(alexnet(a)).unsqueeze(0)
    here = {"size": 5, "beta": 0.75, "k": 2.0}
    assert_close(normalize(x, "local_response", alpha=5e-4, **here).y, expected)
    trap = normalize(x, "local_response", alpha=1e-4, **here).y
    assert (trap / expected - 1).abs().max() > 0.5


@pytest.mark.parametrize("z", [1e-6, 1.0, 1e6])
def test_the_multiplier_of_a_scale_mixture_cancels(z):
    """x = √z·u with σ = 0 and n = 2 (Schwartz & Simoncelli 2001): z cancels."""
    u = example((4, 6, 3))
    for name in ("divisive", "gdn", "rms"):
        none = {table[name].sigma.setting: 0.0}
        assert_close(normalize(sqrt(z) * u, name, **none).y, normalize(u, name, **none).y)
