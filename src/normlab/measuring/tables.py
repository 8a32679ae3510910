"""Tables: files of rows and columns, one or a folder of them, read piece by piece."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data import streaming
from normlab.data.choosing import choose, find
from normlab.data.columns import Read, Words, as_array, as_numbers, from_arrow, quoted, stacked
from normlab.data.reading import Reading
from normlab.errors import DataError
from normlab.measuring.engine import named
from normlab.measuring.recipe import Recipe
from normlab.measuring.source import Source, grouped, of_blocks
from normlab.measuring.tree import Parts
from normlab.measuring.where import Condition, conditions

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Chosen:
    """The features' names, the column that makes groups, and conditions on rows."""

    features: tuple[str, ...]
    by: str | None
    where: tuple[Condition, ...]
    reading: Reading

    @property
    def columns(self) -> list[str]:
        more = [condition.column for condition in self.where]
        return list(dict.fromkeys([*self.features, *([self.by] if self.by else []), *more]))


@dataclass(frozen=True, eq=False)
class TablePart:
    """A unit: a part of a file, that can be read by itself."""

    file: Path
    part: int
    name: str
    chosen: Chosen

    def parts(self, recipe: Recipe) -> Parts:
        with named(str(self.file)):
            opened, width = (
                streaming.stream(self.file, self.chosen.reading),
                len(self.chosen.features),
            )
            apart = self.chosen.by is None and recipe.takes_columns(width)
            blocks = self._blocks(opened, _places(opened, self.chosen), columns if apart else block)
            if apart:
                found = of_blocks(blocks, width, lambda *each: {"": recipe.part_of_columns(*each)})
            else:
                found = of_blocks(blocks, width, partial(grouped, recipe=recipe))
        return {group: part.named(self.name) for group, part in found.items()}

    def _blocks(
        self, opened: streaming.Stream, places: dict[str, int], taken: Callable[..., Arrays]
    ) -> Iterator[Arrays]:
        for found in opened.pieces(list(places.values()), self.part):
            yield taken(dict(zip(places, found, strict=True)), self.chosen)


def columns(given: dict[str, Any], chosen: Chosen) -> Arrays:
    """The features' values, each by itself."""
    values = [as_array(_numbers(given[name], name)) for name in chosen.features]
    keep = _kept(given, chosen, len(values[0]))
    return tuple(values if keep is None else [column[keep] for column in values])


def block(given: dict[str, Any], chosen: Chosen) -> Arrays:
    """The features' values (rows, features), with the groups of the rows where there are such."""
    values = stacked([_numbers(given[name], name) for name in chosen.features])
    keep = _kept(given, chosen, len(values))
    values = values if keep is None else values[keep]
    if chosen.by is None:
        return (values,)
    groups = np.array([_group(cell) for cell in _cells(given[chosen.by])], dtype=object)
    return values, (groups if keep is None else groups[keep]).astype(str)


def _kept(given: dict[str, Any], chosen: Chosen, rows: int) -> np.ndarray | None:
    """Which rows meet the conditions; None: all."""
    keep = np.ones(rows, bool)
    for condition in chosen.where:
        keep &= condition.holds(_cells(given[condition.column]))
    return None if keep.all() else keep


def _numbers(column: Any, name: str) -> Any:
    found = column
    if not isinstance(column, Words):
        found = as_numbers(column) if isinstance(column, np.ndarray) else from_arrow(column)
    if isinstance(found, Words):
        raise DataError(f"column {name!r} holds {found.kind} here, and numbers in other files")
    return found


def _cells(column: Any) -> Any:
    if isinstance(column, Words):
        return column.cells() if column.cells else []
    return column.to_pylist() if hasattr(column, "to_pylist") else column


def _group(cell: Any) -> str:
    if cell is None or cell != cell:
        return "(missing)"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _places(opened: streaming.Stream, chosen: Chosen) -> dict[str, int]:
    """Of each column its number in this file, which may have them in another order."""
    names = streaming.head(opened).names
    lacking = [name for name in chosen.columns if name not in names]
    if lacking:
        raise DataError(
            f"has no column {lacking[0]!r}, which the first file has; it has {quoted(names)}"
        )
    return {name: names.index(name) for name in chosen.columns}


def source(
    files: Sequence[Path],
    *,
    text: str,
    columns: Sequence[str] | None = None,
    by: str | None = None,
    where: str | None = None,
    reading: Reading | None = None,
    skip_bad: bool = False,
) -> Source:
    """Errors: DataError where no file can be read, or a column is not there or not numeric."""
    reading = reading or Reading()
    first, notes = _first(files, columns, by, where, reading, skip_bad)
    units: list[TablePart] = []
    for file in files:
        count = _parts(file, reading, skip_bad)
        names = [file.name if len(files) > 1 else f"part {i + 1}" for i in range(count)]
        units += [TablePart(file, i, name, first) for i, name in enumerate(names)]
    options = {
        "columns": list(first.features),
        "by": by,
        "where": where,
        "reading": reading.given(),
    }
    return Source(
        first.features, "table", text, units, notes,
        files=tuple(map(str, files)), identity={"kind": "table"} | options,
    )  # fmt: skip


def _first(
    files: Sequence[Path],
    columns: Sequence[str] | None,
    by: str | None,
    where: str | None,
    reading: Reading,
    skip_bad: bool,
) -> tuple[Chosen, tuple[str, ...]]:
    """What is measured, as the first file that can be read has it."""
    for file in files:
        try:
            with named(str(file)):
                return _chosen(file, columns, by, where, reading)
        except DataError:
            if not skip_bad or file == files[-1]:
                raise
    raise DataError("no file given; give at least one table.")


def _chosen(
    file: Path, columns: Sequence[str] | None, by: str | None, where: str | None, reading: Reading
) -> tuple[Chosen, tuple[str, ...]]:
    return chosen_of(streaming.head(streaming.stream(file, reading)), columns, by, where, reading)


def chosen_of(
    found: Read,
    columns: Sequence[str] | None,
    by: str | None,
    where: str | None,
    reading: Reading,
) -> tuple[Chosen, tuple[str, ...]]:
    """What is measured of a table with these columns, and what is said of it. Errors: DataError."""
    every = dict.fromkeys(found.names)
    tested = tuple(replace(c, column=find(c.column, every)) for c in conditions(where))
    group = None if by is None else find(by, every)
    away = [*reading.exclude, *([group] if group and columns is None else [])]
    features = tuple(choose(found, columns, away))
    return Chosen(features, group, tested, reading), tuple(found.notes)


def _parts(file: Path, reading: Reading, skip_bad: bool) -> int:
    """How many; of a file that cannot be read one, whose reading says so."""
    try:
        with named(str(file)):
            return streaming.stream(file, reading).parts
    except DataError:
        if not skip_bad:
            raise
        return 1
