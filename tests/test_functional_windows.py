"""Divisive and local contrast normalisation over windows, against slow loops."""

import numpy as np
import pytest
import torch

import loops
from cases import POOL_WEIGHT, assert_close, example
from normlab import functional

SIGMA = [0.3, 0.5, 1.0, 2.0]
WIDTHS = [0.5, 0.8, 1.2, 2.0]
WINDOWS = {
    "gaussian": {"size": 3, "width": 0.9},
    "even": {"size": 4, "width": 0.9},
    "box": {"size": 3, "window": "box"},
    "each its width": {"size": 5, "width": WIDTHS},
    "size from the width": {"width": 0.6},
    "size from the widest": {"width": WIDTHS},
}


def surround(pool, window, across):
    """Σ of the local means of channels, or the local mean of each, of |e|^1.5."""
    kind = window.get("window", "gaussian")
    width = window.get("width", 0)
    size = window.get("size") or 2 * int(np.ceil(3 * np.max(width))) + 1
    mean = loops.window_mean(np.abs(pool) ** 1.5, size, width, kind, across, out=4)
    return mean * pool.shape[1] if across else mean


@pytest.mark.parametrize("across", [True, False], ids=["across", "within"])
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("shape", [(2, 4, 6), (1, 4, 4, 5)], ids=["3d", "4d"])
@pytest.mark.parametrize("own", [True, False], ids=["own drive", "another pool"])
def test_divisive_windows(shape, window, across, own):
    x = example(shape)
    channels = 3 if across else 4
    e = x if own else example((shape[0], channels, *shape[2:]), 1)
    sigma = np.reshape(SIGMA, (-1, *[1] * (len(shape) - 2)))
    top = np.sign(x.numpy()) * np.abs(x.numpy()) ** 1.5
    expected = top / (sigma**1.5 + surround(e.numpy(), window, across))
    actual = functional.divisive_norm(
        x,
        pool_input=None if own else e,
        sigma=torch.tensor(SIGMA, dtype=torch.float64),
        power=1.5,
        over="c" if across else "s",
        **window,
    )
    assert_close(actual, torch.from_numpy(expected))


def test_divisive_with_a_population_of_its_own():
    """pool_weight (C, channels of the pool): Σ_k w_jk |e_k|²."""
    x, e, w = example((2, 3, 5)), example((2, 4, 5), 1), POOL_WEIGHT[:3]
    expected = x * x.abs() / (0.25 + torch.einsum("jk,nkl->njl", w, e.square()))
    assert_close(functional.divisive_norm(x, pool_input=e, sigma=0.5, pool_weight=w), expected)


def test_divisive_over_space_alone():
    """Without a window, over="s" sums each channel over its whole space."""
    x = example((2, 3, 5))
    expected = x * x.abs() / (1.0 + x.square().sum(2, keepdim=True))
    assert_close(functional.divisive_norm(x, over="s"), expected)


@pytest.mark.parametrize("shape", [(2, 4, 6), (1, 4, 4, 5)], ids=["3d", "4d"])
def test_published_local_contrast(shape):
    x = example(shape)
    expected = loops.jarrett(x.numpy(), 3, 0.8, "gaussian")
    actual = functional.local_contrast_norm(x, sigma="mean", size=3, width=0.8)
    assert_close(actual, torch.from_numpy(expected))
