"""Lines on their way to pyarrow, which knows neither comments between rows nor blanks in a row."""

import io
import re
from pathlib import Path

from normlab.data.dialect import Dialect

_BLOCK = 1 << 20
_LINE = re.compile(rb"\r\n|\n|\r")


class Filtered(io.RawIOBase):
    """A text file without the lines before its rows and its comments, and with single delimiters.

    Opens what pyarrow opens: compressed files, too.
    """

    def __init__(self, file: Path, dialect: Dialect) -> None:
        import pyarrow as pa

        stream = pa.input_stream(str(file))
        if dialect.encoding.startswith("utf-16"):
            stream = pa.transcoding_input_stream(stream, "utf-16", "utf-8")
        self._source, self._dialect = stream, dialect
        self._skip, self._rest, self._ready, self._ended = dialect.skip, b"", b"", False
        self._changes = _changes(dialect)

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
        return lines


def _changes(dialect: Dialect) -> list[tuple[re.Pattern[bytes], bytes]]:
    comment, quote = re.escape(dialect.comment.encode()), dialect.quote.encode()
    delimiter = dialect.delimiter.encode()
    found = []
    if dialect.among:
        found.append((rb"(?m)^" + comment + rb"[^\r\n]*(?:\r\n|\n|\r|\Z)", b""))
    if dialect.runs:  # quoted cells keep their blanks
        quoted = quote + rb"[^" + quote + rb"\n]*" + quote
        found += [(rb"(" + quoted + rb")|[ \t]+", rb"\1 "), (rb"(?m)^ +| +(?=\r?$)", b"")]
        found.append((rb" +", b" "))
    if dialect.padded:
        found.append((re.escape(delimiter) + rb" +(?=" + quote + rb")", delimiter))
    return [(re.compile(pattern), by) for pattern, by in found]
