"""Whole numbers of few values: how often each was seen says everything, exactly."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from normlab.measuring.histogram import spread
from normlab.measuring.part import Part

Levels = Mapping[int, np.ndarray]


def powers_of(counts: np.ndarray, step: float) -> np.ndarray:
    """(…, levels) -> (6, …): count, mean, rest (0), M2, M3, M4 of value = level · step, in float64."""
    level = np.arange(counts.shape[-1], dtype=np.float64)
    count = counts.sum(-1, dtype=np.float64)
    mean = (counts * level).sum(-1) / np.maximum(count, 1)  # not @: its sums depend on threads
    away = level - mean[..., None]
    weighted = counts * away
    found = [count, mean * step, np.zeros_like(mean)]
    for power in (2, 3, 4):  # by multiplications: ** takes fifty times as long
        weighted *= away
        found.append(weighted.sum(-1) * step**power)
    return np.stack(found)


def mean_and_m2(sums: np.ndarray, step: float) -> np.ndarray:
    """(…, 3) of `kernels.levels.sums_of` -> (4, …): count, mean, rest (0) and M2 of value = level · step."""
    n, s1, s2 = np.moveaxis(sums, -1, 0).astype(np.float64)
    many = np.maximum(n, 1)
    return np.stack([n, s1 / many * step, np.zeros_like(n), (s2 - s1 * s1 / many) * step**2])


def ends_of(counts: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest level that was seen; NaN where none was."""
    seen = counts > 0
    low, high = seen.argmax(-1), counts.shape[-1] - 1 - seen[..., ::-1].argmax(-1)
    known = seen.any(-1)
    return tuple(np.where(known, level * step, np.nan) for level in (low, high))  # type: ignore[return-value]


def settled(part: Part, top: float) -> Part:
    """The part with its moments taken from its levels, each the float64 nearest to the exact value.

    top: the value of the largest level, 1 or 255.
    """
    if not part.levels:
        return part
    largest = max(part.levels)
    step = Fraction(int(top), largest)
    rows = spread(part.levels, largest)
    powers = np.array([_exact(row, step) for row in rows], np.float64).T
    low, high = ends_of(rows, 1.0)
    return replace(
        part, count=rows.sum(1), mean=powers[0], rest=np.zeros(len(rows)),
        m2=powers[1], m3=powers[2], m4=powers[3], minimum=low * top / largest, maximum=high * top / largest,
    )  # fmt: skip


def _exact(counts: np.ndarray, step: Fraction) -> tuple[float, ...]:
    """Mean, M2, M3 and M4, each rounded once."""
    seen = [(level, int(counts[level])) for level in np.flatnonzero(counts).tolist()]
    n, s1, s2, s3, s4 = (sum(count * level**k for level, count in seen) for k in range(5))
    if not n:
        return 0.0, 0.0, 0.0, 0.0
    m2 = Fraction(n * s2 - s1**2, n)
    m3 = Fraction(n**2 * s3 - 3 * n * s1 * s2 + 2 * s1**3, n**2)
    m4 = Fraction(n**3 * s4 - 4 * n**2 * s1 * s3 + 6 * n * s1**2 * s2 - 3 * s1**4, n**3)
    return tuple(
        float(value * step**k) for k, value in enumerate((Fraction(s1, n), m2, m3, m4), start=1)
    )
