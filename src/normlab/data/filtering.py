"""Lines on their way to pyarrow, which knows neither comments between rows nor blanks in a row."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.dialect import Dialect
from normlab.data.numerals import Form
from normlab.data.stretches import Lines, Stretch

_BLOCK = 1 << 20
_EDGE = b"\n" * 5
_LINE = re.compile(rb"\r\n|\n|\r")


class ContradictionError(ValueError):
    """A file holds what its first lines did not show."""


@dataclass(frozen=True)
class Pasted:
    """A text that is in no file, where the path of one may stand."""

    name: str
    content: bytes


TextSource = Path | Pasted | Stretch


def opened(source: TextSource) -> Any:
    """The bytes of a text, decompressed, from the beginning."""
    import pyarrow as pa

    if isinstance(source, Pasted):
        return pa.BufferReader(source.content)
    if isinstance(source, Stretch):
        return Lines(source)
    return pa.input_stream(str(source))


class Filtered(io.RawIOBase):
    """A text file without the lines before its rows and its comments, and with single delimiters.

    numbers: a form whose thousands sign is left out, too. Opens what pyarrow opens: compressed files, too.
    """

    def __init__(self, file: TextSource, dialect: Dialect, numbers: Form | None = None) -> None:
        import pyarrow as pa

        stream = opened(file)
        if dialect.encoding.startswith("utf-16"):
            stream = pa.transcoding_input_stream(stream, "utf-16", "utf-8")
        self._source, self._dialect = stream, dialect
        self._skip, self._rest, self._ready, self._ended = dialect.skip, b"", b"", False
        self._changes, self._numbers = _changes(dialect), numbers

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._ready += self._next()
        size = len(self._ready) if size < 0 else size
        given, self._ready = self._ready[:size], self._ready[size:]
        return given

    def close(self) -> None:
        self._source.close()
        super().close()

    def _next(self) -> bytes:
        """Whole lines, changed."""
        block = self._source.read(_BLOCK)
        self._ended = not block
        held = self._rest + block
        cut = len(held) if self._ended else held.rfind(b"\n") + 1
        lines, self._rest = held[:cut], held[cut:]
        while self._skip and (end := _LINE.search(lines)):
            lines, self._skip = lines[end.end() :], self._skip - 1
        for pattern, by in self._changes:
            lines = pattern.sub(by, lines)
        if self._numbers is None:
            return lines
        return without_thousands(lines, self._numbers.thousands, self._numbers.decimal)


def _changes(dialect: Dialect) -> list[tuple[re.Pattern[bytes], Any]]:
    """What is replaced, and by what. Cells in quotes, in which a quote is doubled, keep their blanks."""
    comment, quote = re.escape(dialect.comment.encode()), re.escape(dialect.quote.encode())
    delimiter = re.escape(dialect.delimiter.encode())
    cell = quote + rb"(?:[^" + quote + rb"\n]|" + quote * 2 + rb")*" + quote
    found: list[tuple[bytes, Any]] = []
    if dialect.among:
        found.append((rb"(?m)^" + comment + rb"[^\r\n]*(?:\r\n|\n|\r|\Z)", b""))
    if dialect.runs:
        found.append((rb"(" + cell + rb")|[ \t]+", lambda met: met[1] or b" "))
        found.append((rb"(?m)^ +| +(?=\r?$)", b""))
    if dialect.padded:
        long = cell.replace(rb"\n", b"")  # it may go on in the next line
        ends = rb"(?= *(?:" + delimiter + rb"|\r|\n|\Z))"
        found.append((rb"(?m)(^|" + delimiter + rb") *(" + long + rb")" + ends, rb"\1\2"))
    return [(re.compile(pattern), by) for pattern, by in found]


def without_thousands(lines: bytes, sign: str, decimal: str) -> bytes:
    """Whole lines without a thousands sign. Errors: ContradictionError where one parts no thousands.

    It must have three digits after it and one to three before it, that begin neither with 0 nor after
    a decimal sign: as numerals.Form.pattern, but at the speed of pyarrow.
    """
    codes = np.frombuffer(_EDGE + lines + _EDGE, np.uint8)
    at = np.flatnonzero(codes == ord(sign))
    digit = (codes >= ord("0")) & (codes <= ord("9"))
    after = digit[at + 1] & digit[at + 2] & digit[at + 3] & ~digit[at + 4]
    width = np.select(
        [~digit[at - 1], ~digit[at - 2], ~digit[at - 3], ~digit[at - 4]], [0, 1, 2, 3], 4
    )
    first, before = codes[at - width], codes[at - width - 1]
    begins = (first != ord("0")) & (before != ord(decimal))
    if not (after & (width >= 1) & (width <= 3) & ((before == ord(sign)) | begins)).all():
        raise ContradictionError
    return lines.translate(None, sign.encode())
