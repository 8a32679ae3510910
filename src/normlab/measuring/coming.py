"""What comes once, piece by piece: generators, torch's Dataset and DataLoader, Hugging Face, Dask."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from normlab.data.reading import Reading
from normlab.data.streaming import head_of
from normlab.errors import DataError, ShapeError
from normlab.measuring import arrays, tables
from normlab.measuring.containers import as_numpy
from normlab.measuring.recipe import BLOCK, Recipe
from normlab.measuring.source import Source, blocked, grouped, rows_of_block
from normlab.measuring.tree import Parts

_INPUTS = ("x", "image", "images", "pixel_values", "data", "input", "inputs", "features")


@dataclass(frozen=True, eq=False)
class Batch:
    """A unit: an array that has come, samples first."""

    values: np.ndarray
    kept: tuple[int, ...]
    name: str

    def parts(self, recipe: Recipe) -> Parts:
        part = arrays.part_of(self.values, self.kept, recipe)
        return {"": _with_rows(part, len(self.values)).named(self.name)}


@dataclass(frozen=True, eq=False)
class Rows:
    """A unit: rows of a table that have come, with groups or without."""

    block: tuple[np.ndarray, ...]
    name: str

    def parts(self, recipe: Recipe) -> Parts:
        found = grouped(*self.block, recipe=recipe)
        return {group: part.named(self.name) for group, part in found.items()}


def _with_rows(part: Any, rows: int) -> Any:
    return type(part)(**vars(part) | {"rows": rows})


def of_arrays(pieces: Iterable[Any], text: str, features: tuple[int, ...] | None) -> Source:
    """Arrays or tensors, samples first; tuples, lists and dicts have them as their first or input.

    Errors: DataError for none; ShapeError for arrays whose features differ.
    """
    stream = map(_array, pieces)
    first = next(stream, None)
    if first is None:
        raise DataError(f"{text}: gives nothing; it must give arrays, samples first.")
    kept, note = _kept(first, features, text)
    names = arrays.feature_names(first.shape, kept)
    units = _batches(chain([first], stream), kept, first.shape, text)
    return Source(names, "tensors", text, units, (note,) if note else (), axes=kept)


def _kept(
    first: np.ndarray, features: tuple[int, ...] | None, text: str
) -> tuple[tuple[int, ...], str]:
    try:
        return arrays.kept_axes(first.shape, features)
    except DataError as error:
        raise DataError(f"{text}: {error}.") from error


def _array(piece: Any) -> np.ndarray:
    """The input of a sample or a batch: the first of a pair, or what is called x, image, data …"""
    if isinstance(piece, Mapping):
        name = next((key for key in _INPUTS if key in piece), next(iter(piece), None))
        piece = piece.get(name)
    if isinstance(piece, list | tuple) and piece and not np.isscalar(piece[0]):
        piece = piece[0]
    found = as_numpy(piece) if hasattr(piece, "detach") else np.asarray(piece)
    if found.dtype.kind not in "biuf" or not found.ndim:
        raise DataError(
            f"a {type(piece).__name__} of {found.dtype} came, of shape {found.shape}; it must be an array of "
            f"numbers, samples first."
        )
    return found


def _batches(
    pieces: Iterable[np.ndarray], kept: tuple[int, ...], shape: tuple[int, ...], text: str
) -> Iterator[Batch]:
    """Pieces of one shape put together until they are a block; larger ones are taken as they are."""
    held: list[np.ndarray] = []
    at = 0
    for piece in pieces:
        _check(piece, kept, shape, text)
        if held and (piece.shape[1:] != held[0].shape[1:] or piece.dtype != held[0].dtype):
            yield _batch(held, kept, at)
            held, at = [], at + sum(map(len, held))
        held.append(piece)
        if sum(one.size for one in held) >= BLOCK:
            yield _batch(held, kept, at)
            held, at = [], at + sum(map(len, held))
    if held:
        yield _batch(held, kept, at)


def _batch(held: list[np.ndarray], kept: tuple[int, ...], at: int) -> Batch:
    values = held[0] if len(held) == 1 else np.concatenate(held)
    return Batch(values, kept, f"samples {at + 1:,} to {at + len(values):,}")


def _check(piece: np.ndarray, kept: tuple[int, ...], shape: tuple[int, ...], text: str) -> None:
    same = piece.ndim == len(shape) and all(piece.shape[a] == shape[a] for a in kept)
    if not same:
        raise ShapeError(
            f"{text}: arrays of shape {shape} and {piece.shape} came; axes {kept} must have one size."
        )


def samples(dataset: Any) -> Iterator[np.ndarray]:
    """The samples of a map-style or iterable Dataset, each as a batch of one."""
    iterable = hasattr(type(dataset), "__iter__")
    every = dataset if iterable else (dataset[i] for i in range(len(dataset)))
    return (_array(_unwrapped(sample))[None] for sample in every)


def _unwrapped(sample: Any) -> Any:
    """PIL's images have channels last; ToTensor puts them first."""
    if isinstance(sample, list | tuple) and sample:
        sample = sample[0]
    if hasattr(sample, "getbands"):
        values = np.asarray(sample)
        return values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    return sample


def of_tables(
    pieces: Iterable[Any], text: str, columns: Any, by: str | None, where: str | None
) -> Source:
    """Tables of arrow or pandas that come one after the other."""
    import pyarrow as pa

    stream = (p if isinstance(p, pa.Table) else pa.Table.from_pandas(p) for p in pieces)
    first = next(stream, None)
    if first is None:
        raise DataError(f"{text}: gives nothing; it must give rows.")
    chosen, notes = tables.chosen_of(head_of(first), columns, by, where, Reading())
    units = _row_units(chain([first], stream), chosen)
    return Source(chosen.features, "table", text, units, notes)


def _row_units(pieces: Iterable[Any], chosen: tables.Chosen) -> Iterator[Rows]:
    def blocks() -> Iterator[tuple[np.ndarray, ...]]:
        for piece in pieces:
            columns = {name: piece.column(name) for name in chosen.columns}
            yield tables.block(columns, chosen)

    at = 0
    for block in blocked(blocks(), rows_of_block(len(chosen.features))):
        yield Rows(block, f"rows {at + 1:,} to {at + len(block[0]):,}")
        at += len(block[0])
