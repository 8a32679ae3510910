"""Tables: the chapter's points, and what people have in their files.

A reader turns one file into names, columns and notes; a column is an array of numbers, or a word
that says what it holds instead. Everything after that (choosing, missing values, the tensor) is
the same for every format.
"""

import codecs
import csv
import difflib
import io
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from normlab.errors import DataError

_Column = np.ndarray | str
_Read = tuple[list[str], list[_Column], list[str]]  # names, columns, notes

_MISSING = ["?", "-", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None"]
_ARRAY_KINDS = {"U": "text", "S": "text", "M": "dates", "m": "durations", "c": "complex numbers"}
_NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*")
_HEAD = 1 << 20  # bytes that are looked at to find delimiter and header


@dataclass(frozen=True)
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
        raise DataError(f"samples {samples}, seed {seed!r}: {_reason(error)}") from error
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
    >>> path = Path(tempfile.mkdtemp()) / "cells.csv"
    >>> _ = path.write_text("rate,kind,depth\\n1.5,a,10\\n2,b,30\\n")
    >>> table = read_table(path)
    >>> table.columns, table.values.tolist()
    (('rate', 'depth'), [[1.5, 10.0], [2.0, 30.0]])
    >>> table.notes
    ("Left out, because not numeric: 'kind' (text).",)
    """
    file = Path(os.fsdecode(path))
    try:
        names, arrays, notes = _read(file)
        named = dict(zip(_unique(names, notes), arrays, strict=True))
        chosen = _choose(named, columns, notes)
        values = _complete(_stack(chosen), list(chosen), drop_missing, notes)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    return Table(torch.from_numpy(values), tuple(chosen), file.name, tuple(notes))


def _read(file: Path) -> _Read:
    ending = _ending(file)
    try:
        return _READERS[ending](file)
    except DataError:
        raise
    except Exception as error:  # each library raises kinds of its own, down to zlib's and pickle's
        raise DataError(
            f"cannot be read as {ending}: {_reason(error)}; it must be undamaged and hold plain "
            "numbers (pickled objects are never loaded), so check it or save it again"
        ) from error


def _ending(file: Path) -> str:
    try:
        state = file.stat()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be opened ({_reason(error)}); check path and rights") from error
    if stat.S_ISDIR(state.st_mode):
        raise DataError("is a folder; give one file in it")
    ending = next((e for e in _READERS if file.name.lower().endswith(e)), None)
    if ending is None:
        raise DataError(f"the ending must be one of {', '.join(_READERS)}; convert the file")
    if not state.st_size:
        raise DataError("is empty; it must hold rows of numbers, so save it again")
    return ending


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = re.split(r"\n|(?<=\w)\. ", text.strip())[0]  # torch goes on for a page
    return text if len(text) <= 160 else text[:159] + "…"


def _read_csv(file: Path) -> _Read:
    text = _head(file)
    delimiter = "\t" if ".tsv" in file.name.lower()[-7:] else _delimiter(text)
    rows = _rows(text, delimiter)
    if not rows:
        raise DataError("is empty; it must hold rows of numbers, so save it again")
    names, notes = _header(*rows[:2])
    if names and len(rows) == 1:
        raise DataError("holds a header and no rows; a table needs at least 2 rows of numbers")
    parse = partial(_parse, file, delimiter, len(rows[0]), int(bool(names)))
    columns = parse(".")
    if delimiter == ";" and any(isinstance(column, str) for column in columns):
        columns = _decimal_commas(columns, parse(","), notes)
    return names or _numbered(len(columns)), columns, notes


def _head(file: Path) -> str:
    import pyarrow as pa

    with pa.input_stream(str(file)) as stream:
        head = stream.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError("is text in UTF-16; save it as UTF-8")
    try:  # incrementally, since the head may end within a character
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    return list(islice(filter(None, reader), 20))


def _delimiter(text: str) -> str:
    """The sign that splits every row alike; a semicolon before a comma, which may be a decimal."""
    widths = {sign: [len(row) for row in _rows(text, sign)] for sign in ";\t," if sign in text}
    for sign, counts in widths.items():
        if len(set(counts)) == 1 and counts[0] > 1:
            return sign
    return max(widths, key=lambda sign: widths[sign][:1], default=",")


def _header(first: list[str], second: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The names in the first row, none if it is data, and a note if that was in doubt."""
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    alike = [bool(_NUMBER.fullmatch(cell)) for cell in second] == [c in numbers for c in first]
    # whole numbers may be names (years); fractions above numbers, with text above text, are data
    if len(numbers) == len(first) or (alike and any(re.search(r"[.,]\d", c) for c in numbers)):
        named = " to ".join(map(repr, dict.fromkeys(_numbered(len(first))[:: len(first) - 1 or 1])))
        return [], [f"The first row holds numbers, so it was read as data; columns are {named}."]
    doubt = f"The first row was read as names, though some are numbers: {_quoted(numbers)}."
    return [cell.strip() for cell in first], [doubt] if numbers else []


def _parse(file: Path, delimiter: str, width: int, skip: int, point: str) -> list[_Column]:
    from pyarrow import csv as arrow

    names, marks = _numbered(width), ["", *_MISSING, *(f" {mark}" for mark in _MISSING)]
    table = arrow.read_csv(
        str(file),
        # a row must fit into two blocks
        arrow.ReadOptions(column_names=names, skip_rows_after_names=skip, block_size=16 * _HEAD),
        arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow.ConvertOptions(null_values=marks, decimal_point=point),
    )
    return [_from_arrow(column) for column in table.columns]


def _decimal_commas(
    points: list[_Column], commas: list[_Column], notes: list[str]
) -> list[_Column]:
    """Each column as read with decimal points, or with commas where only that gives numbers."""
    pairs = list(zip(points, commas, strict=True))
    better = [isinstance(point, str) and not isinstance(comma, str) for point, comma in pairs]
    if any(better):
        notes.append(f"Read commas as decimal points in {sum(better)} of {len(better)} columns.")
    return [pair[use] for pair, use in zip(pairs, better, strict=True)]


def _read_parquet(file: Path) -> _Read:
    from pyarrow import parquet

    with parquet.ParquetFile(file) as source:  # unlike parquet.read_table it takes repeated names
        table = source.read()
    return list(table.column_names), [_from_arrow(column) for column in table.columns], []


def _read_feather(file: Path) -> _Read:
    from pyarrow import feather

    table = feather.read_table(str(file), memory_map=False)
    return list(table.column_names), [_from_arrow(column) for column in table.columns], []


def _from_arrow(column: Any) -> _Column:
    from pyarrow import float32, float64, types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_float16(kind) or types.is_float32(kind):
        return column.cast(float32()).to_numpy()
    tests = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
    if any(test(kind) for test in tests):
        return column.cast(float64(), safe=False).to_numpy()
    return {"null": "no values", "string": "text"}.get(str(kind), str(kind))


def _read_numpy(file: Path) -> _Read:
    with file.open("rb") as stream:  # numpy itself leaves a damaged .npz open
        loaded = np.load(stream, allow_pickle=False)
        arrays = {"column 1": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    return _from_arrays(arrays)


def _read_torch(file: Path) -> _Read:
    with file.open("rb") as stream:
        loaded = torch.load(stream, weights_only=True, map_location="cpu")
    if isinstance(loaded, torch.Tensor):
        return _from_arrays({"column 1": _to_array(loaded)})
    if isinstance(loaded, dict) and all(isinstance(v, torch.Tensor) for v in loaded.values()):
        return _from_arrays({str(name): _to_array(value) for name, value in loaded.items()})
    raise DataError(f"holds a {type(loaded).__name__}; save a tensor or a dict of tensors instead")


def _to_array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().to_dense()
    small = tensor.is_floating_point() and tensor.dtype != torch.float64
    return (tensor.float() if small else tensor.resolve_conj()).numpy()  # numpy has no bfloat16


def _from_arrays(arrays: dict[str, Any]) -> _Read:
    shapes = [array.shape for array in arrays.values()]
    if shapes and len(shapes[0]) == 1 and len(set(shapes)) == 1:
        return list(arrays), [_as_numbers(array) for array in arrays.values()], []
    if len(shapes) == 1 and len(shapes[0]) == 2:
        (array,) = arrays.values()
        return _numbered(len(array.T)), [_as_numbers(column) for column in array.T], []
    if len(shapes) == 1:
        raise DataError(
            f"holds an array of shape {shapes[0]}; a table needs rows × columns, so reshape it"
        )
    raise DataError(
        f"holds {len(shapes)} arrays ({_quoted(arrays, shapes)}); it must hold one, or columns of "
        "one length, so save the one you mean on its own"
    )


def _as_numbers(array: np.ndarray) -> _Column:
    if array.dtype.kind not in "biuf":
        return _ARRAY_KINDS.get(array.dtype.kind, str(array.dtype))
    small = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return array.astype(np.float32 if small else np.float64)


def _numbered(width: int) -> list[str]:
    return [f"column {i + 1}" for i in range(width)]


def _unique(names: list[str], notes: list[str]) -> list[str]:
    unique: dict[str, str] = {}
    for i, name in enumerate(names):
        base = name or f"column {i + 1}"
        others = (f"{base}_{n}" for n in count(2))
        free = (new for new in chain([base], others) if new == name or new not in names)
        unique[next(new for new in free if new not in unique)] = name
    made = [new for new, name in unique.items() if new != name]
    if made:
        notes.append(f"Column names were missing or repeated; made up: {_quoted(made)}.")
    return list(unique)


def _choose(
    named: dict[str, _Column], columns: Sequence[str] | None, notes: list[str]
) -> dict[str, np.ndarray]:
    numeric = {name: column for name, column in named.items() if not isinstance(column, str)}
    kinds = {name: column for name, column in named.items() if isinstance(column, str)}
    if not numeric:
        raise DataError(
            f"no column is numeric, of {_quoted(kinds, kinds.values())}; a table needs one"
        )
    if columns is None:
        if kinds:
            notes.append(f"Left out, because not numeric: {_quoted(kinds, kinds.values())}.")
        return numeric
    names = [_find(str(c), named) for c in ([columns] if isinstance(columns, str) else columns)]
    if not names or len(set(names)) < len(names):
        raise DataError(f"columns are {names}; ask for at least one, and for each only once")
    for name in filter(kinds.__contains__, names):
        raise DataError(f"{name!r} is not numeric ({kinds[name]}); choose from {_quoted(numeric)}")
    return {name: numeric[name] for name in names}


def _find(name: str, named: Mapping[str, Any]) -> str:
    if name in named:
        return name
    if name.isdecimal() and 1 <= int(name) <= len(named):
        return list(named)[int(name) - 1]
    folded = {known.casefold(): known for known in named}
    near = folded[difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)[0]]
    raise DataError(f"has no column {name!r}; did you mean {near!r}? It has {_quoted(named)}")


def _stack(chosen: dict[str, np.ndarray]) -> np.ndarray:
    small = all(column.dtype == np.float32 for column in chosen.values())
    dtype = np.float32 if small else np.float64
    return np.ascontiguousarray(np.stack(list(chosen.values()), axis=1, dtype=dtype))


def _complete(values: np.ndarray, names: list[str], drop: bool, notes: list[str]) -> np.ndarray:
    """The rows without NaN, inf or null; at least two of them."""
    finite = np.isfinite(values)
    rows, why = np.flatnonzero(~finite.all(axis=1)), ""
    if rows.size:
        where = _quoted([names[i] for i in np.flatnonzero(~finite.all(axis=0))])
        why = (
            f"missing or infinite values in {rows.size} of {len(values)} rows (data rows "
            f"{_listed(map(str, rows + 1), 5)}, counted from 1 without the header; columns {where})"
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


def _quoted(names: Iterable[str], words: Iterable[Any] | None = None) -> str:
    if words is None:
        return _listed(map(repr, names))
    pairs = zip(names, words, strict=True)
    return _listed(
        f"{name!r} {word if isinstance(word, tuple) else f'({word})'}" for name, word in pairs
    )


def _listed(words: Iterable[str], limit: int = 12) -> str:
    words = list(words)
    more = f", … {len(words)} in all" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


_READERS: dict[str, Callable[[Path], _Read]] = {
    **dict.fromkeys((".csv", ".csv.gz", ".tsv", ".tsv.gz"), _read_csv),
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), _read_feather),
    **dict.fromkeys((".npy", ".npz"), _read_numpy),
    **dict.fromkeys((".pt", ".pth"), _read_torch),
}
