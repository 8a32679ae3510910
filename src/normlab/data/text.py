"""Comma-, semicolon- and tab-separated text."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from normlab.data.columns import Column, Read, from_arrow, numbered, quoted
from normlab.errors import DataError

_MISSING = ["?", "-", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None"]
_NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*")
_HEAD = 1 << 20  # bytes that are looked at to find delimiter and header


def read_csv(file: Path) -> Read:
    import pyarrow as pa

    return read_text(lambda: pa.input_stream(str(file)), ".tsv" in file.name.lower()[-7:])


def read_text(opened: Callable[[], Any], tabs: bool) -> Read:
    """Read what a function opens, as bytes, each time anew."""
    text = _head(opened)
    delimiter = "\t" if tabs else _delimiter(text)
    rows = _rows(text, delimiter)
    if not rows:
        raise DataError("is empty; it must hold rows of numbers, so save it again")
    names, notes = _header(*rows[:2])
    if names and len(rows) == 1:
        raise DataError("holds a header and no rows; a table needs at least 2 rows of numbers")
    parse = partial(_parse, opened, delimiter, len(rows[0]), int(bool(names)))
    columns = parse(".")
    if delimiter == ";" and any(isinstance(column, str) for column in columns):
        columns = _decimal_commas(columns, parse(","), notes)
    return names or numbered(len(columns)), columns, notes


def _head(opened: Callable[[], Any]) -> str:
    with opened() as stream:
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
        named = " to ".join(map(repr, dict.fromkeys(numbered(len(first))[:: len(first) - 1 or 1])))
        return [], [f"The first row holds numbers, so it was read as data; columns are {named}."]
    doubt = f"The first row was read as names, though some are numbers: {quoted(numbers)}."
    return [cell.strip() for cell in first], [doubt] if numbers else []


def _parse(
    opened: Callable[[], Any], delimiter: str, width: int, skip: int, point: str
) -> list[Column]:
    from pyarrow import csv as arrow

    names, marks = numbered(width), ["", *_MISSING, *(f" {mark}" for mark in _MISSING)]
    with opened() as stream:
        table = arrow.read_csv(
            stream,
            # a row must fit into two blocks
            arrow.ReadOptions(
                column_names=names, skip_rows_after_names=skip, block_size=16 * _HEAD
            ),
            arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            arrow.ConvertOptions(null_values=marks, decimal_point=point),
        )
    return [from_arrow(column) for column in table.columns]


def _decimal_commas(points: list[Column], commas: list[Column], notes: list[str]) -> list[Column]:
    """Each column as read with decimal points, or with commas where only that gives numbers."""
    pairs = list(zip(points, commas, strict=True))
    better = [isinstance(point, str) and not isinstance(comma, str) for point, comma in pairs]
    if any(better):
        notes.append(f"Read commas as decimal points in {sum(better)} of {len(better)} columns.")
    return [pair[use] for pair, use in zip(pairs, better, strict=True)]
