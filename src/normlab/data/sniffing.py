"""From a file's first lines to its dialect: which sign splits rows alike, and where the table begins."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from normlab.data.dialect import Dialect
from normlab.data.numerals import DATES, FORMS, MISSING
from normlab.data.reading import Reading
from normlab.errors import DataError

_COMMENTS = ("#", "%", "//")
_LOOKED_AT = 100  # rows that choose the delimiter
_LOOKED_AT_CELLS = 20_000
_NUMBER = re.compile(rf"\s*(?:{'|'.join(f'(?:{form.pattern[1:-1]})' for form in FORMS)})\s*")
_TRUST = {" ": 0.95, "": 0.5}  # blanks are also in words, and numbers with commas in one column
_NOTHING = frozenset(MISSING)
_DATE = re.compile(DATES)
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # Excel's first line


@dataclass(frozen=True)
class Row:
    """One row's cells; how many lines of the file are before it, and how many end with it."""

    cells: list[str]
    before: int
    ends: int


@dataclass(frozen=True, eq=False)
class Sample:
    """The dialect, and the cells of the first rows, each as long as the dialect is wide."""

    dialect: Dialect
    rows: list[list[str]]


def sniff(text: str, encoding: str, reading: Reading, whole: bool, tabs: bool = False) -> Sample:
    """The dialect of a text that is a file's beginning, or all of it. Errors: DataError."""
    lines = list(io.StringIO(text, newline=""))
    first, delimiter = reading.skip_rows or 0, reading.delimiter
    if first >= len(lines) and whole:
        raise DataError(f"has {len(lines)} lines, and {first} were to be skipped; skip fewer")
    if first == 0 and delimiter is None and lines and (found := _SEPARATOR.fullmatch(lines[0])):
        first, delimiter = 1, found[1]
    comment = _comment(lines[first:])
    quote = _quote(text, delimiter)
    if delimiter is None:
        delimiter = _delimiter(lines, first, quote, comment, reading, tabs)
    rows = _rows(lines, first, delimiter, quote, comment, whole)
    if not rows:
        raise DataError("is empty; it must hold rows of numbers, so save it again")
    if reading.delimiter is None and delimiter == ",":
        _refuse_doubtful_commas(rows)
    runs = delimiter == " " and any(re.search(r"^ |  |\t", line) for line in lines[first:])
    padding = f"(?m)(?:^|{re.escape(delimiter)}) +{re.escape(quote)}"
    padded = delimiter not in ("", " ") and re.search(padding, text) is not None
    dialect = Dialect(
        encoding, delimiter, quote, (), comment=comment, runs=runs, padded=padded, skip=first
    )
    return _laid_out(dialect, rows, lines, preamble=reading.skip_rows is None)


def _comment(lines: Sequence[str]) -> str:
    """What begins the lines before the table, unless all lines begin with it."""
    held = [line for line in lines if line.strip()]
    for mark in _COMMENTS:
        if held and held[0].startswith(mark) and not all(line.startswith(mark) for line in held):
            return mark
    few = sum(line.startswith("#") for line in held)
    return "#" if 0 < few < len(held) / 2 else ""


def _comments(line: str, comment: str) -> bool:
    return bool(comment) and line.startswith(comment)


def _quote(text: str, delimiter: str | None) -> str:
    """A single quote where cells begin and end with one, and none has the usual one."""
    ends = re.escape(",;\t| " + (delimiter or ""))
    cell = rf"(?:^|[{ends}])'[^'\n]*'\s*(?:[{ends}]|$)"
    return "'" if '"' not in text and re.search(cell, text, re.MULTILINE) else '"'


