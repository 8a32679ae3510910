"""Effects over seeds with their intervals, in words."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.lab.spreads import mean_and_spread


def difference(first: ArrayLike, second: ArrayLike, overlap: float = 0.0) -> tuple[float, float]:
    """Mean of first − second, seed by seed, and half of its 95 % interval; overlap as in `spreads`."""
    each = np.asarray(first, float) - np.asarray(second, float)
    return mean_and_spread(each, overlap=overlap)


def ratio(first: ArrayLike, second: ArrayLike, overlap: float = 0.0) -> tuple[float, float]:
    """Mean of log10(first / second), seed by seed, and half of its 95 % interval: decades.

    >>> ratio([20.0, 20.0], [2.0, 2.0])
    (1.0, 0.0)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.log10(np.asarray(first, float) / np.asarray(second, float))
        return mean_and_spread(each, overlap=overlap)


def log10_or_less(values: ArrayLike) -> np.ndarray:
    """log10 of changes >= 0; what float32 cannot tell from nothing counts as its rounding, 6e-8.

    >>> log10_or_less([0.01, 0.0]).round(2).tolist()
    [-2.0, -7.22]
    """
    return np.log10(np.maximum(np.asarray(values, float), 2.0**-24))


def undone(mean: float, spread: float) -> tuple[float, float]:
    """A geometric mean, and the upper, longer half of its interval, of a mean of log10 with its interval.

    >>> tuple(round(part, 6) for part in undone(-2.0, 0.30103))
    (0.01, 0.01)
    """
    return 10**mean, 10 ** (mean + spread) - 10**mean


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

    >>> points(0.123, 0.014)
    '+12.3 ± 1.4 points'
    >>> points(0.00539, 0.00593)
    '+0.54 ± 0.59 points'
    >>> points(-1e-8, 0.0048)
    '+0.00 ± 0.48 points'
    """
    digits = 1 if not 0 < 100 * spread < 1 else 2
    return f"{100 * mean:+z.{digits}f} ± {100 * spread:.{digits}f} points"


def seeds_last(values: np.ndarray, seeds: int) -> np.ndarray:
    """The first axis of a cell's array, which is settings × seeds, as two: (settings, seeds, …)."""
    return values.reshape(-1, seeds, *values.shape[1:])
