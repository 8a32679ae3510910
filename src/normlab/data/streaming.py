"""Tables that are read piece by piece, since they need not fit into memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from normlab.data.binary import pandas_index
from normlab.data.choosing import unique
from normlab.data.columns import Read, from_arrow, reason
from normlab.data.reading import OF_TEXT, Reading, refuse_unused
from normlab.data.table import TEXTS, check_there, read
from normlab.data.text import TextStream
from normlab.errors import DataError, need

SMALL = 1 << 26  # bytes of a text that is read whole, with the evidence of all its rows
_BATCHES = 16  # of an Arrow file, that are a part
_BUFFER = 1 << 18
_MOST_ROWS, _MOST_CELLS = 1 << 18, 1 << 21  # that are read at once


class Stream(Protocol):
    """A table in parts that can be read in any order, each of them piece by piece.

    `head` has all columns, of the first rows; `parts` is how many parts there are.
    """

    @property
    def parts(self) -> int: ...

    def head(self) -> Read: ...

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        """Columns of arrow or numpy, or Words, by their numbers in the file."""
        ...


def stream(file: Path, reading: Reading) -> Stream:
    """Errors: DataError, without the file's name; SettingError for options that say nothing."""
    check_there(file)
    ending = _ending(file)
    text = ending in TEXTS
    refuse_unused(reading, ["exclude", *(OF_TEXT if text else ())], f"a {ending} file")
    need(f"reading {ending}", "tables")
    with _told(ending):
        if not text:
            return _KINDS[ending](file)
        return TextStream(file, reading) if file.stat().st_size > SMALL else _Whole(file, reading)


def head(opened: Stream) -> Read:
    found = opened.head()
    unique(found)
    return found


@contextmanager
def _told(ending: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f"cannot be read as {ending}: {reason(error)}; check it, or save it again"
        ) from error


def _ending(file: Path) -> str:
    name = file.name.lower()
    ending = next((e for e in (*_KINDS, *TEXTS) if name.endswith(e)), None)
    if ending is None:
        raise DataError(
            f"has an ending that is not a table's; it must be one of {', '.join(ENDINGS)}"
        )
    return ending


class _Whole:
    """A small text."""

    parts = 1

    def __init__(self, file: Path, reading: Reading) -> None:
        self._found = read(file, reading)

    def head(self) -> Read:
        return self._found

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        yield [self._found.columns[i] for i in wanted]


class _Parquet:
    """Each row group is a part. A small buffer and no reading ahead: memory holds pages, not row groups."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as source:
            self.parts, self._schema = source.metadata.num_row_groups, source.schema_arrow

    def _opened(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(self._file, buffer_size=_BUFFER, pre_buffer=False)

    def head(self) -> Read:
        with self._opened() as source:
            batch = next(source.iter_batches(batch_size=1000, use_threads=False), None)
        return _of_batch(batch if batch is not None else _empty(self._schema), "Parquet")

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        names = [self._schema.names[i] for i in wanted]
        rows = max(1, min(_MOST_ROWS, _MOST_CELLS // max(1, len(names))))
        with self._opened() as source:
            for batch in source.iter_batches(
                batch_size=rows, row_groups=[part], columns=names, use_threads=False
            ):
                yield [batch.column(name) for name in names]


class _Arrow:
    """An Arrow file (Feather 2): some batches are a part."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as source:
            self.parts = max(1, -(-source.num_record_batches // _BATCHES))

    def _opened(self) -> Any:
        import pyarrow as pa
        from pyarrow import ipc

        return ipc.open_file(pa.memory_map(str(self._file)))

    def head(self) -> Read:
        with self._opened() as source:
            batch = source.get_batch(0) if source.num_record_batches else _empty(source.schema)
        return _of_batch(batch.slice(0, 1000), "an Arrow file")

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        with self._opened() as source:
            last = min((part + 1) * _BATCHES, source.num_record_batches)
            for i in range(part * _BATCHES, last):
                batch = source.get_batch(i)
                yield [batch.column(i) for i in wanted]


class _ArrowStream:
    parts = 1

    def __init__(self, file: Path) -> None:
        self._file = file

    def _opened(self) -> Any:
        import pyarrow as pa
        from pyarrow import ipc

        return ipc.open_stream(pa.memory_map(str(self._file)))

    def head(self) -> Read:
        with self._opened() as source:
            batch = next(iter(source), None)
            batch = _empty(source.schema) if batch is None else batch
        return _of_batch(batch.slice(0, 1000), "an Arrow stream")

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        with self._opened() as source:
            for batch in source:
                yield [batch.column(i) for i in wanted]


class _Feather1:
    """The old format, which cannot be read in pieces."""

    parts = 1

    def __init__(self, file: Path) -> None:
        from pyarrow import feather

        self._table = feather.read_table(str(file), memory_map=False)

    def head(self) -> Read:
        return _of_batch(self._table, "Feather 1")

    def pieces(self, wanted: Sequence[int], part: int) -> Iterator[list[Any]]:
        yield [self._table.column(i) for i in wanted]


def _arrow(file: Path) -> Stream:
    with file.open("rb") as opened:
        begins = opened.read(6)
    if begins.startswith(b"FEA1"):
        return _Feather1(file)
    return _Arrow(file) if begins == b"ARROW1" else _ArrowStream(file)


def _empty(schema: Any) -> Any:
    return schema.empty_table()


def head_of(table: Any) -> Read:
    """The columns of arrow's first rows, where there is no file."""
    found = _of_batch(table.slice(0, 1000), "Arrow")
    unique(found)
    return found


def _of_batch(batch: Any, words: str) -> Read:
    columns = [from_arrow(column) for column in batch.columns]
    names = list(batch.schema.names)
    return Read(names, columns, words, index=pandas_index(batch.schema))


_KINDS: dict[str, Any] = {
    **dict.fromkeys((".parquet", ".pq"), _Parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), _arrow),
}
ENDINGS = (*_KINDS, *(e for e in TEXTS if e.count(".") == 1))
