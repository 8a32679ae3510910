"""Histograms: exact where levels were counted, from a sketch of quantiles else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from normlab.measuring.part import Part

BINS = 64


@dataclass(frozen=True, eq=False)
class Histogram:
    """edges: (bins + 1,); counts: (bins,); exact: whether each value was counted."""

    edges: np.ndarray
    counts: np.ndarray
    exact: bool


def histograms(part: Part, top: float) -> tuple[Histogram, ...]:
    if part.levels:
        return _of_levels(part.levels, top)
    if part.sketch is None:
        return ()
    return tuple(_of_sketch(part, feature) for feature in range(part.mean.size))


def _of_levels(levels: Mapping[int, np.ndarray], top: float) -> tuple[Histogram, ...]:
    """256 bins, one for each level of 8 bits; finer levels are put with the nearest below."""
    counts = sum(found.reshape(len(found), 256, -1).sum(2) for found in levels.values())
    edges = (np.arange(257) - 0.5) / 255 * top
    return tuple(Histogram(edges, row, True) for row in np.asarray(counts))


def _of_sketch(part: Part, feature: int) -> Histogram:
    low, high = part.minimum[feature], part.maximum[feature]
    if not part.count[feature] or not low < high or part.sketch is None:
        edge = np.array([low - 0.5, low + 0.5])
        return Histogram(edge, part.count[feature : feature + 1].astype(np.float64), True)
    edges = np.linspace(low, high, BINS + 1)
    shares = part.sketch.shares(feature, edges)
    return Histogram(edges, shares * part.count[feature], False)


def level_quantiles(
    levels: Mapping[int, np.ndarray], shares: Sequence[float], top: float
) -> np.ndarray:
    """(shares, features): the smallest level with at least that share at or below it."""
    largest = max(levels)
    counts = spread(levels, largest)
    below = counts.cumsum(1)
    wanted = np.ceil(np.outer(shares, below[:, -1])).clip(1)
    found = [np.searchsorted(row, want) for row, want in zip(below, wanted.T, strict=True)]
    return np.array(found, np.float64).T.reshape(len(shares), -1) / largest * top


def spread(levels: Mapping[int, np.ndarray], largest: int) -> np.ndarray:
    """All levels as those of the finest: 255 of 255 is 65535 of 65535."""
    (width,) = {len(found) for found in levels.values()}
    counts = np.zeros((width, largest + 1), np.int64)
    for own, found in levels.items():
        counts[:, :: largest // own] += found
    return counts
