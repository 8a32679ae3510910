"""Which of a file's columns are taken, and what is said of the others."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

import numpy as np

from normlab.data.columns import Column, Read, Words, quoted
from normlab.errors import DataError

LABELS = (
    "target", "targets", "class", "classes", "label", "labels", "y", "species", "outcome", "diagnosis",
    "category", "group", "digit",
)  # fmt: skip
_MOST_CLASSES = 20
_ROW_NUMBERS = ("", "Unnamed: 0", "index")  # what a first column of row numbers is called


def unique(found: Read) -> None:
    """Make every column's name its own, and say which were made up."""
    names = found.names
    _row_numbers(found)
    unique: dict[str, str] = {}
    for i, name in enumerate(names):
        base = name or ("row numbers" if i in found.index else f"column {i + 1}")
        others = (f"{base}_{n}" for n in count(2))
        free = (new for new in chain([base], others) if new == name or new not in names)
        unique[next(new for new in free if new not in unique)] = name
    made = [
        new for i, (new, name) in enumerate(unique.items()) if new != name and i not in found.index
    ]
    if made:
        found.notes.append(f"Column names were missing or repeated; made up: {quoted(made)}.")
    found.names = list(unique)


def _row_numbers(found: Read) -> None:
    """pandas and R write the number of each row into a first column, of no name."""
    if not found.names or found.names[0] not in _ROW_NUMBERS or isinstance(found.columns[0], Words):
        return
    values = np.asarray(found.columns[0])
    counted = len(found.names) > 1 and len(values) > 1 and values[0] in (0, 1)
    if counted and (values == np.arange(len(values)) + values[0]).all():
        found.index.append(0)


def choose(found: Read, columns: Sequence[str] | None, exclude: Sequence[str]) -> dict[str, Column]:
    """The columns of numbers that were asked for, or all that are features; notes say what was left out."""
    named = dict(zip(found.names, found.columns, strict=True))
    kinds = {name: column.kind for name, column in named.items() if isinstance(column, Words)}
    numeric = {name: column for name, column in named.items() if name not in kinds}
    gone = {find(name, named) for name in exclude}
    if not numeric:
        which = f": {quoted(kinds, kinds.values())}" if kinds else ""
        raise DataError(f"no column holds numbers{which}; give a table that has numbers")
    if columns is None:
        return _features(found, numeric, kinds, gone)
    names = [find(str(c), named) for c in ([columns] if isinstance(columns, str) else columns)]
    if not names or len(set(names)) < len(names):
        raise DataError(f"columns are {names}; ask for at least one, and for each only once")
    for name in (name for name in names if kinds.get(name) == "no values"):
        raise DataError(f"every cell of {name!r} is missing; choose from {quoted(numeric)}")
    for name in filter(kinds.__contains__, names):
        raise DataError(f"{name!r} is not numeric ({kinds[name]}); choose from {quoted(numeric)}")
    for name in filter(gone.__contains__, names):
        raise DataError(f"{name!r} is both asked for and excluded; leave out one of the two")
    return {name: numeric[name] for name in names}


def _features(
    found: Read, numeric: dict[str, Column], kinds: dict[str, str], gone: set[str]
) -> dict[str, Column]:
    words = {name: kind for name, kind in kinds.items() if name not in gone}
    index = [found.names[i] for i in found.index if found.names[i] in numeric.keys() - gone]
    if words:
        found.notes.append(f"Left out, because not numeric: {quoted(words, words.values())}.")
    if index:
        found.notes.append(
            f"Left out, because an index numbers the rows: {quoted(index)} (--columns takes it)."
        )
    if gone:
        found.notes.append(
            f"Left out, as asked: {quoted(name for name in [*numeric, *kinds] if name in gone)}."
        )
    features = {name: numeric[name] for name in numeric if name not in gone | set(index)}
    if not features:
        raise DataError("no column is left; exclude fewer, or ask for one by its name (--columns)")
    return features


def find(name: str, named: Mapping[str, Any]) -> str:
    """The column with a name, or a number from 1. Errors: DataError, with the nearest name."""
    if name in named:
        return name
    if name.isdecimal() and 1 <= int(name) <= len(named):
        return list(named)[int(name) - 1]
    folded = {known.casefold(): known for known in named}
    near = folded[difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)[0]]
    raise DataError(f"has no column {name!r}; did you mean {near!r}? It has {quoted(named)}")


def labels(values: np.ndarray, names: Sequence[str]) -> list[str]:
    """A note for each column that looks like a class, and not like a feature."""
    found = []
    for i, name in enumerate(names):
        named = name.strip().casefold() in LABELS
        if len(names) > 1 and (named or i == len(names) - 1):
            classes = _classes(values[:, i])
            if classes and (named or classes * 5 <= len(values)):
                found.append(
                    f"Column {name!r} looks like a label ({classes} whole values), and is read as a "
                    f"feature; --exclude {_argument(name)} leaves it out."
                )
    return found


def _classes(column: np.ndarray) -> int:
    """The number of whole values from 0 or 1 on, each there; 0 if they are not such."""
    if not (column[:1000] == np.rint(column[:1000])).all() or np.abs(column[:1000]).max() > 1000:
        return 0
    values = np.unique(column)
    few = 2 <= len(values) <= _MOST_CLASSES and (values == np.rint(values)).all()
    return len(values) if few and values[0] in (0, 1) and (np.diff(values) == 1).all() else 0


def _argument(name: str) -> str:
    return name if name.isidentifier() else repr(name)
