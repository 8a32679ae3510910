"""Tables: what people have in their files.

A reader turns one file into names, columns and notes; a column is numbers, or words that say what it
holds instead. Everything after that (choosing, missing values, the tensor) is the same for every format.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from normlab.data.binary import read_arrow, read_numpy, read_parquet, read_torch
from normlab.data.choosing import choose, labels, unique
from normlab.data.columns import Read, listed, quoted, reason, stacked
from normlab.data.filtering import Pasted
from normlab.data.images import IMAGES
from normlab.data.reading import OF_TEXT, Reading, refuse_unused
from normlab.data.text import read_text
from normlab.errors import DataError, need


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers in rows and columns, and how they were come by.

    `values` is (rows, columns), float32 or float64, contiguous and on the CPU; `columns` names its
    columns; `name` is a short title; `notes` are sentences on what reading left out or assumed;
    `reading` is one line on how the file was read, "" where there was none.
    """

    values: torch.Tensor
    columns: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()
    reading: str = ""

    @property
    def said(self) -> tuple[str, ...]:
        """The reading and the notes: all that a person should know of how the numbers were come by."""
        return tuple(filter(None, (self.reading, *self.notes)))


def read_table(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    *,
    drop_missing: bool = False,
    exclude: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    skip_rows: int | None = None,
    array: str | None = None,
) -> Table:
    """The numeric columns of a file as a (rows, columns) tensor.

    The ending says what the file is: text (.csv, .tsv, .tab, .txt, .dat, also with .gz, .bz2 or .zst),
    Parquet (.parquet, .pq), Arrow (.feather, .arrow, .ipc), .npy, .npz, .pt or .pth. How a text is
    written is found out from all its columns together, and `Table.reading` says it: delimiter, decimal
    and thousands signs, quotes, comments, a row of units, encoding, header, R's row names. `delimiter`,
    `decimal`, `thousands` ("none": there is no such sign) and `skip_rows` (lines before the table)
    overrule it. `array` names one of several arrays of an .npz or .pt.

    `columns` chooses and orders, by name or, where no column has that name, by number from 1 (as a
    string, counting every column in the file); `exclude` leaves columns out. Arrays are (rows, columns),
    (rows,), or structured; several of one length become named columns.

    The dtype is float32 if all chosen columns are float32 or a half type, else float64 (integers
    beyond 2**53 are rounded); booleans become 0 and 1. Columns that are not numeric, and columns that
    number the rows (pandas' index, R's row names), are left out and named in a note. Rows with missing
    or infinite values raise, or are dropped on request. Blank lines of a text are skipped and not
    counted. The table must fit into memory.

    Raises DataError for a file that cannot be used as it is, or whose numbers may mean two things;
    SettingError for an option that is none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "cells.csv")
    ...     _ = path.write_text("rate;kind;depth\\n1,5;a;1.010\\n2,25;b;3.030\\n")
    ...     table = read_table(path)
    >>> table.columns, table.values.tolist()
    (('rate', 'depth'), [[1.5, 1010.0], [2.25, 3030.0]])
    >>> print(*table.said, sep="\\n")
    read as: semicolons, decimal comma, thousands point, header, utf-8; 2 columns, 2 rows
    Left out, because not numeric: 'kind' (text).
    """
    options = Reading.of(
        delimiter=delimiter, decimal=decimal, thousands=thousands, skip_rows=skip_rows, array=array,
        exclude=exclude,
    )  # fmt: skip
    file = Path(os.fsdecode(path))
    try:
        return _table(file.name, read(file, options), columns, options.exclude, drop_missing)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def parse_table(
    text: str,
    name: str,
    *,
    tabs: bool = False,
    drop_missing: bool = False,
    decimal: str | None = None,
) -> Table:
    """`read_table` of a text that is in no file; `tabs`: as a .tsv, else as a .csv.

    Errors: DataError, without a name.

    >>> parse_table("rate,depth\\n1.5,10\\n2,30\\n", "cells").values.tolist()
    [[1.5, 10.0], [2.0, 30.0]]
    """
    pasted = Pasted(f"table{'.tsv' if tabs else '.csv'}", text.encode("utf-8", "replace"))
    found = _found(pasted, read_text, Reading.of(decimal=decimal), "text")
    return _table(name, found, None, (), drop_missing)


