"""What the usual wrong ways to a standard deviation would have given, and by how much they are off."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


@dataclass(frozen=True, eq=False)
class Recipe:
    """A way to the std: what it does, what it gives for each feature, and why that is another number."""

    name: str
    std: np.ndarray
    why: str

    def off(self, std: np.ndarray) -> np.ndarray:
        """By what share of the right std it is off: −0.2 is a fifth too small; NaN for a constant."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(std > 0, self.std / std - 1, np.nan)


_WITHIN = "it leaves out how much {whole} differ from one another, so it is too small"
_BETWEEN = "it is how much {whole} differ from one another, and leaves out what is within each"


def recipes(measured: "Measured") -> list[Recipe]:
    """Those that the data allow: images need their own statistics, shards must be at least two.

    right: √(Σ (x − mean)² / count), over all values at once
    """
    found = [*_of_images(measured), *_of_shards(measured)]
    return [*found, _unbiased(measured)]


def _of_images(measured: "Measured") -> Iterator[Recipe]:
    pictures = measured.pictures
    if pictures is None or pictures.images < 2:
        return
    yield Recipe("mean of the images' stds", pictures.mean_of_stds, _WITHIN.format(whole="images"))
    between = np.sqrt(pictures.m2_of_means / (pictures.images - 1))
    yield Recipe("std of the images' means", between, _BETWEEN.format(whole="images"))


def _of_shards(measured: "Measured") -> Iterator[Recipe]:
    """As if each shard were a batch whose std is taken and averaged."""
    if len(measured.shards) < 2 or measured.kind == "images":
        return
    counts, means, m2 = (
        np.stack([np.asarray(getattr(shard, name), np.float64) for shard in measured.shards])
        for name in ("count", "mean", "m2")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        stds = np.where(counts > 1, np.sqrt(m2 / (counts - 1)), np.nan)
    means = np.where(counts > 0, means, np.nan)
    yield Recipe("mean of the parts' stds", _mean(stds), _WITHIN.format(whole="parts"))
    between = np.sqrt(_mean((means - _mean(means)) ** 2))
    yield Recipe("std of the parts' means", between, _BETWEEN.format(whole="parts"))


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the parts that have one."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(0) / known.sum(0)


def _unbiased(measured: "Measured") -> Recipe:
    why = (
        "numpy and StandardScaler divide by n (biased), torch and pandas by n − 1 (unbiased): either is "
        "right, and with many values they are the same"
    )
    return Recipe("unbiased std (divided by n − 1)", measured.std(1).numpy(), why)
