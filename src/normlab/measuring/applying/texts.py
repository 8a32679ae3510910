"""Text in rows and columns, rewritten a piece at a time: only the cells of the chosen columns change."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data import numerals
from normlab.data.cells import in_pieces, written
from normlab.data.deciding import Decision
from normlab.data.dialect import Dialect
from normlab.data.numerals import FALSE, PLAIN, TRUE, Form
from normlab.data.reading import Reading
from normlab.data.streaming import SMALL
from normlab.errors import DataError
from normlab.measuring.applying.arrow import PlanOf, Tell
from normlab.measuring.applying.columns import Plan


def text(source: Path, target: Path, plan_of: PlanOf, tell: Tell, reading: Reading) -> int:
    """Returns the number of rows.

    The delimiter, the decimal sign, the header, R's row names and marks of missing values stay; numbers are
    written with the digits that give them back. The text becomes UTF-8; cells are in quotes only where they
    must be; comments, lines before the table and a row of units, which hold no longer, are left out.
    """
    import pyarrow as pa

    dialect, found = written(source, reading, whole=source.stat().st_size <= SMALL)
    plan = plan_of(list(dialect.names))
    forms = _forms(plan, dialect, found)
    rows, size = 0, source.stat().st_size
    with pa.output_stream(str(target), compression="detect") as stream:
        if dialect.header:
            names = dialect.names[1:] if dialect.row_names else dialect.names
            stream.write(_lines([pa.array([name]) for name in names], dialect))
        for batch in in_pieces(source, dialect):
            columns = list(batch.columns)
            for place, feature in plan.places.items():
                columns[place] = _changed(columns[place], plan, feature, forms[place], rows)
            stream.write(_lines(columns, dialect))
            rows += batch.num_rows
            tell(min(_done(batch, rows, size), size), size)
    return rows


def _done(batch: Any, rows: int, size: int) -> int:
    """Bytes of the file that are done, judged by the last rows."""
    return rows * max(1, batch.nbytes) // max(1, batch.num_rows)


def _forms(plan: Plan, dialect: Dialect, found: Decision) -> dict[int, Form | None]:
    """How the numbers of each chosen column are written; None: as true and false.

    Errors: DataError for words, or for a doubt.
    """
    forms: dict[int, Form | None] = {}
    for place, feature in plan.places.items():
        name = plan.scaling.names[feature]
        form, kind = found.forms[place], found.types[place]
        if form is None and kind == "":
            raise DataError(
                f"column {name!r} is not numeric ({found.kinds[place]}), but the statistics say it was"
            )
        plain = kind == "double"  # whole numbers become decimals, and take the file's sign
        forms[place] = Form(found.decimal) if plain else form
    if any(doubt.column in plan.places for doubt in found.questions):
        found.ask(dialect.names)
    return forms


def _changed(cells: Any, plan: Plan, feature: int, form: Form | None, before: int) -> Any:
    """A column of text with its numbers normalised; what stands for a missing value stays as it is."""
    import pyarrow as pa

    trimmed = numerals.trimmed(cells)
    filled = ~numerals.missing(trimmed)
    numbers = _plain(trimmed, filled) if form == PLAIN else None
    if numbers is None:
        _refuse_others(cells, trimmed, filled, form, plan.scaling.names[feature], before)
        numbers = numerals.parsed(trimmed, filled, form) if form else numerals.booleans(trimmed)
    written = plan.column(numbers, feature).cast(pa.string())
    if form and form.decimal != ".":
        written = _replaced(written, ".", form.decimal)
    return written if filled.all() else _call("if_else", pa.array(filled), written, cells)


def _plain(trimmed: Any, filled: np.ndarray) -> Any:
    """Numbers in the plain form, at once; None where one of them is not."""
    import pyarrow as pa

    try:
        held = trimmed if filled.all() else numerals.where(trimmed, filled)
        return held.cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _refuse_others(
    cells: Any, trimmed: Any, filled: np.ndarray, form: Form | None, name: str, before: int
) -> None:
    """Errors: DataError for the first cell that is not written like the others, with its row."""
    known = numerals.matches(trimmed, form) if form else numerals.among(trimmed, TRUE + FALSE)
    if not known[filled].all():
        at = int(np.flatnonzero(filled & ~known)[0])
        words = form.words if form else "true and false"
        raise DataError(
            f"column {name!r}, data row {before + at + 1:,}: {cells[at].as_py()[:40]!r} is not written like "
            f"the rows before ({words}); correct the cell, or say how numbers are written (--decimal, "
            "--thousands)"
        )


def _lines(columns: Sequence[Any], dialect: Dialect) -> bytes:
    """Rows of text as the bytes of a file."""
    import pyarrow as pa

    delimiter = dialect.delimiter or ","
    wide = [column.cast(pa.large_string()) for column in columns]
    quoted = [_quoted(column, dialect, i == 0) for i, column in enumerate(wide)]
    between, nothing = (pa.scalar(sign, pa.large_string()) for sign in (delimiter, ""))
    rows = _call("binary_join_element_wise", *quoted, between)
    rows = _call("binary_join_element_wise", rows, pa.scalar("\n", pa.large_string()), nothing)
    _, offsets, letters = rows.buffers()
    ends = np.frombuffer(offsets, np.int64)
    return memoryview(letters)[: ends[len(rows)]].tobytes() if len(rows) else b""


def _quoted(cells: Any, dialect: Dialect, first: bool) -> Any:
    """Cells in quotes where they hold what would end them, or would make a comment or a blank of a row."""
    quote = dialect.quote
    signs = re.escape(f"{dialect.delimiter}{quote}") + r"\n\r"
    rows = "|^(#|%|//)" * first + "|^$" * (dialect.width == 1)
    must = numerals.holds(cells, f"[{signs}]{rows}")
    if not must.any():
        return cells
    import pyarrow as pa

    mark = pa.scalar(quote, pa.large_string())
    doubled = _replaced(cells, quote, quote * 2)
    inside = _call(
        "binary_join_element_wise", mark, doubled, mark, pa.scalar("", pa.large_string())
    )
    return _call("if_else", pa.array(must), inside, cells)


def _replaced(cells: Any, sign: str, by: str) -> Any:
    from pyarrow import compute

    return numerals.call("replace_substring", cells, compute.ReplaceSubstringOptions(sign, by))


def _call(name: str, *arguments: Any) -> Any:
    from pyarrow import compute

    return compute.call_function(name, list(arguments))
