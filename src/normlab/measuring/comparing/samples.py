"""Measured statistics, feature by feature, as samples that can be compared."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.comparing.change import Change, Sample, change, worst_first

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured
    from normlab.measuring.part import Shard


def samples(measured: "Measured") -> dict[str, Sample]:
    """Each feature's name and its sample."""
    part = measured.part
    count = part.count.astype(np.float64)
    columns = (
        count,
        np.asarray(measured.mean),
        np.asarray(measured.var()),
        (part.missing + part.infinite).astype(np.float64),
        np.asarray(measured.kurtosis) - 3,
        part.minimum,
        part.maximum,
        count / alike(measured),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {name: Sample(*row) for name, row in zip(measured.names, rows, strict=True)}


def alike(measured: "Measured") -> np.ndarray:
    """How many values of a feature count as one independent value: of tables 1, of images more.

        values · var(means of the images) / (images · var)

    Pixels of one image are alike: the mean of all is only as certain as the images' own means make it.
    1 where there are fewer than two images. Source: Kish 1965, §5.4 (the design effect).
    """
    ones = np.ones(len(measured.names))
    pictures = measured.pictures
    if pictures is None or pictures.images < 2:
        return ones
    between = pictures.m2_of_means / (pictures.images - 1)
    var = np.asarray(measured.var())
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = np.asarray(measured.count) / pictures.images * between / var
    return np.where(np.isfinite(effect), np.maximum(effect, 1.0), ones)


def between_shards(measured: "Measured") -> list[tuple[str, Change]]:
    """Each shard against all others together, feature by feature, worst first; with the shard's name.

    Empty with fewer than two shards.
    """
    if len(measured.shards) < 2:
        return []
    names = list(measured.names)
    effect = alike(measured)
    found = [
        (shard.name, one)
        for shard in measured.shards
        for one in _against_others(measured, shard, names, effect)
    ]
    place = {id(one): i for i, (_, one) in enumerate(found)}
    return [found[place[id(one)]] for one in worst_first([one for _, one in found])]


def _against_others(
    measured: "Measured", shard: "Shard", names: list[str], effect: np.ndarray
) -> Iterator[Change]:
    whole = measured.part
    n1 = shard.count.astype(np.float64)
    n = whole.count - n1
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = whole.mean + (whole.mean - shard.mean) * (n1 / n)
        m2 = whole.m2 - shard.m2 - n * (mean - whole.mean) ** 2 - n1 * (shard.mean - whole.mean) ** 2
        others = (n, mean, np.maximum(m2, 0.0) / (n - 1))
        own = (n1, shard.mean, shard.m2 / (n1 - 1))
    missing = shard.missing.astype(np.float64)
    rest = whole.missing + whole.infinite - missing
    kurtosis = (np.asarray(measured.kurtosis) - 3).tolist()
    for i, name in enumerate(names):
        before = _sample(others, i, rest[i], kurtosis[i], effect[i])
        yield change(name, before, _sample(own, i, missing[i], kurtosis[i], effect[i]))


def _sample(known: tuple[np.ndarray, ...], i: int, missing: float, kurtosis: float, effect: float) -> Sample:
    count, mean, var = (float(column[i]) for column in known)
    if not count:
        mean = var = math.nan
    return Sample(count, mean, var, float(missing), kurtosis, n=count / float(effect))
