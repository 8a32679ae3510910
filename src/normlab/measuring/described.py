"""What a part of the data says of each feature."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from normlab.errors import SettingError
from normlab.measuring.histogram import Histogram, histograms, level_quantiles
from normlab.measuring.part import Part, Pictures, Shard
from normlab.moments import Moments


class Described(Moments):
    """The numbers of a part of the data; `scale` says in which unit those of images are."""

    part: Part
    scale: str | None

    @property
    def count(self) -> Tensor:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many values each feature has, int64."""
        return torch.from_numpy(self.part.count)

    @property
    def rows(self) -> int:
        return self.part.rows

    @property
    def missing(self) -> Tensor:
        return torch.from_numpy(self.part.missing)

    @property
    def infinite(self) -> Tensor:
        return torch.from_numpy(self.part.infinite)

    @property
    def mean(self) -> Tensor:
        """Per feature, float64; NaN where there is no value."""
        return torch.where(self.count > 0, torch.from_numpy(self.part.mean), torch.nan)

    @property
    def m2(self) -> Tensor:
        return torch.from_numpy(self.part.m2)

    @property
    def m3(self) -> Tensor:
        return torch.from_numpy(self.part.m3)

    @property
    def m4(self) -> Tensor:
        return torch.from_numpy(self.part.m4)

    @property
    def minimum(self) -> Tensor | None:
        return _known(self.part.minimum, self.part.count)

    @property
    def maximum(self) -> Tensor | None:
        return _known(self.part.maximum, self.part.count)

    @property
    def shards(self) -> tuple[Shard, ...]:
        return self.part.shards

    @property
    def pictures(self) -> Pictures | None:
        return self.part.pictures

    def var(self, correction: float = 1) -> Tensor:
        """m2 / (count − correction) of each feature; NaN where count <= correction."""
        rest = self.count.double() - correction
        return torch.where(rest > 0, self.m2 / rest, torch.nan)

    @property
    def skewness(self) -> Tensor:
        """√count · m3 / m2^1.5, of the values themselves (no correction); NaN for a constant."""
        return self.count.double().sqrt() * self.m3 / self.m2**1.5

    @property
    def kurtosis(self) -> Tensor:
        """count · m4 / m2², 3 for a normal distribution (no correction); NaN for a constant."""
        return self.count * self.m4 / self.m2**2

    def quantile(self, q: float | Sequence[float]) -> Tensor:
        """(features,), or (len(q), features): values below which a share q of each feature's lies.

        Exact for images of 8 and 16 bits, else within `quantile_error` of the rank.
        Errors: SettingError unless they were asked for, or for a q outside [0, 1].
        """
        shares = [float(share) for share in np.atleast_1d(np.asarray(q, np.float64))]
        if not all(0 <= share <= 1 for share in shares):
            raise SettingError(f"quantile: q={q} given; it must be in 0 to 1.")
        if self.part.levels:
            found = level_quantiles(self.part.levels, shares, self._top)
        elif self.part.sketch is not None:
            found = self.part.sketch.quantiles(shares)
        else:
            raise _unasked("quantiles")
        return torch.from_numpy(found if np.ndim(q) else found[0])

    @property
    def quantile_error(self) -> float:
        """How far the rank of `quantile` may be off, with 99 % confidence; 0 where it is exact."""
        sketch = self.part.sketch
        return 0.0 if self.part.levels or sketch is None else sketch.error

    @property
    def covariance(self) -> Tensor:
        """(features, features), over rows where no feature is missing, divided by their number − 1.

        Errors: SettingError unless it was asked for.
        """
        cross = self.part.cross
        if cross is None:
            raise _unasked("covariance")
        return torch.from_numpy(cross.comoment) / (
            cross.count - 1 if cross.count > 1 else torch.nan
        )

    @property
    def histograms(self) -> tuple[Histogram, ...]:
        """Of each feature; empty unless quantiles were asked for, or the data are images."""
        return histograms(self.part, self._top)

    @property
    def _top(self) -> float:
        return top_of(self.scale, self.part)


def _known(values: np.ndarray, count: np.ndarray) -> Tensor | None:
    return None if (np.isnan(values) & (count > 0)).any() else torch.from_numpy(values)


def _unasked(what: str) -> SettingError:
    return SettingError(
        f"{what} not kept; ask for it: normlab.measure(…, {what}=True), or --{what}."
    )


def top_of(scale: str | None, part: Part) -> float:
    """The value of the largest level: of images on their scale, else the level itself."""
    if scale is None:
        return float(max(part.levels or {1: None}))
    return 255.0 if scale == "0-255" else 1.0
