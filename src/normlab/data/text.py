"""Text in rows and columns: the first lines decide how it is written, pyarrow reads the rest.

What the first lines did not show (another sign, a word among numbers) makes pyarrow refuse; then the
whole file is read as words, and decides anew with the evidence of all its rows.
"""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data import numerals
from normlab.data.columns import Column, Read, Words, numbered, quoted, reason
from normlab.data.deciding import Decision, decided
from normlab.data.dialect import Dialect
from normlab.data.filtering import ContradictionError, Filtered, TextSource, opened
from normlab.data.numerals import FALSE, MISSING, TRUE, Counts, Form
from normlab.data.reading import Reading
from normlab.data.sniffing import Sample, is_number, sniff
from normlab.data.stretches import Lines, Stretch, stretch, stretches
from normlab.errors import DataError

_HEAD = 1 << 15  # bytes that are looked at first
_MOST_HEAD = 1 << 26  # of a file whose lines are long
_FEW_LINES = 20
_PACKED = (".gz", ".bz2", ".zst")
_BLOCK = 1 << 20  # that one thread parses at a time; a row must fit into two
_MARKS = [f"{a}{mark}{b}" for mark in MISSING for a in ("", " ") for b in ("", " ")]


def read_text(file: TextSource, reading: Reading) -> Read:
    """A table in any dialect. Errors: DataError, and whatever pyarrow raises."""
    sample = _sample(file, reading)
    dialect = sample.dialect
    if not sample.rows:
        what = "a header" if dialect.header else "other lines"
        raise DataError(f"holds {what} and no rows; a table needs at least 2 rows of numbers")
    able = numerals.able(reading.decimal, reading.thousands)
    found = _of_sample(sample, able)
    columns = None if found.questions else _fast(file, dialect, found)
    if columns is None:
        found, columns = _careful(file, dialect, able)
    found.ask(dialect.names if dialect.header else numbered(dialect.width))
    return _read(dialect, found, columns)


class TextStream:
    """A text in pieces. What its first lines do not show cannot be known: a later contradiction raises."""

    def __init__(self, file: TextSource, reading: Reading) -> None:
        sample = _sample(file, reading)
        self._file, self._dialect = file, sample.dialect
        able = numerals.able(reading.decimal, reading.thousands)
        if not sample.rows:
            raise DataError("holds no rows; a table needs rows of numbers")
        self._found = _of_sample(sample, able)
        width = self._dialect.width
        self._found.ask(self._dialect.names if self._dialect.header else numbered(width))

    def head(self) -> Read:
        """The columns of the first piece."""
        kinds = self._found.kinds
        columns: list[Column] = [Words(kind) for kind in kinds]
        known = [i for i, kind in enumerate(self._found.types) if kind]
        for i, column in zip(known, next(self.pieces(known), []), strict=False):
            columns[i] = column
        return _read(self._dialect, self._found, columns)

    @property
    def parts(self) -> int:
        """Stretches that can be read by themselves: one of a packed file, and of UTF-16."""
        if not isinstance(self._file, Path) or self._file.suffix.lower() in _PACKED:
            return 1
        return 1 if self._dialect.encoding == "utf-16" else stretches(self._file)

    def pieces(self, wanted: Sequence[int], part: int = 0) -> Iterator[list[Any]]:
        """Columns by number; words as they are written. Errors: DataError for what contradicts."""
        import pyarrow as pa
        from pyarrow import csv

        types = {i: self._found.types[i] or "string" for i in wanted}
        file, dialect = self._file, self._dialect
        if isinstance(file, Path) and self.parts > 1:
            file = stretch(file, part, dialect.quote)
            if Lines(file).empty:
                return
            dialect = replace(dialect, skip=0) if part else dialect
        how = _how(file, dialect, types, self._found.decimal, lines=True)
        try:
            with csv.open_csv(*how) as stream:
                for batch in stream:
                    yield [self._column(i, batch.column(at)) for at, i in enumerate(types)]
        except (pa.ArrowInvalid, ContradictionError) as error:
            raise DataError(
                f"holds something that its first lines did not show ({reason(error)}); say how it is "
                f"written (--delimiter, --decimal, --thousands, --skip-rows), or fix the row{_cut(file)}"
            ) from error

    def _column(self, i: int, cells: Any) -> Any:
        if self._found.types[i] == "string":
            return _numbers(numerals.trimmed(cells), self._found.forms[i])
        return cells


