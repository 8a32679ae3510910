"""Stretches of a long text, cut at ends of lines, that can be read in any order."""

import io
from dataclasses import dataclass
from pathlib import Path

from normlab.errors import DataError

LENGTH = 1 << 26  # bytes
_LOOK = 1 << 16
_MOST = 1 << 20  # bytes that are read at once


@dataclass(frozen=True)
class Stretch:
    """Of a file the lines that begin at byte start or later, and before byte stop."""

    path: Path
    start: int
    stop: int
    quote: str

    @property
    def name(self) -> str:
        return self.path.name


def stretches(path: Path) -> int:
    """How many stretches a file has."""
    return max(1, -(-path.stat().st_size // LENGTH))


def stretch(path: Path, part: int, quote: str) -> Stretch:
    return Stretch(path, part * LENGTH, (part + 1) * LENGTH, quote)


class Lines(io.RawIOBase):
    """The bytes of a stretch. Errors: DataError at its end where it was cut within a cell in quotes."""

    def __init__(self, given: Stretch) -> None:
        self._given, self._quotes = given, 0
        self._stream = given.path.open("rb")
        self._at, self._end = self._line_after(given.start), self._line_after(given.stop)
        self._stream.seek(self._at)

    @property
    def empty(self) -> bool:
        return self._at >= self._end

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        content = self._stream.read(left if size < 0 else min(size, left, _MOST))
        self._at += len(content)
        self._quotes += content.count(self._given.quote.encode()) if self._given.quote else 0
        if self._at >= self._end and self._quotes % 2:
            raise DataError(
                f"has a cell in quotes over several lines, between bytes {self._given.start:,} and "
                f"{self._end:,}, where a long file is cut into parts; save it as Parquet"
            )
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _line_after(self, at: int) -> int:
        """Where the first line begins that begins at this byte or later."""
        if at == 0:
            return 0
        self._stream.seek(at - 1)
        at -= 1
        while block := self._stream.read(_LOOK):
            if (end := block.find(b"\n")) >= 0:
                return at + end + 1
            at += len(block)
        return at
