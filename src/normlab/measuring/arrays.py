"""Arrays of any rank: the axes that are kept are the features, all others are reduced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normlab.data.binary import channels_last
from normlab.errors import DataError, SettingError
from normlab.measuring.held import Held, Npy
from normlab.measuring.part import Part
from normlab.measuring.recipe import Recipe, has_levels
from normlab.measuring.source import rows_of_block
from normlab.measuring.tree import Parts, Tree

_INNER = 16  # neighbours in memory of one feature, from which on each feature is taken by itself


@dataclass(frozen=True, eq=False)
class Piece:
    """A unit of an array: array[prefix][start:stop], held in blocks of so many rows."""

    array: Held
    prefix: tuple[int, ...]
    start: int
    stop: int
    block: int
    features: tuple[int, ...]
    name: str
    mask: np.ndarray | None = None

    def parts(self, recipe: Recipe) -> Parts:
        whole = self.mask is None and recipe.only_sums and not self.prefix
        if whole and isinstance(self.array, Npy) and flows(self.array, self.features):
            return {"": self._as_read(self.array, recipe).named(self.name)}
        tree = Tree()
        for index, start in enumerate(range(self.start, self.stop, self.block)):
            stop = min(start + self.block, self.stop)
            tree.add(index, {"": replace(self, start=start, stop=stop)._held(recipe)})
        return {"": tree.total()[""].named(self.name)}

    def _held(self, recipe: Recipe) -> Part:
        x = self.array.piece(self.prefix, slice(self.start, self.stop))
        return self._placed(part_of(x, self._kept(), recipe, self._mask(x.shape)))

    def _as_read(self, array: Npy, recipe: Recipe) -> Part:
        width = math.prod(array.shape[axis] for axis in self.features)
        row = math.prod(array.shape[1:])
        first, rows = self.start * row, (self.stop - self.start) * row // width
        with array.values() as read:
            return recipe.part_as_read(
                rows, width, array.dtype.itemsize, lambda a, b: read(first + a, first + b)
            )

    def _kept(self) -> tuple[int, ...]:
        depth = len(self.prefix)
        return tuple(axis - depth for axis in self.features if axis >= depth)

    def _mask(self, shape: tuple[int, ...]) -> np.ndarray | None:
        if self.mask is None:
            return None
        whole = np.broadcast_to(self.mask, self.array.shape)
        return np.broadcast_to(whole[self.prefix][self.start : self.stop], shape)

    def _placed(self, part: Part) -> Part:
        """The part among all features, where a piece has only some of them."""
        sizes = [self.array.shape[axis] for axis in self.features]
        depth, width = len(self.prefix), math.prod(sizes)
        if part.mean.size == width:
            return part
        where = tuple(
            self.prefix[a]
            if a < depth
            else slice(self.start, self.stop)
            if a == depth
            else slice(None)
            for a in self.features
        )
        places = np.arange(width).reshape(sizes)[where].ravel()
        return widened(part, places, width)


def widened(part: Part, places: np.ndarray, width: int) -> Part:
    """A part of some features as one of all; of the others nothing was seen."""

    def spread(values: np.ndarray, fill: float) -> np.ndarray:
        full = np.full((width, *values.shape[1:]), fill, values.dtype)
        full[places] = values
        return full

    powers = spread(part.powers.T, 0.0).T
    return Part.of(
        powers,
        spread(part.minimum, np.nan),
        spread(part.maximum, np.nan),
        rows=0,
        missing=spread(part.missing, 0),
        infinite=spread(part.infinite, 0),
        sketch=part.sketch and part.sketch.widened(places, width),
        levels=part.levels and {k: spread(v, 0) for k, v in part.levels.items()},
    )


def part_of(
    x: np.ndarray, kept: Sequence[int], recipe: Recipe, mask: np.ndarray | None = None
) -> Part:
    """An array whose kept axes are the features, in their order."""
    before = [axis for axis in range(x.ndim) if axis not in kept]
    if kept and len(kept) == kept[-1] - kept[0] + 1 and kept[-1] < x.ndim - 1:
        inner = math.prod(x.shape[kept[-1] + 1 :])
        if inner >= _INNER and not (recipe.covariance or recipe.valid):
            return _each_by_itself(x, kept, recipe, mask)
    return recipe.part(
        _as_rows(x, before, kept), None if mask is None else _as_rows(mask, before, kept)
    )


def _as_rows(x: np.ndarray, before: Sequence[int], kept: Sequence[int]) -> np.ndarray:
    width = math.prod(x.shape[axis] for axis in kept)
    return x.transpose(*before, *kept).reshape(-1, width)


def _each_by_itself(
    x: np.ndarray, kept: Sequence[int], recipe: Recipe, mask: np.ndarray | None
) -> Part:
    """Features that lie far apart in memory, one after the other: nothing is transposed."""
    width = math.prod(x.shape[axis] for axis in kept)
    outer = math.prod(x.shape[: kept[0]])
    flat, ok = x.reshape(outer, width, -1), None
    if mask is not None:
        ok = mask.reshape(outer, width, -1)
    parts = [
        recipe.part(flat[:, i].reshape(-1, 1), None if ok is None else ok[:, i].reshape(-1, 1))
        for i in range(width)
    ]
    return side_by_side(parts)


def side_by_side(parts: Sequence[Part]) -> Part:
    """Parts of one feature each as one of all of them."""
    levels = None
    if all(part.levels for part in parts):
        keys = {key for part in parts for key in part.levels or {}}
        levels = {k: np.concatenate([(p.levels or {})[k] for p in parts]) for k in keys}
    sketches = [part.sketch for part in parts if part.sketch]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("missing", "infinite", "minimum", "maximum")
    }
    sketch = type(sketches[0])(tuple(s.features[0] for s in sketches)) if sketches else None
    powers = np.concatenate([part.powers for part in parts], axis=1)
    low, high = joined.pop("minimum"), joined.pop("maximum")
    return Part.of(powers, low, high, rows=0, levels=levels, sketch=sketch, **joined)


class Pieces(Sequence[Piece]):
    """The units of an array: runs along the first axis whose rows are small enough."""

    def __init__(
        self, array: Held, features: tuple[int, ...], name: str, mask: np.ndarray | None = None
    ) -> None:
        self._array, self._features, self._name, self._mask = array, features, name, mask
        shape, depth = array.shape, 0
        while depth < len(shape) - 1 and math.prod(shape[depth + 1 :]) > _LARGEST_ROW:
            depth += 1
        self._outer, self._along = shape[:depth], shape[depth]
        self._block = rows_of_block(math.prod(shape[depth + 1 :]))
        self._rows = self._block * (_BLOCKS if not depth and flows(array, features) else 1)
        self._runs = -(-self._along // self._rows)

    def __len__(self) -> int:
        return math.prod(self._outer) * self._runs

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        at, run = divmod(index, self._runs)
        prefix = tuple(int(i) for i in np.unravel_index(at, self._outer)) if self._outer else ()
        start = run * self._rows
        stop = min(start + self._rows, self._along)
        where = "".join(f"{i}, " for i in prefix)
        name = self._name or f"{where}{start:,} to {stop - 1:,}"
        return Piece(
            self._array, prefix, start, stop, self._block, self._features, name, self._mask
        )


def flows(array: Held, features: tuple[int, ...]) -> bool:
    """Whether rows of features lie one after the other in a file, and are summed as they are read."""
    shape, width = array.shape, math.prod(array.shape[axis] for axis in features)
    last = tuple(range(len(shape) - len(features), len(shape)))
    fits = 0 not in features and math.prod(shape[1:]) <= _LARGEST_ROW
    return (
        isinstance(array, Npy) and features == last and fits and not has_levels(array.dtype, width)
    )


_BLOCKS = 4  # of such a unit, so that its own cost does not matter
_LARGEST_ROW = 1 << 22


def kept_axes(
    shape: tuple[int, ...], features: Sequence[int] | None
) -> tuple[tuple[int, ...], str]:
    """The axes that are kept, and a note where they were chosen here. Errors: SettingError, DataError."""
    if not math.prod(shape):
        raise DataError(f"holds an array of shape {shape}, which is empty; it must hold numbers")
    if features is not None:
        axes = sorted({axis % len(shape) for axis in features if -len(shape) <= axis < len(shape)})
        if len(axes) < len(features) or len(axes) == len(shape):
            raise SettingError(
                f"features={','.join(map(str, features))} given for an array of shape {shape}; name axes "
                f"to keep, each once, from 0 to {len(shape) - 1}, and leave one to reduce."
            )
        return tuple(axes), ""
    if len(shape) == 1:
        return (), ""
    if channels_last(shape):
        last = len(shape) - 1
        return (last,), f"Axis {last} was kept, since it looks like channels (--features chooses)."
    return (1,), "" if len(shape) == 2 else "Axis 1 was kept (--features chooses)."


def feature_names(shape: tuple[int, ...], features: tuple[int, ...]) -> tuple[str, ...]:
    sizes = [shape[axis] for axis in features]
    if not sizes:
        return ("values",)
    if len(sizes) == 1:
        return tuple(map(str, range(sizes[0])))
    return tuple(",".join(map(str, index)) for index in np.ndindex(*sizes))
