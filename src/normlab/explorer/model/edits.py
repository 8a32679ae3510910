"""Points that a person moved, added or deleted, as a value that a link can hold. Needs no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from normlab.equation.domains import Domain

MOST = 1_000  # changes that a link can hold
_PARTS = {"moved", "added", "deleted"}
Row = tuple[tuple[int, float], ...]  # (column, value) of the columns that were set


@dataclass(frozen=True)
class Edits:
    """Changes to a table. A row is known by its number in the table as it was drawn or read; added
    rows follow, and have what was not set of them from the mean of their column.
    """

    moved: tuple[tuple[int, Row], ...] = ()
    added: tuple[Row, ...] = ()
    deleted: tuple[int, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Edits":
        moved = tuple((int(row), _row(cells)) for row, cells in given.get("moved", {}).items())
        added = tuple(map(_row, given.get("added", [])))
        return cls(moved, added, tuple(map(int, given.get("deleted", []))))

    def json(self) -> dict[str, Any]:
        parts = {
            "moved": {str(row): _json(cells) for row, cells in self.moved},
            "added": [_json(cells) for cells in self.added],
            "deleted": list(self.deleted),
        }
        return {name: part for name, part in parts.items() if part}

    def __bool__(self) -> bool:
        return bool(self.moved or self.added or self.deleted)


NO_EDITS = Edits()


def _row(cells: Mapping[str, float]) -> Row:
    return tuple(sorted((int(column), float(value)) for column, value in cells.items()))


def _json(row: Row) -> dict[str, float]:
    return {str(column): value for column, value in row}


def _numbered(key: Any) -> bool:
    return str(key).isdecimal() and int(key) < 2**31


def _cells(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _numbered(column)
        and isinstance(cell, int | float)
        and math.isfinite(cell)
        and abs(cell) <= 1e9
        for column, cell in value.items()
    )


def _holds(value: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) - _PARTS:
        return False
    moved, added, deleted = (value.get(part, kind) for part, kind in _EMPTY.items())
    if not (isinstance(moved, Mapping) and isinstance(added, list) and isinstance(deleted, list)):
        return False
    few = len(moved) + len(added) + len(deleted) <= MOST
    rows = all(map(_numbered, [*moved, *deleted])) and all(map(_cells, [*moved.values(), *added]))
    return few and rows


_EMPTY: Mapping[str, Any] = {"moved": {}, "added": [], "deleted": []}
EDITS = Domain(f"at most {MOST} points moved, added and deleted", _holds)
