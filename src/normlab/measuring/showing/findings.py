"""What is worth a sentence: constant features, missing values, values far away."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


@dataclass(frozen=True)
class Farthest:
    """The value farthest from a feature's mean: how far, and how far a normal one goes, in std."""

    name: str
    value: float
    distance: float
    reach: float
    kurtosis: float


def constant(measured: "Measured") -> list[str]:
    """Features with values that are all the same."""
    same = (measured.m2 == 0) & (measured.count > 0)
    return [name for name, yes in zip(measured.names, same.tolist(), strict=True) if yes]


def gaps(measured: "Measured") -> list[tuple[str, int, int, float]]:
    """Features with missing or infinite values, most first: name, missing, infinite, share of all."""
    columns = (measured.missing, measured.infinite, measured.count)
    counts = zip(measured.names, *(column.tolist() for column in columns), strict=True)
    found = [(name, gone, inf, (gone + inf) / (gone + inf + n)) for name, gone, inf, n in counts
             if gone + inf]  # fmt: skip
    return sorted(found, key=lambda row: -row[3])


def farthest(measured: "Measured") -> list[Farthest]:
    """Of each feature the farthest value, where a normal distribution would not go so far, farthest first.

    Empty where the range is unknown.
    """
    if measured.minimum is None or measured.maximum is None:
        return []
    mean, std = measured.mean.numpy(), measured.std(0).numpy()
    ends = np.stack([measured.minimum.numpy(), measured.maximum.numpy()])
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.abs(ends - mean) / std
    counts, kurtosis, found = measured.count.tolist(), measured.kurtosis.tolist(), []
    for i, name in enumerate(measured.names):
        at, bound = int(np.nan_to_num(distance[:, i]).argmax()), reach(counts[i])
        if std[i] > 0 and distance[at, i] > bound:
            value, size = float(ends[at, i]), float(distance[at, i])
            found.append(Farthest(name, value, size, bound, kurtosis[i]))
    return sorted(found, key=lambda one: -one.distance)


def known(end: Tensor | None, measured: "Measured") -> list[float]:
    """Minimum or maximum of each feature; NaN where it is unknown."""
    return [math.nan] * len(measured.names) if end is None else end.tolist()


def reach(count: int) -> float:
    """How many stds the farthest of so many normal values goes, but for 1 % of all samples.

    >>> round(reach(100), 2), round(reach(10**6), 2)
    (3.89, 5.73)
    """
    return -NormalDist().inv_cdf(0.005 / max(count, 1))
