"""A table of a file as what `fit` takes: one cell, several side by side, or one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.data.choosing import find
from normlab.data.columns import Read, Words, quoted
from normlab.data.reading import Reading
from normlab.data.table import complete, read
from normlab.errors import DataError, SettingError
from normlab.responses.parameters import Array, Places

_CONTRAST = ("contrast", "drive", "c")
_RESPONSE = ("response", "rate", "spike", "count", "firing", "r")


@dataclass(frozen=True)
class Columns:
    """Which columns hold what, as the command was told."""

    contrast: str | None = None
    response: tuple[str, ...] = ()
    by: str | None = None
    stimulus: str | None = None
    tuning: str | None = None
    trials: bool = False


@dataclass(frozen=True)
class Cells:
    """Names and arguments of `fit`, one for each; said: how the file was read."""

    arguments: Mapping[str, dict[str, Any]]
    said: tuple[str, ...]


def cells(path: Path, columns: Columns, model: str, drop_missing: bool, reading: Reading) -> Cells:
    """Errors: DataError, with the file's name."""
    try:
        found = read(path, reading)
        return _cells(found, columns, model == "normalization", drop_missing)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _cells(found: Read, columns: Columns, pooled: bool, drop: bool) -> Cells:
    named = dict(zip(found.names, found.columns, strict=True))
    x = _chosen(named, columns.contrast, _CONTRAST, "contrast", 0)
    given = columns.response or (_chosen(named, None, _RESPONSE, "response", 1),)
    responses = [find(name, named) for name in given]
    extra = [find(name, named) for name in (columns.stimulus, columns.tuning) if name is not None]
    numeric = list(
        dict.fromkeys([x, *responses, *(e for e in extra if not isinstance(named[e], Words))])
    )
    values, kept = complete(_numbers(named, numeric), numeric, drop, found.notes)
    table = dict(zip(numeric, values.T, strict=True))
    groups = _labels(named, columns.by, kept)
    if pooled:
        arguments = {"all cells": _pooled(table, named, columns, x, responses, groups, kept)}
    elif columns.trials or len(responses) == 1:
        arguments = _alone(table, x, responses, groups)
    else:
        arguments = {
            (f"{name}, {group}" if columns.by else name): one
            for name in responses
            for group, one in _alone(table, x, [name], groups).items()
        }
    said = f"read as: {found.words}; contrast {x!r}, responses {quoted(responses)}, {len(values):,} rows"
    return Cells(arguments, (said, *found.notes))


def _chosen(
    named: Mapping[str, Any], given: str | None, known: Sequence[str], what: str, place: int
) -> str:
    """The column that was named, or is called so, or of just two the one at that place."""
    if given is not None:
        return find(given, named)
    numeric = [name for name, column in named.items() if not isinstance(column, Words)]
    called = _called(numeric, known)
    if len(called) == 1:
        return called[0]
    if not called and len(numeric) == 2:
        return numeric[place]
    words = [name for name in _called(named, known) if name not in numeric]
    if not called and words:
        raise DataError(
            f"column {words[0]!r} would be the {what} by its name, but is not numeric "
            f"({named[words[0]].kind}); fix it, or name another column with --{what}"
        )
    raise DataError(
        f"which column is the {what}? {_unclear(called, known, numeric)} Name it with --{what}."
    )


def _called(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Those with a name that is known, or else that begins with one; a letter alone begins too many."""
    words = tuple(word for word in known if len(word) > 1)
    called = [n for n in names if n.strip().casefold() in known]
    return called or [n for n in names if n.strip().casefold().startswith(words)]


def _unclear(called: Sequence[str], known: Sequence[str], numeric: Sequence[str]) -> str:
    """Why no column was chosen, in sentences: what is looked for in their names, and what is there."""
    *first, last = (word for word in known if len(word) > 1)
    words = f"{', '.join(first)} or {last}"
    if called:
        return f"Several begin with {words}: {quoted(called)}."
    one = next(word for word in known if len(word) == 1)
    there = (
        f"The columns of numbers are {quoted(numeric)}." if numeric else "No column holds numbers."
    )
    return f"No column of numbers is called {one}, or begins with {words}. {there}"


def _numbers(named: Mapping[str, Any], names: Sequence[str]) -> Array:
    from normlab.data.columns import stacked

    for name in names:
        if isinstance(named[name], Words):
            raise DataError(f"column {name!r} is not numeric ({named[name].kind}); choose another")
    return stacked([named[name] for name in names]).astype(np.float64)


def _labels(named: Mapping[str, Any], name: str | None, kept: Places) -> NDArray[np.str_] | None:
    """What tells cells or stimuli apart, as text; None where nothing was named."""
    if name is None:
        return None
    column = named[find(name, named)]
    if isinstance(column, Words):
        if column.cells is None:
            raise DataError(f"column {name!r} holds {column.kind}, which name nothing")
        return np.array(column.cells())[kept]
    return np.array([f"{value:g}" for value in np.asarray(column, np.float64)])[kept]


def _alone(
    table: Mapping[str, Array], x: str, responses: Sequence[str], groups: NDArray[np.str_] | None
) -> dict[str, dict[str, Any]]:
    """Each cell by itself; several columns are its trials."""
    r = np.stack([table[name] for name in responses], 1)
    if groups is None:
        name = responses[0] if len(responses) == 1 else "all trials"
        return {name: {"contrast": table[x], "response": r}}
    return {
        str(g): {"contrast": table[x][groups == g], "response": r[groups == g]}
        for g in dict.fromkeys(groups)
    }


def _pooled(
    table: Mapping[str, Array], named: Mapping[str, Any], columns: Columns, x: str,
    responses: Sequence[str], groups: NDArray[np.str_] | None, kept: Places,
) -> dict[str, Any]:  # fmt: skip
    """Rows of one cell and one stimulus as (stimuli, cells, trials)."""
    stimuli = _labels(named, columns.stimulus, kept)
    if groups is None or stimuli is None or columns.tuning is None:
        raise SettingError(
            "normalization needs three more columns: --by names that of the cells, --stimulus that of the "
            "stimuli, --tuning that of the orientation which each cell prefers."
        )
    cell, stimulus = (np.unique(a, return_inverse=True)[1] for a in (groups, stimuli))
    shape = int(stimulus.max()) + 1, int(cell.max()) + 1
    place = np.ravel_multi_index((stimulus, cell), shape)
    order = np.argsort(place, kind="stable")
    trials = np.bincount(place, minlength=shape[0] * shape[1])
    if trials.min() != trials.max():
        raise DataError(
            f"cells were shown stimuli from {trials.min()} to {trials.max()} times; normalization needs "
            "every cell with every stimulus, as often as the others"
        )

    def arranged(name: str) -> Array:
        return table[name][order].reshape(*shape, -1)

    drive, theta = arranged(x), arranged(find(columns.tuning, named))
    for name, values, axes in ((x, drive, 2), (columns.tuning, theta, (0, 2))):
        if np.ptp(values, axis=axes).any():
            what = "cell and stimulus" if axes == 2 else "cell"
            raise DataError(f"column {name!r} has several values for one {what}; give one for each")
    r = np.concatenate([arranged(name) for name in responses], axis=2)
    return {"contrast": drive[..., 0], "response": r, "tuning": theta[0, :, 0]}
