"""What has changed between two samples of one feature, and how surely."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

_CHANCE = 0.01  # that anything is called changed although nothing is, over all features together


@dataclass(frozen=True)
class Sample:
    """The statistics of one feature in one sample; NaN where unknown, as is a kurtosis.

    n is how many independent values the count is worth: pixels of one image are alike.
    """

    count: float
    mean: float
    var: float
    missing: float = 0.0
    kurtosis: float = math.nan
    minimum: float = math.nan
    maximum: float = math.nan
    n: float = math.nan

    @property
    def worth(self) -> float:
        return self.count if math.isnan(self.n) else self.n

    @property
    def missing_rate(self) -> float:
        total = self.count + self.missing
        return self.missing / total if total else math.nan


@dataclass(frozen=True)
class Change:
    """One feature, before and now.

        shift = (mean₂ − mean₁)/std₁,   z = (mean₂ − mean₁)/√(var₁/n₁ + var₂/n₂),   ratio = var₂/var₁
        ratio_z = ln ratio / √((kurtosis₁ + 2)/n₁ + (kurtosis₂ + 2)/n₂),   kurtosis: excess, 0 if unknown
        missing_z = (rate₂ − rate₁)/√(rate·(1 − rate)·(1/N₁ + 1/N₂)),   rate: of both together
        outside: how far now's range is beyond the earlier one, in std₁

    NaN: unknown. A column that only one of them has is "gone" or "new".
    Source: the unequal variance statistic of Welch 1947; the variance of a sample's variance, Kenney &
        Keeping 1951, §7.7.
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

    @property
    def sureness(self) -> float:
        """The largest |z|: what the worst are sorted by."""
        if self.status:
            return math.inf
        return max(abs(z) for z in (self.z, self.ratio_z, self.missing_z, 0.0) if not math.isnan(z))

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


def change(name: str, before: Sample, now: Sample) -> Change:
    """
    >>> found = change("age", Sample(100, 40.0, 25.0), Sample(100, 42.0, 25.0))
    >>> found.shift, round(found.z, 3), found.ratio
    (0.4, 2.828, 1.0)
    """
    return Change(
        name,
        "",
        before.mean,
        now.mean,
        _ratio(now.mean - before.mean, math.sqrt(before.var)),
        _ratio(now.mean - before.mean, math.sqrt(_spread(before) + _spread(now))),
        _ratio(now.var, before.var) if now.var or before.var else 1.0,
        _ratio_z(before, now),
        before.missing_rate,
        now.missing_rate,
        _missing_z(before, now),
        _outside(before, now),
    )


def _spread(sample: Sample) -> float:
    return sample.var / sample.worth if sample.worth else math.nan


def _ratio(over: float, under: float) -> float:
    """0/0 is 0: nothing has moved."""
    if under:
        return over / under
    return math.nan if math.isnan(over) else math.copysign(math.inf, over) if over else 0.0


def _ratio_z(before: Sample, now: Sample) -> float:
    if math.isnan(before.var) or math.isnan(now.var) or before.var == now.var:
        return 0.0 if before.var == now.var else math.nan
    if not before.var or not now.var:
        return math.inf if now.var else -math.inf
    known = [0.0 if math.isnan(s.kurtosis) else max(s.kurtosis, -2.0) for s in (before, now)]
    parts = zip(known, (before, now), strict=True)
    spread = sum((kurtosis + 2) / sample.worth for kurtosis, sample in parts)
    return _ratio(math.log(now.var / before.var), math.sqrt(spread))


def _missing_z(before: Sample, now: Sample) -> float:
    totals = [sample.count + sample.missing for sample in (before, now)]
    if not all(totals):
        return math.nan
    rate = (before.missing + now.missing) / sum(totals)
    spread = rate * (1 - rate) * sum(1 / total for total in totals)
    return _ratio(now.missing_rate - before.missing_rate, math.sqrt(spread))


def _outside(before: Sample, now: Sample) -> float:
    beyond = max(before.minimum - now.minimum, now.maximum - before.maximum)
    if any(math.isnan(end) for s in (before, now) for end in (s.minimum, s.maximum)):
        return math.nan
    return _ratio(max(beyond, 0.0), math.sqrt(before.var))


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
