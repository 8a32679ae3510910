"""Measured statistics as samples that can be compared, and each shard against all others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.comparing.change import Change, Sample, by_chance, compared, rows, sureness

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured
    from normlab.measuring.part import Shard


def sample(measured: "Measured") -> Sample:
    """The features in their order; infinite values count as missing."""
    part = measured.part
    return Sample.of(
        count=part.count,
        missing=part.missing + part.infinite,
        mean=measured.mean,
        var=measured.var(),
        kurtosis=measured.kurtosis,
        minimum=part.minimum,
        maximum=part.maximum,
        worth=part.count / alike(measured),
    )


def alike(measured: "Measured") -> np.ndarray:
    """How many values of a feature count as one independent value: of tables 1, of images more.

        values · var(means of the images) / (images · var)

    Pixels of one image are alike: the mean of all is only as certain as the images' own means make it.
    1 where there are fewer than two images. Source: Kish 1965, Survey Sampling (the design effect).
    """
    ones = np.ones(len(measured.names))
    pictures = measured.pictures
    if pictures is None or pictures.images < 2:
        return ones
    between = pictures.m2_of_means / (pictures.images - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = measured.part.count / pictures.images * between / measured.var().numpy()
    return np.where(np.isfinite(effect), np.maximum(effect, 1.0), ones)


@dataclass(frozen=True)
class Parts:
    """Each shard against all others, feature by feature.

    worst: a shard's name and the change, the worst first; changed: the features that changed by more than
    chance allows anywhere, the worst first; sure: in how many of `count` comparisons; bound: the |z| of
    chance.
    """

    worst: list[tuple[str, Change]]
    changed: list[str]
    sure: int
    count: int
    bound: float


def between_shards(measured: "Measured", most: int) -> Parts | None:
    """None with fewer than two shards; `most` is how many of the worst are kept."""
    shards = measured.shards
    if len(shards) < 2:
        return None
    names, whole = measured.names, sample(measured)
    count = len(shards) * len(names)
    bound = by_chance(3 * count)
    worst: list[tuple[float, str, Change]] = []
    largest, sure = np.zeros(len(names)), 0
    for shard in shards:
        others, own = _against_others(measured, whole, shard)
        z = sureness(compared(others, own))
        largest, sure = np.maximum(largest, z), sure + int((z > bound).sum())
        top = np.argsort(-z, kind="stable")[:most]
        found = rows([names[i] for i in top], compared(others.at(top), own.at(top)))
        worst += [(one.sureness, shard.name, one) for one in found]
        worst = sorted(worst, key=lambda kept: -kept[0])[:most]
    order = np.argsort(-largest, kind="stable")
    changed = [names[i] for i in order if largest[i] > bound]
    return Parts([kept[1:] for kept in worst], changed, sure, count, bound)


def _against_others(measured: "Measured", all_: Sample, shard: "Shard") -> tuple[Sample, Sample]:
    """All others together, by taking the shard away again, and the shard."""
    whole, n1 = measured.part, shard.count.astype(np.float64)
    n = whole.count - n1
    effect = all_.count / np.where(all_.worth, all_.worth, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = whole.mean + (whole.mean - shard.mean) * (n1 / n)
        m2 = (
            whole.m2 - shard.m2 - n * (mean - whole.mean) ** 2 - n1 * (shard.mean - whole.mean) ** 2
        )
        others = {"mean": mean, "var": np.maximum(m2, 0.0) / (n - 1), "worth": n / effect}
        alone = {"mean": shard.mean, "var": shard.m2 / (n1 - 1), "worth": n1 / effect}
    others |= {"count": n, "missing": all_.missing - shard.missing}
    alone |= {"count": n1, "missing": shard.missing}
    alone["mean"] = np.where(n1, alone["mean"], np.nan)
    shape = {"kurtosis": all_.kurtosis}
    return Sample.of(**others, **shape), Sample.of(**alone, **shape)
