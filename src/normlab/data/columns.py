"""What every reader returns, and how names are put into sentences."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Words:
    """A column that is not numbers: what it holds instead, and what gives its cells, if anything does."""

    kind: str
    cells: Callable[[], list[str]] | None = None


Column = Any  # an array of numpy, an arrow column of float32 or float64, or Words


@dataclass(eq=False)
class Read:
    """What a reader makes of one file: names ("" where there is none), columns, notes, and how it was read.

    `index` are the columns that number the rows, and are no features.
    """

    names: list[str]
    columns: list[Column]
    words: str
    notes: list[str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)


_ARRAY_KINDS = {"U": "text", "S": "text", "M": "dates", "m": "durations", "c": "complex numbers"}


def from_arrow(column: Any) -> Column:
    from pyarrow import float32, float64, types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_float16(kind) or types.is_float32(kind):
        return column.cast(float32())
    tests = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
    if any(test(kind) for test in tests):
        return column.cast(float64(), safe=False)
    words = {"null": "no values", "string": "text", "large_string": "text", "string_view": "text"}
    return Words(
        words.get(str(kind), str(kind)), lambda: [str(cell) for cell in column.to_pylist()]
    )


def as_numbers(array: np.ndarray) -> Column:
    if array.dtype.kind not in "biuf":
        kind = _ARRAY_KINDS.get(array.dtype.kind, str(array.dtype))
        return Words(kind, lambda: [str(cell) for cell in array])
    small = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return array.astype(np.float32 if small else np.float64)


def stacked(columns: list[Any]) -> np.ndarray:
    """Columns of numbers as (rows, columns): float32 if all are, else float64; NaN for what is missing."""
    if all(isinstance(column, np.ndarray) for column in columns):
        small = all(column.dtype == np.float32 for column in columns)
        dtype = np.float32 if small else np.float64
        return np.ascontiguousarray(np.stack(columns, axis=1, dtype=dtype))
    import pyarrow as pa

    small = all(column.type == pa.float32() for column in columns)
    table = pa.table(columns, names=numbered(len(columns)))
    values = np.empty((len(table), len(columns)), np.float32 if small else np.float64)
    at = 0
    for batch in table.to_batches(max_chunksize=1 << 14):  # which stays in a processor's cache
        part = values[at : at + len(batch)]
        for i, column in enumerate(batch.columns):
            part[:, i] = column.to_numpy(zero_copy_only=False)
        at += len(batch)
    return values


def as_array(column: Column) -> np.ndarray:
    """A column of numbers; NaN for what is missing. Without a copy where nothing is."""
    if isinstance(column, np.ndarray):
        return column
    return column.to_numpy(zero_copy_only=False)


def numbered(width: int) -> list[str]:
    return [f"column {i + 1}" for i in range(width)]


def quoted(names: Iterable[str], words: Iterable[Any] | None = None) -> str:
    if words is None:
        return listed(map(repr, names))
    pairs = zip(names, words, strict=True)
    return listed(
        f"{name!r} {word if isinstance(word, tuple) else f'({word})'}" for name, word in pairs
    )


def listed(words: Iterable[str], limit: int = 12) -> str:
    words = list(words)
    more = f", … {len(words)} in all" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


def reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = re.split(r"\n|(?<=\w)\. ", text.strip())[0]  # torch goes on for a page
    return text if len(text) <= 160 else text[:159] + "…"
