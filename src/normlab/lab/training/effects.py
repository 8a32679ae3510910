"""Effects over seeds with their intervals, in words."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.lab.spreads import mean_and_spread


def difference(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Mean of first − second, seed by seed, and half of its 95 % interval."""
    return mean_and_spread(np.asarray(first, float) - np.asarray(second, float))


def ratio(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Mean of log10(first / second), seed by seed, and half of its 95 % interval: decades.

    >>> ratio([20.0, 20.0], [2.0, 2.0])
    (1.0, 0.0)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean_and_spread(np.log10(np.asarray(first, float) / np.asarray(second, float)))


def geometric_mean(values: ArrayLike, axis: int | None = None) -> Any:
    """10 to the mean of log10, over one axis or all.

    >>> float(round(geometric_mean([1.0, 100.0]), 9))
    10.0
    """
    with np.errstate(divide="ignore"):
        return 10 ** np.log10(np.asarray(values)).mean(axis)


def intervals(values: Iterable[ArrayLike]) -> np.ndarray:
    """Means and half-widths of intervals of each of several sets of seeds: (2, sets).

    >>> intervals([[1.0, 1.0], [2.0, 2.0]])
    array([[1., 2.],
           [0., 0.]])
    """
    return np.array([mean_and_spread(seeds) for seeds in values]).T


def factor(mean: float, spread: float) -> str:
    """A ratio in decades as a factor with its interval.

    >>> factor(1.0, 0.30103)
    '×10 (×5 to ×20)'
    """
    middle, low, high = (_three(10**at) for at in (mean, mean - spread, mean + spread))
    return f"×{middle} (×{low} to ×{high})"


def _three(value: float) -> str:
    """Three significant digits, without an exponent where there need not be one."""
    return f"{float(f'{value:.3g}'):,.0f}" if 1000 <= value < 1e7 else f"{value:.3g}"


def points(mean: float, spread: float) -> str:
    """A difference of accuracies in percentage points.

    >>> points(0.0123, 0.004)
    '+1.2 ± 0.4 points'
    """
    return f"{100 * mean:+.1f} ± {100 * spread:.1f} points"


def seeds_last(values: np.ndarray, seeds: int) -> np.ndarray:
    """The first axis of a cell's array, which is settings × seeds, as two: (settings, seeds, …)."""
    return values.reshape(-1, seeds, *values.shape[1:])
