"""What has changed between two samples of one feature, and how surely."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import Any

import numpy as np

_CHANCE = 0.01  # that anything is called changed although nothing is, over all features together


@dataclass(frozen=True, eq=False)
class Sample:
    """The statistics of features in one sample; NaN where unknown. All are arrays of one shape, float64.

    kurtosis: 3 for a normal distribution. worth: as how many independent values the count is taken, since
    pixels of one image are alike.
    """

    count: np.ndarray
    missing: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    kurtosis: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    worth: np.ndarray

    @classmethod
    def of(cls, **known: Any) -> "Sample":
        """What is not given is unknown, but for missing (0) and worth (the count)."""
        arrays = {name: np.asarray(value, np.float64) for name, value in known.items()}
        unknown = np.full_like(arrays["mean"], np.nan)
        defaults = {field.name: unknown for field in fields(cls)}
        return cls(
            **defaults | {"missing": np.zeros_like(unknown), "worth": arrays["count"]} | arrays
        )

    def at(self, places: Any) -> "Sample":
        """Some of the features."""
        return Sample(**{name: array[places] for name, array in vars(self).items()})

    @property
    def missing_rate(self) -> np.ndarray:
        return _ratio(self.missing, self.count + self.missing, np.nan)


@dataclass(frozen=True)
class Change:
    """One feature, before and now.

        shift = (mean₂ − mean₁)/std₁,   z = (mean₂ − mean₁)/√(var₁/n₁ + var₂/n₂),   ratio = var₂/var₁
        ratio_z = ln ratio / √((kurtosis₁ − 1)/n₁ + (kurtosis₂ − 1)/n₂),   kurtosis: 3 if unknown
        missing_z = (rate₂ − rate₁)/√(rate·(1 − rate)·(1/N₁ + 1/N₂)),   rate: of both together
        outside: how far now's range is beyond the earlier one, in std₁
        sureness: the largest |z|, by which the worst come first

    n: independent values. NaN: unknown. A column that only one of them has is "gone" or "new".
    Source: the unequal variance statistic of Welch 1947; the variance of a sample's variance, Kenney &
        Keeping 1951, p. 164.
    """

    name: str
    status: str = ""
    mean_before: float = math.nan
    mean_now: float = math.nan
    shift: float = math.nan
    z: float = math.nan
    ratio: float = math.nan
    ratio_z: float = math.nan
    missing_before: float = math.nan
    missing_now: float = math.nan
    missing_z: float = math.nan
    outside: float = math.nan
    sureness: float = math.inf

    def size(self, measure: str) -> float:
        """How large the change is by one of `MEASURES`; NaN where unknown."""
        return MEASURES[measure][0](self)

    def json(self) -> dict[str, Any]:
        """Unknown and infinite numbers are null, as JSON has neither."""
        known = asdict(self).items()
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in known
        }


def _fold(ratio: float) -> float:
    return max(ratio, 1 / ratio if ratio else math.inf)


# how a change is measured, what a threshold must be at least, and the words for it
MEASURES = {
    "shift": (lambda c: abs(c.shift), 0.0, "the mean moved, in the std before"),
    "z": (lambda c: abs(c.z), 0.0, "the mean moved, in its own uncertainty"),
    "ratio": (lambda c: _fold(c.ratio), 1.0, "the variance grew or shrank, as a factor"),
    "missing": (
        lambda c: abs(c.missing_now - c.missing_before), 0.0, "the share of missing values changed",
    ),
    "outside": (lambda c: c.outside, 0.0, "values lie beyond the range before, in the std before"),
}  # fmt: skip


def compared(before: Sample, now: Sample) -> dict[str, np.ndarray]:
    """The numbers of `Change`, by their names, of all features at once.

    >>> samples = (Sample.of(count=[100], mean=[mean], var=[25.0]) for mean in (40.0, 42.0))
    >>> found = compared(*samples)
    >>> found["shift"], found["z"].round(3), found["ratio"]
    (array([0.4]), array([2.828]), array([1.]))
    """
    moved = now.mean - before.mean
    spread = _ratio(before.var, before.worth, np.nan) + _ratio(now.var, now.worth, np.nan)
    return {
        "mean_before": before.mean,
        "mean_now": now.mean,
        "shift": _ratio(moved, np.sqrt(before.var), 0.0),
        "z": _ratio(moved, np.sqrt(spread), 0.0),
        "ratio": _ratio(now.var, before.var, 1.0),
        "ratio_z": _ratio_z(before, now),
        "missing_before": before.missing_rate,
        "missing_now": now.missing_rate,
        "missing_z": _missing_z(before, now),
        "outside": _outside(before, now),
    }


def _ratio(over: np.ndarray, under: np.ndarray, of_zeros: float) -> np.ndarray:
    """over / under; `of_zeros` where both are 0, for then nothing has changed."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((over == 0) & (under == 0), of_zeros, over / under)


def _ratio_z(before: Sample, now: Sample) -> np.ndarray:
    spread = sum(
        (np.nan_to_num(sample.kurtosis, nan=3.0) - 1) / np.where(sample.worth, sample.worth, np.nan)
        for sample in (before, now)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.log(_ratio(now.var, before.var, 1.0))
        return _ratio(change, np.sqrt(spread), 0.0)


def _missing_z(before: Sample, now: Sample) -> np.ndarray:
    totals = [sample.count + sample.missing for sample in (before, now)]
    rate = _ratio(before.missing + now.missing, totals[0] + totals[1], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = rate * (1 - rate) * sum(1 / total for total in totals)
    return _ratio(now.missing_rate - before.missing_rate, np.sqrt(spread), 0.0)


def _outside(before: Sample, now: Sample) -> np.ndarray:
    beyond = np.maximum(before.minimum - now.minimum, now.maximum - before.maximum)
    return _ratio(np.maximum(beyond, 0.0), np.sqrt(before.var), 0.0)


def sureness(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """The largest |z| of each feature: what the worst are sorted by."""
    sizes = np.abs([found[name] for name in ("z", "ratio_z", "missing_z")])
    return np.where(np.isnan(sizes), 0.0, sizes).max(0)


def rows(names: Sequence[str], found: Mapping[str, np.ndarray]) -> list[Change]:
    """Each feature by itself."""
    columns = {name: values.tolist() for name, values in found.items()}
    most = sureness(found).tolist()
    return [
        Change(name, sureness=most[i], **{key: values[i] for key, values in columns.items()})
        for i, name in enumerate(names)
    ]


def by_chance(count: int) -> float:
    """The |z| that one of so many changes exceeds with a probability of 1 %, where nothing has changed.

    >>> round(by_chance(1), 2), round(by_chance(300), 2)
    (2.58, 4.15)
    """
    return -NormalDist().inv_cdf(_CHANCE / (2 * max(count, 1)))


def worst_first(changes: Sequence[Change]) -> list[Change]:
    """By sureness, then by the size of the shift, then as they came."""

    def key(one: Change) -> tuple[float, float]:
        return -one.sureness, -abs(0.0 if math.isnan(one.shift) else one.shift)

    return sorted(changes, key=key)