def _delimiter(
    lines: Sequence[str], first: int, quote: str, comment: str, reading: Reading, tabs: bool
) -> str:
    """The sign that splits rows best; of equals, a semicolon before a comma, which may be a decimal one."""
    held = (i for i, line in enumerate(lines) if i >= first and not _comments(line, comment))
    lines = lines[: next(held, 0) + 2 * _LOOKED_AT]
    order, text = "\t;,| " if tabs else ";\t,| ", "".join(lines[first:])
    able = [*(sign for sign in order if sign in text and sign != reading.decimal), ""]
    split = {sign: _rows(lines, first, sign, quote, comment, True) for sign in able}
    if any(
        all(len(row.cells) > 1 for row in split.get(sign, ())[1:])
        for sign in ";\t|"
        if sign in split
    ):
        split.pop(" ", None)  # which stands in words and around cells
    worth = {sign: _worth(rows, sign) for sign, rows in split.items()}
    return max(worth, key=worth.__getitem__)


def _rows(
    lines: Sequence[str], first: int, delimiter: str, quote: str, comment: str, whole: bool
) -> list[Row]:
    """The rows that are not blank; one that the text may have cut off is left out."""
    at, begins, fresh = first, first, True

    def given() -> Iterator[str]:
        nonlocal at, begins, fresh
        for line in lines[first:]:
            at += 1
            if not _comments(line, comment):
                begins, fresh = (at - 1 if fresh else begins), False
                yield line.rstrip(" ") if delimiter == " " else line

    rows: list[Row] = []
    try:
        for cells in _split(given(), delimiter, quote):
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                rows.append(Row(cells, begins, at))
            fresh = True
    except csv.Error as error:
        raise DataError(f"cannot be read as rows and columns of text ({error})") from error
    return rows if whole else rows[:-1]


