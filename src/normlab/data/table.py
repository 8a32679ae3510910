"""Tables: the chapter's points, and what people have in their files.

A reader turns one file into names, columns and notes; a column is an array of numbers, or a word
that says what it holds instead. Everything after that (choosing, missing values, the tensor) is
the same for every format.
"""

import difflib
import io
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from normlab.data.binary import read_feather, read_numpy, read_parquet, read_torch
from normlab.data.columns import Column, Read, listed, quoted, reason
from normlab.data.text import read_csv, read_text
from normlab.errors import DataError


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers in rows and columns, and how they were come by.

    `values` is (rows, columns), float32 or float64, contiguous and on the CPU; `columns` names its
    columns; `name` is a short title; `notes` are sentences on what reading left out or assumed.
    """

    values: torch.Tensor
    columns: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()


def chapter_points(
    samples: int = 128,
    mean: Sequence[float] = (10.0, -5.0),
    std: Sequence[float] = (4.0, 1.0),
    seed: int = 0,
) -> Table:
    """The chapter's points: `randn(samples, len(mean)) * std + mean`, float32, one row a point.

    With the defaults they are, bit for bit, what the chapter draws after `torch.manual_seed(0)`;
    torch's global generator is left alone. Raises DataError unless samples >= 1, mean and std are
    finite and equally long, and std >= 0.

    >>> points = chapter_points()
    >>> points.values.shape, points.columns
    (torch.Size([128, 2]), ('Feature 1', 'Feature 2'))
    >>> [round(m, 4) for m in points.values.mean(0).tolist()]
    [10.1462, -4.9851]
    """
    if not isinstance(samples, int) or samples < 1:
        raise DataError(f"samples is {samples!r}; it must be a whole number of at least 1")
    if len(mean) != len(std) or not len(mean):
        raise DataError(f"{len(mean)} means and {len(std)} stds; give one of each per feature")
    if min(std) < 0:
        raise DataError(f"std is {std}; no standard deviation can be negative")
    try:
        noise = torch.randn(samples, len(mean), generator=torch.Generator().manual_seed(seed))
    except (
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:  # seed of more than 64 bits, or no memory
        raise DataError(f"samples {samples}, seed {seed!r}: {reason(error)}") from error
    values = noise * torch.tensor(std, dtype=torch.float32)
    values = values + torch.tensor(mean, dtype=torch.float32)
    if not values.isfinite().all():
        raise DataError(f"mean {mean} and std {std} must be finite, and fit float32")
    names = tuple(f"Feature {i + 1}" for i in range(len(mean)))
    return Table(values, names, "the chapter's points")


def read_table(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    *,
    drop_missing: bool = False,
) -> Table:
    """The numeric columns of a file as a (rows, columns) tensor.

    The ending says how: .csv, .csv.gz, .tsv, .tsv.gz, .parquet, .pq, .feather, .arrow, .ipc, .npy,
    .npz, .pt or .pth. `columns` chooses and orders, by name or, where no column has that name, by
    number from 1 (as a string, counting every column in the file). Arrays are (rows, columns) or
    (rows,); an .npz or a dict in a .pt holds one array, or 1-D arrays of one length, which become
    named columns.

    The dtype is float32 if all chosen columns are float32 or a half type, else float64 (integers
    beyond 2**53 are rounded); booleans become 0 and 1. Columns that are not numeric are left out
    and named in a note. Rows with missing or infinite values raise, or are dropped on request.
    Blank lines of a CSV are skipped and not counted. The table must fit into memory.

    Raises DataError, and nothing else, for a file that cannot be used as it is.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "cells.csv")
    ...     _ = path.write_text("rate,kind,depth\\n1.5,a,10\\n2,b,30\\n")
    ...     table = read_table(path)
    >>> table.columns, table.values.tolist()
    (('rate', 'depth'), [[1.5, 10.0], [2.0, 30.0]])
    >>> table.notes
    ("Left out, because not numeric: 'kind' (text).",)
    """
    file = Path(os.fsdecode(path))
    try:
        ending = _ending(file)
        return _table(
            file.name, _read(partial(_READERS[ending], file), ending), columns, drop_missing
        )
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def parse_table(text: str, name: str, *, tabs: bool = False, drop_missing: bool = False) -> Table:
    """`read_table` of a text that is in no file, separated by tabs or as a .csv may be.

    >>> parse_table("rate,depth\\n1.5,10\\n2,30\\n", "cells").values.tolist()
    [[1.5, 10.0], [2.0, 30.0]]
    """
    content = text.encode("utf-8", "replace")
    read = partial(read_text, partial(io.BytesIO, content), tabs)
    return _table(name, _read(read, ".tsv" if tabs else ".csv"), None, drop_missing)


def _table(name: str, read: Read, columns: Sequence[str] | None, drop_missing: bool) -> Table:
    names, arrays, notes = read
    named = dict(zip(_unique(names, notes), arrays, strict=True))
    chosen = _choose(named, columns, notes)
    values = _complete(_stack(chosen), list(chosen), drop_missing, notes)
    return Table(torch.from_numpy(values), tuple(chosen), name, tuple(notes))


def _read(reader: Callable[[], Read], ending: str) -> Read:
    try:
        return reader()
    except DataError:
        raise
    except Exception as error:  # each library raises kinds of its own, down to zlib's and pickle's
        raise DataError(
            f"cannot be read as {ending}: {reason(error)}; it must be undamaged and hold plain "
            "numbers (pickled objects are never loaded), so check it or save it again"
        ) from error


def _ending(file: Path) -> str:
    try:
        state = file.stat()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be opened ({reason(error)}); check path and rights") from error
    if stat.S_ISDIR(state.st_mode):
        raise DataError("is a folder; give one file in it")
    ending = next((e for e in _READERS if file.name.lower().endswith(e)), None)
    if ending is None:
        raise DataError(f"the ending must be one of {', '.join(_READERS)}; convert the file")
    if not state.st_size:
        raise DataError("is empty; it must hold rows of numbers, so save it again")
    return ending


def _unique(names: list[str], notes: list[str]) -> list[str]:
    unique: dict[str, str] = {}
    for i, name in enumerate(names):
        base = name or f"column {i + 1}"
        others = (f"{base}_{n}" for n in count(2))
        free = (new for new in chain([base], others) if new == name or new not in names)
        unique[next(new for new in free if new not in unique)] = name
    made = [new for new, name in unique.items() if new != name]
    if made:
        notes.append(f"Column names were missing or repeated; made up: {quoted(made)}.")
    return list(unique)


def _choose(
    named: dict[str, Column], columns: Sequence[str] | None, notes: list[str]
) -> dict[str, np.ndarray]:
    numeric = {name: column for name, column in named.items() if not isinstance(column, str)}
    kinds = {name: column for name, column in named.items() if isinstance(column, str)}
    if not numeric:
        raise DataError(
            f"no column is numeric, of {quoted(kinds, kinds.values())}; a table needs one"
        )
    if columns is None:
        if kinds:
            notes.append(f"Left out, because not numeric: {quoted(kinds, kinds.values())}.")
        return numeric
    names = [_find(str(c), named) for c in ([columns] if isinstance(columns, str) else columns)]
    if not names or len(set(names)) < len(names):
        raise DataError(f"columns are {names}; ask for at least one, and for each only once")
    for name in filter(kinds.__contains__, names):
        raise DataError(f"{name!r} is not numeric ({kinds[name]}); choose from {quoted(numeric)}")
    return {name: numeric[name] for name in names}


def _find(name: str, named: Mapping[str, Any]) -> str:
    if name in named:
        return name
    if name.isdecimal() and 1 <= int(name) <= len(named):
        return list(named)[int(name) - 1]
    folded = {known.casefold(): known for known in named}
    near = folded[difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)[0]]
    raise DataError(f"has no column {name!r}; did you mean {near!r}? It has {quoted(named)}")


def _stack(chosen: dict[str, np.ndarray]) -> np.ndarray:
    small = all(column.dtype == np.float32 for column in chosen.values())
    dtype = np.float32 if small else np.float64
    return np.ascontiguousarray(np.stack(list(chosen.values()), axis=1, dtype=dtype))


def _complete(values: np.ndarray, names: list[str], drop: bool, notes: list[str]) -> np.ndarray:
    """The rows without NaN, inf or null; at least two of them."""
    finite = np.isfinite(values)
    rows, why = np.flatnonzero(~finite.all(axis=1)), ""
    if rows.size:
        where = quoted([names[i] for i in np.flatnonzero(~finite.all(axis=0))])
        why = (
            f"missing or infinite values in {rows.size} of {len(values)} rows (data rows "
            f"{listed(map(str, rows + 1), 5)}, counted from 1 without the header; columns {where})"
        )
        if not drop:
            raise DataError(
                f"{why}; use --drop-missing to go on without them (in Python: drop_missing=True)"
            )
        notes.append(f"Dropped rows: {why}.")
        values = np.delete(values, rows, axis=0)
    if len(values) < 2:
        after = f" left after dropping {why}" if why else ""
        raise DataError(f"rows{after}: {len(values)}; a table needs at least 2, so add rows")
    return values


_READERS: dict[str, Callable[[Path], Read]] = {
    **dict.fromkeys((".csv", ".csv.gz", ".tsv", ".tsv.gz"), read_csv),
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), read_feather),
    **dict.fromkeys((".npy", ".npz"), read_numpy),
    **dict.fromkeys((".pt", ".pth"), read_torch),
}
