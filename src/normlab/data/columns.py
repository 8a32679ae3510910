"""What every reader returns, and how names are put into sentences."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

Column = np.ndarray | str
Read = tuple[list[str], list[Column], list[str]]  # names, columns, notes
_ARRAY_KINDS = {"U": "text", "S": "text", "M": "dates", "m": "durations", "c": "complex numbers"}


def from_arrow(column: Any) -> Column:
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


def as_numbers(array: np.ndarray) -> Column:
    if array.dtype.kind not in "biuf":
        return _ARRAY_KINDS.get(array.dtype.kind, str(array.dtype))
    small = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return array.astype(np.float32 if small else np.float64)


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