def _split(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    csv.field_size_limit(1 << 24)
    return csv.reader(lines, delimiter=delimiter or "\x1f", quotechar=quote, skipinitialspace=True)


def _worth(rows: Sequence[Row], delimiter: str) -> float:
    """How well a sign splits rows: alike, and into numbers."""
    if not rows:
        return 0.0
    most = max(3, min(_LOOKED_AT, _LOOKED_AT_CELLS // len(rows[0].cells)))
    looked = [row.cells for row in rows[:most]]
    width = _width(looked)
    if width == 1 and delimiter:
        return 0.0
    alike = [cells for cells in looked if len(cells) == width]
    below = alike[1:] or alike  # whether or not the first holds names
    cells = [cell for row in below for cell in row if cell.strip() not in _NOTHING]
    numbers = sum(is_number(cell) or bool(_DATE.fullmatch(cell)) for cell in cells)
    numbers /= max(1, len(cells))
    short = 0.5 * (len(looked[0]) == width - 1)  # R's header
    return (len(alike) + short) / len(looked) * (0.1 + numbers) * _TRUST.get(delimiter, 1.0)


def _width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0]


def _refuse_doubtful_commas(rows: Sequence[Row]) -> None:
    """One name above rows of `1,5`: numbers with decimal commas, or row names and whole numbers."""
    head, body = rows[0].cells, [row.cells for row in rows[1:]]
    if (
        len(head) == 1
        and body
        and all(
            len(cells) == 2 and all(cell.strip("+-").isdigit() for cell in cells) for cells in body
        )
    ):
        name, example = head[0], ",".join(body[0])
        raise DataError(
            f"has one name, {name!r}, above rows like {example!r}, which may be one number or two; give "
            "--decimal , (one number) or --delimiter , (a row name and a number)"
        )


def _laid_out(dialect: Dialect, rows: list[Row], lines: Sequence[str], preamble: bool) -> Sample:
    """Where the table begins, what its header says, and whether units stand under it."""
    width = _width([row.cells for row in rows])
    lead = next(i for i, row in enumerate(rows) if len(row.cells) == width)
    titled = width == 2 and _wordy(rows[lead].cells)  # one word above names is a title
    if lead and _is_header(rows[lead - 1].cells, width) and not titled:
        dialect, body = _short_header(dialect, rows, lead)
        before = rows[: lead - 1]
    elif lead and preamble and not any(_numeric(row.cells) for row in rows[:lead]):
        dialect, body = _header(dialect, rows[lead:], lines)
        before = rows[:lead]
    else:
        dialect, body = _header(dialect, rows, lines)
        before = []
    if before and not preamble:
        before = []
    dialect = replace(dialect, left_out=tuple(" ".join(row.cells).strip() for row in before))
    dialect, body = _units(dialect, body)
    among = any(line.startswith(dialect.comment) for line in lines[dialect.skip :])
    dialect = replace(dialect, among=bool(dialect.comment) and among)
    return Sample(dialect, [row.cells for row in body if len(row.cells) == dialect.width])


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any form, or nearly."""
    return bool(_NUMBER.fullmatch(cell))


def _numeric(cells: Sequence[str]) -> bool:
    return all(map(is_number, cells))


def _is_header(cells: Sequence[str], width: int) -> bool:
    """Whether a row that is one cell short can be the header: names, and no numbers."""
    return len(cells) == width - 1 and _wordy(cells)


def _wordy(cells: Sequence[str]) -> bool:
    return all(cell.strip() and not is_number(cell) for cell in cells)


def _short_header(dialect: Dialect, rows: list[Row], lead: int) -> tuple[Dialect, list[Row]]:
    """R's header leaves out the row names; but where rows end with a delimiter, nothing is left out."""
    names, body = [name.strip() for name in rows[lead - 1].cells], rows[lead:]
    ends_empty = all(not row.cells[-1].strip() for row in body)
    full = (*names, "") if ends_empty else ("", *names)
    return replace(dialect, names=full, row_names=not ends_empty, skip=rows[lead - 1].ends), body


def _header(dialect: Dialect, rows: list[Row], lines: Sequence[str]) -> tuple[Dialect, list[Row]]:
    first = rows[0].cells
    width = _width([row.cells for row in rows])
    if len(first) > width and not any(cell.strip() for cell in first[width:]):
        first = first[:width]  # a header that ends with delimiters
    if not holds_names(first, rows[1].cells if len(rows) > 1 else ()):
        before = rows[0].before
        names = _commented_names(dialect, lines[:before], width)
        found = replace(dialect, names=names or ("",) * width, header=bool(names), skip=before)
        return found, rows
    return replace(dialect, names=tuple(c.strip() for c in first), skip=rows[0].ends), rows[1:]


def _commented_names(dialect: Dialect, before: Sequence[str], width: int) -> tuple[str, ...]:
    """numpy and others write the header as a last comment; it has a name for every column, or is none."""
    comments = [line for line in before if dialect.comment and line.startswith(dialect.comment)]
    if not comments or width < 2:
        return ()
    text = comments[-1].removeprefix(dialect.comment).strip()
    split = _split([text], dialect.delimiter, dialect.quote)
    names = tuple(name.strip() for name in next(split, []))
    return names if len(names) == width and not _numeric(names) else ()


def holds_names(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether a file's first row holds names, and not data."""
    numbers = [is_number(cell) for cell in first]
    nothing = [cell.strip() in _NOTHING and i > 0 for i, cell in enumerate(first)]
    if any(numbers) and all(n or e for n, e in zip(numbers, nothing, strict=True)):
        return False
    # whole numbers may be names (years); fractions above numbers, with text above text, are data
    alike = [is_number(cell) for cell in second] == numbers
    fraction = any(re.search(r"[.,]\d", c) for c, n in zip(first, numbers, strict=True) if n)
    return not (alike and fraction)


def _units(dialect: Dialect, body: list[Row]) -> tuple[Dialect, list[Row]]:
    """A row of words under the header, above columns of numbers."""
    if not dialect.header or len(body) < 2 or len(body[0].cells) != dialect.width:
        return dialect, body
    words, below = body[0].cells, [row.cells for row in islice(body, 1, _LOOKED_AT)]
    below = [cells for cells in below if len(cells) == dialect.width]
    if not below or any(map(is_number, words)):
        return dialect, body
    columns = zip(words, zip(*below, strict=True), strict=True)
    if any(word.strip() not in _NOTHING and _of_numbers(cells) for word, cells in columns):
        units = tuple(word.strip() for word in words)
        return replace(dialect, units=units, skip=body[0].ends), body[1:]
    return dialect, body


def _of_numbers(cells: Sequence[str]) -> bool:
    held = [cell for cell in cells if cell.strip() not in _NOTHING]
    return bool(held) and all(map(is_number, held))