def _cut(file: TextSource) -> str:
    """What else may be the matter where a text was cut."""
    if not isinstance(file, Stretch):
        return ""
    return "; where a cell in quotes goes over several lines, save so long a file as Parquet"


def _read(dialect: Dialect, found: Decision, columns: list[Column]) -> Read:
    names, notes = list(dialect.names), [*dialect.notes()]
    if dialect.row_names:
        names[0], columns[0] = "row names", Words("R's row names")
    if not dialect.header:
        names = numbered(dialect.width)
        ends = " to ".join(map(repr, dict.fromkeys([names[0], names[-1]])))
        notes.append(f"The first row holds numbers, so it was read as data; columns are {ends}.")
    elif numbers := [name for name in names if is_number(name)]:
        notes.append(
            f"The first row was read as names, though some are numbers: {quoted(numbers)}."
        )
    notes += found.notes(names)
    return Read(names, columns, dialect.words(found.words), notes)


def _sample(file: TextSource, reading: Reading) -> Sample:
    head, whole = _head(file)
    text, encoding = _decoded(head, whole)
    tabs = any(ending in file.name.lower()[-8:] for ending in (".tsv", ".tab"))
    return sniff(text, encoding, reading, whole, tabs)


def _head(file: TextSource) -> tuple[bytes, bool]:
    """The file's first lines, and whether they are all."""

    head = b""
    with opened(file) as stream:
        while len(head) < _MOST_HEAD and (not head or head.count(b"\n") < _FEW_LINES):
            more = stream.read(max(_HEAD, len(head)))
            head += more
            if not more:
                return head, True
        return head, not stream.read(1)


def _decoded(head: bytes, whole: bool) -> tuple[str, str]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")().decode(head), "utf-16"
    if b"\0" in head:
        raise DataError("is not text: it has bytes of 0; give a text file, or the right ending")
    for encoding in ("utf-8", "cp1252"):
        try:  # incrementally, since the head may end within a character
            text = codecs.getincrementaldecoder(encoding)().decode(head, whole)
            return text.removeprefix("\ufeff"), encoding
        except UnicodeDecodeError:
            continue
    return head.decode("latin-1"), "latin-1"


def _of_sample(sample: Sample, able: Sequence[Form]) -> Decision:
    import pyarrow as pa

    dialect, flat = sample.dialect, [cell for row in sample.rows for cell in row]
    if dialect.delimiter == "," and not any("," in cell for cell in flat):
        able = [form for form in able if form.decimal == "."] or able
    cells = numerals.trimmed(pa.array(flat, pa.string()))
    counts = Counts.of(cells, dialect.width, able)
    return decided(
        counts, dialect.delimiter, lambda i: cells.take(np.arange(i, len(cells), dialect.width))
    )


def _fast(file: TextSource, dialect: Dialect, found: Decision) -> list[Column] | None:
    """The columns as the first lines decided; None where the rest of the file contradicts them."""
    import pyarrow as pa

    for read in (_without_thousands, _column_by_column):
        try:
            return _columns(file, dialect, found, read(file, dialect, found))
        except (pa.ArrowInvalid, ContradictionError):
            continue
    return None


def _without_thousands(file: TextSource, dialect: Dialect, found: Decision) -> dict[int, Any]:
    """The columns where one thousands sign is left out of the whole text before it is parsed."""
    forms = {found.forms[i] for i, kind in enumerate(found.types) if kind == "string"}
    form = next(iter(forms)) if len(forms) == 1 else None
    signs = {".", ",", "'"} - {dialect.delimiter, dialect.quote}
    if form is None or form.decimal != found.decimal or form.thousands not in signs:
        raise ContradictionError
    types = {
        i: "double" if kind == "string" else kind for i, kind in enumerate(found.types) if kind
    }
    table = _table(file, dialect, types, found.decimal, numbers=form)
    return dict(zip(types, table.columns, strict=True))


def _column_by_column(file: TextSource, dialect: Dialect, found: Decision) -> dict[int, Any]:
    types = {i: kind for i, kind in enumerate(found.types) if kind}
    table = _table(file, dialect, types, found.decimal)
    held = dict(zip(types, table.columns, strict=True)) if types else {}
    for i in [i for i, kind in types.items() if kind == "string"]:
        held[i] = _numbers(numerals.trimmed(held[i]), found.forms[i])
    return held


