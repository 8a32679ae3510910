"""Data sets of Hugging Face: of images, of arrays, or of numbers in columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from normlab.data.columns import quoted, reason
from normlab.errors import DataError
from normlab.measuring import albums, coming
from normlab.measuring.options import Options
from normlab.measuring.source import Source

_TEXT = "a Hugging Face dataset"
_ROWS = 1 << 14  # that are taken at a time
_ARRAYS = ("Sequence", "List", "LargeList", "Array2D", "Array3D", "Array4D", "Array5D")


@dataclass(frozen=True, eq=False)
class Column:
    """Images that are rows of a data set, from the first on so many, as they are stored."""

    dataset: Any
    column: str
    first: int
    count: int
    name: str = ""

    def __len__(self) -> int:
        return self.count

    def of(self, start: int, stop: int) -> "Column":
        return replace(self, first=self.first + start, count=stop - start)

    def images(self, start: int, stop: int) -> Iterator[albums.Image]:
        rows = self.dataset[self.first + start : self.first + stop]
        yield from _encoded(rows.column(self.column).to_pylist(), self.first + start)


@dataclass(frozen=True, eq=False)
class Came:
    """Images that have come, as they are stored."""

    found: Sequence[albums.Image]
    name: str = ""

    def __len__(self) -> int:
        return len(self.found)

    def of(self, start: int, stop: int) -> "Came":
        return replace(self, found=self.found[start:stop])

    def images(self, start: int, stop: int) -> Iterator[albums.Image]:
        yield from self.found[start:stop]


def source(given: Any, options: Options) -> Source:
    """Errors: DataError for a data set without numbers; SettingError."""
    features = given.features or {}
    wanted = options.columns or tuple(features)
    kinds = {name: type(features[name]).__name__ for name in wanted if name in features}
    images = [name for name, kind in kinds.items() if kind == "Image"]
    arrays = [name for name, kind in kinds.items() if kind in _ARRAYS]
    if images:
        return _of_images(given, images, options)
    if arrays and options.by is None and options.where is None:
        return _of_arrays(given, arrays, options)
    options.only("a table", "columns", "by", "where")
    rows = given.with_format("arrow").iter(batch_size=_ROWS)
    return coming.of_tables(rows, _TEXT, options.columns, options.by, options.where)


def _of_images(given: Any, columns: Sequence[str], options: Options) -> Source:
    column = _only(columns, "images")
    options = replace(options, columns=None)
    stored = given.with_format("arrow")
    if hasattr(given, "__len__"):
        return albums.of_images([Column(stored, column, 0, len(given))], _TEXT, (), options)
    every = _numbered(stored, column)
    first = list(islice(every, 1))
    found = albums.of_images([Came(first)], _TEXT, (), options)
    return replace(found, units=_groups(chain(first, every), found.units.look))  # type: ignore[attr-defined]


def _numbered(stored: Any, column: str) -> Iterator[albums.Image]:
    at = 0
    for rows in stored.iter(batch_size=albums.MOST):
        found = rows.column(column).to_pylist()
        yield from _encoded(found, at)
        at += len(found)


def _groups(images: Iterator[albums.Image], look: Any) -> Iterator[albums.Group]:
    at = 0
    while some := list(islice(images, albums.MOST)):
        yield albums.Group(albums.numbered(at, at + len(some)), Came(some), look)
        at += len(some)


def _encoded(cells: Iterable[dict[str, Any] | None], first: int) -> Iterator[albums.Image]:
    for row, cell in enumerate(cells, start=first + 1):
        name = f"{_TEXT}: the image of row {row:,}"
        yield name, partial(_bytes, name, cell)


def _bytes(name: str, cell: dict[str, Any] | None) -> bytes:
    if cell is None:
        raise DataError(f"{name}: is missing.")
    if cell["bytes"] is not None:
        return cell["bytes"]
    try:
        return Path(cell["path"]).read_bytes()
    except OSError as error:
        raise DataError(f"{name}: cannot be read ({reason(error)}).") from error


def _of_arrays(given: Any, columns: Sequence[str], options: Options) -> Source:
    column = _only(columns, "arrays")
    options.only("arrays that come one by one", "features", "columns")
    axes = options.features
    rows = given.with_format("numpy").iter(batch_size=albums.MOST)
    return coming.of_arrays(
        (batch[column] for batch in rows), _TEXT, None if axes is None else tuple(axes)
    )


def _only(columns: Sequence[str], what: str) -> str:
    if len(columns) > 1:
        raise DataError(
            f"{_TEXT}: has several columns of {what}, {quoted(columns)}; name one in columns."
        )
    return columns[0]
