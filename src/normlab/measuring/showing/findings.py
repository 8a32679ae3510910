"""What is worth a sentence: constant features, missing values, values far away."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured



@dataclass(frozen=True)
class Farthest:
    """The value of a feature that is farthest from its mean, in its std."""

    name: str
    value: float
    distance: float
    kurtosis: float


def constant(measured: "Measured") -> list[str]:
    """Features with values that are all the same."""
    same = (measured.m2 == 0) & (measured.count > 0)
    return [name for name, yes in zip(measured.names, same.tolist(), strict=True) if yes]


def empty(measured: "Measured") -> list[str]:
    """Features without a value."""
    return [
        name for name, n in zip(measured.names, measured.count.tolist(), strict=True) if not n
    ]


def gaps(measured: "Measured") -> list[tuple[str, int, int, float]]:
    """Features with missing or infinite values, most first: name, missing, infinite, share of all."""
    counts = zip(
        measured.names,
        measured.missing.tolist(),
        measured.infinite.tolist(),
        measured.count.tolist(),
        strict=True,
    )
    found = [(name, gone, inf, (gone + inf) / (gone + inf + n)) for name, gone, inf, n in counts if gone + inf]
    return sorted(found, key=lambda row: -row[3])


def farthest(measured: "Measured") -> list[Farthest]:
    """The farthest value of each feature that is farther than a normal distribution would go.

    Beyond `reach` of as many values. Empty where the range is unknown.
    """
    if measured.minimum is None or measured.maximum is None:
        return []
    mean, std = measured.mean.numpy(), measured.std(0).numpy()
    ends = np.stack([measured.minimum.numpy(), measured.maximum.numpy()])
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.abs(ends - mean) / std
    found = []
    for i, name in enumerate(measured.names):
        at = int(np.nan_to_num(distance[:, i]).argmax())
        if std[i] > 0 and distance[at, i] > reach(int(measured.count[i])):
            size, kurtosis = float(distance[at, i]), float(measured.kurtosis[i])
            found.append(Farthest(name, float(ends[at, i]), size, kurtosis))
    return sorted(found, key=lambda one: -one.distance)


def reach(count: int) -> float:
    """How many stds the farthest of so many normal values goes, but for 1 % of all samples.

    >>> round(reach(100), 2), round(reach(10**6), 2)
    (3.89, 5.73)
    """
    return -NormalDist().inv_cdf(0.005 / max(count, 1))