def _careful(
    file: TextSource, dialect: Dialect, able: Sequence[Form]
) -> tuple[Decision, list[Column]]:
    """The decision and the columns with the evidence of the whole file."""
    types = dict.fromkeys(range(dialect.width), "string")
    table = _table(file, dialect, types, lines=True)
    cells = [numerals.trimmed(column) for column in table.columns]
    counts = Counts.joined([Counts.of(column, 1, able) for column in cells])
    found = decided(counts, dialect.delimiter, cells.__getitem__)
    held = {i: _numbers(cells[i], found.forms[i]) for i, kind in enumerate(found.types) if kind}
    return found, _columns(file, dialect, found, held)


def _columns(
    file: TextSource, dialect: Dialect, found: Decision, held: Mapping[int, Any]
) -> list[Column]:
    def column(i: int) -> Column:
        if i in held and (found.kinds[i] != "no values" or held[i].null_count < len(held[i])):
            return held[i]
        return Words(found.kinds[i], lambda: _cells(file, dialect, i))

    return [column(i) for i in range(dialect.width)]


def _cells(file: TextSource, dialect: Dialect, column: int) -> list[str]:
    """A column as it is written."""
    table = _table(file, dialect, {column: "string"}, lines=True)
    return [cell or "" for cell in numerals.trimmed(table.column(0)).to_pylist()]


def _numbers(cells: Any, form: Form | None) -> Any:
    """Trimmed cells of text as an arrow column of float64; form None: true and false."""
    import pyarrow as pa

    if pa.types.is_boolean(cells.type):
        return cells.cast(pa.float64())
    if form is None:
        return numerals.booleans(cells)
    filled = ~numerals.missing(cells)
    if not numerals.matches(cells, form)[filled].all():
        raise ContradictionError
    return numerals.parsed(cells, filled, form)


def _table(
    file: TextSource,
    dialect: Dialect,
    types: Mapping[int, str],
    decimal: str = ".",
    lines: bool = False,
    numbers: Form | None = None,
) -> Any:
    """Some columns of the file as pyarrow reads them; lines: cells in quotes may hold ends of lines."""
    from pyarrow import csv

    return csv.read_csv(*_how(file, dialect, types, decimal, lines, numbers))


def _how(
    file: TextSource,
    dialect: Dialect,
    types: Mapping[int, str],
    decimal: str,
    lines: bool,
    numbers: Form | None = None,
) -> tuple[Any, ...]:
    import pyarrow as pa
    from pyarrow import csv

    names = numbered(dialect.width)
    chosen = {names[i]: pa.type_for_alias(kind) for i, kind in types.items()}
    as_it_is = dialect.plain and numbers is None
    stays = as_it_is or dialect.encoding != "utf-16"  # of which Filtered makes UTF-8
    encoding = dialect.encoding if stays and _matters(dialect, types) else "utf8"
    return (
        opened(file) if as_it_is else Filtered(file, dialect, numbers),
        csv.ReadOptions(
            column_names=names,
            skip_rows=dialect.skip if as_it_is else 0,
            block_size=16 * _BLOCK if lines else _BLOCK,
            encoding=encoding,
        ),
        csv.ParseOptions(
            delimiter=dialect.delimiter or "\x1f",
            quote_char=dialect.quote,
            newlines_in_values=lines,
            invalid_row_handler=lambda row: "skip" if _no_row(row.text, dialect) else "error",
        ),
        csv.ConvertOptions(
            column_types=chosen,
            include_columns=list(chosen) or names[:1],
            null_values=_MARKS,
            true_values=list(TRUE),
            false_values=list(FALSE),
            decimal_point=decimal,
        ),
    )


def _no_row(text: str, dialect: Dialect) -> bool:
    """A blank line, or a comment that the first lines did not show, in a place for a row."""
    return not text.strip() or text.startswith(dialect.comment or "#")


def _matters(dialect: Dialect, types: Mapping[int, str]) -> bool:
    """Numbers alone are the same bytes in all encodings but this."""
    return dialect.encoding == "utf-16" or "string" in types.values()
