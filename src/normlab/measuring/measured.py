"""What `normlab.measure` returns: moments of each feature, and more."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from normlab.errors import DataError, SettingError, ShapeError
from normlab.measuring.described import Described
from normlab.measuring.levels import settled
from normlab.measuring.noting import notes_of
from normlab.measuring.part import Part, joined
from normlab.measuring.removing import without
from normlab.moments import Moments

if TYPE_CHECKING:
    from normlab.measuring.network.affine import Standardize

KINDS = ("table", "array", "images", "tensors")


@dataclass(eq=False, init=False, repr=False)
class Measured(Described):
    """The statistics of a data set, per feature: a column, a channel, a place on the kept axes.

        mean = Σ x / count,   var = m2 / (count − correction),   std = √var
        skewness = √count · m3 / m2^1.5,   kurtosis = count · m4 / m2² (3 for a normal distribution)

    count, missing and infinite are int64 tensors of shape (features,); mean, m2, m3, m4, minimum and maximum
    are float64. Missing values (NaN, null, masked) and infinite ones are counted and otherwise left out. A
    feature without values has NaN. minimum and maximum are None where they are unknown.
    names: of the features; kind: table, array, images or tensors; source: what was measured; notes: sentences
    on what was met; shards: its parts, for drift; scale: of images, "0-1" or "0-255", in which all numbers
    are; weighting: "pixel", or "image", which gives each image the weight of one; axes: of an array, those
    that were kept; pictures: of images, what the usual wrong recipes take; rows: rows, images or entries on
    an array's first axis.
    Exact: all numbers of whole numbers of 8 and 16 bits, and counts, minimum and maximum of all that float64
    holds (whole numbers up to 2⁵³). Else sums in float64, to the same bits for any number of workers, with
    the C++ kernels and without.
    Source: Pébay 2008 (merging); Karnin, Lang & Liberty 2016 (quantiles).

    >>> import numpy as np, normlab
    >>> found = normlab.measure(np.array([[1.0, 10.0], [3.0, np.nan], [5.0, 30.0]]))
    >>> found.mean.tolist(), found.std(correction=0).tolist(), found.count.tolist()
    ([3.0, 20.0], [1.632993161855452, 10.0], [3, 2])
    """

    part: Part
    names: tuple[str, ...]
    kind: str
    source: str
    scale: str | None
    weighting: str
    axes: tuple[int, ...] | None
    notes: tuple[str, ...]

    def __init__(
        self,
        part: Part,
        names: Sequence[str],
        kind: str,
        source: str,
        *,
        scale: str | None = None,
        weighting: str = "pixel",
        axes: Sequence[int] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        if kind not in KINDS or len(names) != part.mean.size:
            raise SettingError(
                f"Measured: kind={kind!r} and {len(names)} names given; kind must be one of "
                f"{', '.join(KINDS)}, and there must be {part.mean.size} names."
            )
        self.part, self.names, self.kind, self.source = part, tuple(names), kind, source
        self.scale, self.weighting, self.notes = scale, weighting, tuple(notes)
        self.axes = None if axes is None else tuple(axes)
        self._mean, self._m2 = torch.from_numpy(part.mean), torch.from_numpy(part.m2)

    def __repr__(self) -> str:
        return f"<Measured {self.kind}: {self.rows:,} rows, features {_few(self.names)}>"

    def update(self, x: Tensor, dims: int | Sequence[int] = 0) -> "Measured":
        """Moments are updated; what was measured is merged."""
        raise SettingError(
            "Measured.update: measured statistics are merged: measured.merge(normlab.measure(x))."
        )

    def merge(self, other: Moments) -> "Measured":
        """The statistics of both together; neither is changed. Errors: ShapeError, SettingError."""
        other = self._alike(other, "merge")
        notes = [note for one in (self, other) for note in one._own_notes()]
        source = " + ".join(dict.fromkeys([self.source, other.source]))
        return self._with(joined(self.part, other.part), source, notes)

    def subtract(self, shard: Moments) -> "Measured":
        """The statistics of the rest, when a part that was measured by itself is taken away again.

        Minimum, maximum, quantiles, histograms, covariance and shards become unknown (of images levels
        are subtracted, and nothing does but the shards). A note says how large the error of std may be.
        Errors: DataError where the shard cannot be a part of this.
        """
        shard = self._alike(shard, "subtract")
        rest, note = without(self.part, shard.part, self.names)
        return self._with(rest, f"{self.source} without {shard.source}", (*self._own_notes(), note))

    def _own_notes(self) -> list[str]:
        """What was said of the source; what was said of the numbers is said anew of others."""
        told = notes_of(self.part, self.names)
        return [note for note in self.notes if note not in told]

    def merge_ranks(self, group: Any = None) -> "Measured":
        """The statistics of all processes of torch.distributed together, the same bits on each."""
        from torch import distributed

        every: list[Any] = [None] * distributed.get_world_size(group)
        distributed.all_gather_object(every, self.to_json(), group)
        first, *others = [Measured.from_json(text) for text in every]
        for other in others:
            first = first.merge(other)
        return first

    def _with(self, part: Part, source: str, notes: Sequence[str]) -> "Measured":
        if self.weighting == "pixel":
            part = settled(part, self._top)
        return Measured(
            part,
            self.names,
            self.kind,
            source,
            scale=self.scale,
            weighting=self.weighting,
            axes=self.axes,
            notes=list(dict.fromkeys([*notes, *notes_of(part, self.names)])),
        )

    def _alike(self, other: Moments, verb: str) -> "Measured":
        if not isinstance(other, Measured):
            raise SettingError(f"{verb}: a {type(other).__name__} given; it must be a Measured.")
        if other.names != self.names:
            raise ShapeError(
                f"{verb}: features {_few(self.names)} and {_few(other.names)} given; they must be the "
                f"same, in the same order."
            )
        if (other.scale, other.weighting) != (self.scale, self.weighting):
            raise SettingError(
                f"{verb}: scale {self.scale} weighted by {self.weighting} and scale {other.scale} "
                f"weighted by {other.weighting} given; they must be the same."
            )
        return other

    def as_transform(self) -> torch.nn.Module:
        """torchvision's Normalize with this mean and (biased) std, or a layer of ours that does the same
        where that is not installed: for images (…, C, height, width) on the scale that was measured.

        Errors: DataError for a table, or where a feature has no std.
        """
        from normlab.measuring.network.uses import as_transform

        return as_transform(self)

    def as_module(self, dtype: torch.dtype | None = torch.float32) -> "Standardize":
        """A layer that normalises with this mean and (biased) std, features on axis 1: y = (x − mean) / std.

        A constant is divided by 1. Errors: DataError where a feature has no std.

        >>> import torch, normlab
        >>> normlab.measure(torch.tensor([[1.0, 5.0], [3.0, 5.0]])).as_module()(torch.tensor([[5.0, 6.0]]))
        tensor([[3., 1.]])
        """
        from normlab.measuring.network.uses import as_module

        return as_module(self, dtype)

    def as_sklearn(self) -> Any:
        """A fitted StandardScaler. Errors: DataError, MissingExtraError."""
        from normlab.measuring.network.uses import as_sklearn

        return as_sklearn(self)

    def into_batch_norm(self, layer: torch.nn.Module) -> torch.nn.Module:
        """This mean and (unbiased) variance as the running statistics of a batch norm, which is returned.

        Errors: ShapeError for another number of features; DataError for a layer that has none.
        """
        from normlab.measuring.network.uses import into_batch_norm

        return into_batch_norm(self, layer)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report, one HTML page. Errors: DataError where that cannot be."""
        from normlab.measuring.report import write

        return write(self, path)

    def feature(self, name: str) -> int:
        """The place of a feature. Errors: DataError."""
        if name not in self.names:
            raise DataError(f"has no feature {name!r}; it has {_few(self.names)}.")
        return self.names.index(name)

    def to_json(self) -> dict[str, Any]:
        """Plain data that JSON can hold; NaN is None, and floats are read back as they were."""
        from normlab.measuring.saved import to_json

        return to_json(self)

    @staticmethod
    def from_json(saved: Any) -> "Measured":
        """What `to_json` gave. Errors: DataError for anything else."""
        from normlab.measuring.saved import from_json

        return from_json(saved)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write stats.json, whole or not at all. Errors: DataError."""
        from normlab.measuring.saved import save

        return save(self.to_json(), Path(path))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Measured":
        """Read stats.json. Errors: DataError for a file that is none, or of a newer format."""
        from normlab.measuring.saved import load

        return load(Path(path))

    def without_shards(self) -> "Measured":
        return self._with(replace(self.part, shards=()), self.source, self.notes)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f", … {len(names)} in all" if len(names) > 8 else "")