def _table(
    name: str,
    found: Read,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    drop_missing: bool,
) -> Table:
    notes = found.notes
    chosen = choose(found, columns, exclude)
    values, _ = complete(
        stacked(list(chosen.values())),
        list(chosen),
        drop_missing,
        notes,
        " (in Python: drop_missing=True)",
    )
    notes += labels(values, list(chosen))
    rows, width = values.shape
    counts = f"{width} column{'s' * (width > 1)}, {rows:,} rows"
    said = f"read as: {found.words}; {counts}"
    return Table(torch.from_numpy(values), tuple(chosen), name, tuple(notes), said)


def read(file: Path, reading: Reading) -> Read:
    """All columns of a file, each with a name of its own. Errors: DataError, without the file's name."""
    ending = _ending(file)
    refuse_unused(reading, ["exclude", *_options(ending)], f"a {ending} file")
    return _found(file, _READERS[ending], reading, ending)


def _found(source: Any, reader: Callable[..., Read], reading: Reading, ending: str) -> Read:
    if reader not in (read_numpy, read_torch):
        need(f"reading {ending}", "tables")
    try:
        found = reader(source, reading)
    except DataError:
        raise
    except Exception as error:  # each library raises kinds of its own, down to zlib's and pickle's
        raise DataError(
            f"cannot be read as {ending}: {reason(error)}; check it, or save it again"
        ) from error
    unique(found)
    return found


def _options(ending: str) -> tuple[str, ...]:
    reader = _READERS[ending]
    if reader is read_text:
        return OF_TEXT
    return ("array",) if reader in (read_numpy, read_torch) else ()


def check_there(file: Path) -> None:
    """Errors: DataError, without the file's name, unless there is such a file, and it is not empty."""
    try:
        state = file.stat()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be opened ({reason(error)}); check path and rights") from error
    if stat.S_ISDIR(state.st_mode):
        raise DataError("is a folder; give one file in it")
    if not state.st_size and _known(file):
        raise DataError("is empty; it must hold rows of numbers, so save it again")


def _known(file: Path) -> str | None:
    return next((e for e in _READERS if file.name.lower().endswith(e)), None)


def _ending(file: Path) -> str:
    check_there(file)
    ending = _known(file)
    if ending is None:
        kind = (
            "is an image; a table needs rows × columns. T" if file.suffix.lower() in IMAGES else "t"
        )
        raise DataError(f"{kind}he ending must be one of {', '.join(ENDINGS)}; convert the file")
    return ending


def complete(
    values: np.ndarray, names: list[str], drop: bool, notes: list[str], in_python: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """The rows without NaN, inf or null, at least two of them; and which rows those are."""
    finite = np.isfinite(values)
    rows, why = np.flatnonzero(~finite.all(axis=1)), ""
    if rows.size:
        where = quoted([names[i] for i in np.flatnonzero(~finite.all(axis=0))])
        why = (
            f"missing or infinite values in {rows.size} of {len(values)} rows (data rows "
            f"{listed(map(str, rows + 1), 5)}, counted from 1 without the header; columns {where})"
        )
        if not drop:
            raise DataError(f"{why}; use --drop-missing to go on without them{in_python}")
        notes.append(f"Dropped rows: {why}.")
        values = np.delete(values, rows, axis=0)
    kept = np.flatnonzero(finite.all(axis=1))
    if len(values) < 2:
        after = f" left after dropping {why}" if why else ""
        raise DataError(f"rows{after}: {len(values)}; a table needs at least 2, so add rows")
    return values, kept


TEXTS = tuple(
    text + packed
    for text in (".csv", ".tsv", ".tab", ".txt", ".dat")
    for packed in ("", ".gz", ".bz2", ".zst")
)
_READERS: dict[str, Callable[[Path, Reading], Read]] = {
    **dict.fromkeys(TEXTS, read_text),
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), read_arrow),
    **dict.fromkeys((".npy", ".npz"), read_numpy),
    **dict.fromkeys((".pt", ".pth"), read_torch),
}
ENDINGS = tuple(ending for ending in _READERS if ending.count(".") == 1)
