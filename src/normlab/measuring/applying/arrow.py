"""Parquet and Arrow files, read and written a piece at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from normlab.errors import DataError
from normlab.measuring.applying.columns import Plan

Tell = Callable[[int, int], None]  # how much is done, of how much
PlanOf = Callable[[list[str]], Plan]  # of the names of a table's columns
_ROWS = 1 << 16  # that are read at once
_BUFFER = 1 << 18  # bytes of each column of a Parquet file that wait to be decoded
_GROUP = 1 << 25  # bytes of a row group that is written


def parquet(source: Path, target: Path, plan_of: PlanOf, tell: Tell) -> int:
    """Returns the number of rows. A row group of any size is read page by page."""
    from pyarrow import parquet

    with parquet.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False) as file:
        plan = plan_of(list(file.schema_arrow.names))
        schema = plan.schema(file.schema_arrow)
        total, rows = file.metadata.num_rows, 0
        with parquet.ParquetWriter(target, schema, compression=_compression(file)) as writer:
            for group in _groups(file.iter_batches(_ROWS), plan, schema):
                writer.write_table(group, row_group_size=group.num_rows or 1)
                rows += group.num_rows
                tell(rows, total)
    return rows


def _compression(file: Any) -> str:
    """The first column's, which is nearly always that of all."""
    metadata = file.metadata
    known = metadata.num_row_groups and metadata.num_columns
    found = metadata.row_group(0).column(0).compression.lower() if known else "snappy"
    return "none" if found == "uncompressed" else found


def _groups(batches: Iterator[Any], plan: Plan, schema: Any) -> Iterator[Any]:
    """Changed batches as tables that are large enough for a row group; at least one."""
    import pyarrow as pa

    held, size = [], 0
    for batch in batches:
        held.append(plan.changed(batch, schema))
        size += held[-1].nbytes
        if size >= _GROUP:
            yield pa.Table.from_batches(held, schema)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held, schema)


def arrow(source: Path, target: Path, plan_of: PlanOf, tell: Tell) -> int:
    """Feather, Arrow's files and its streams, which stay what they are; a record batch is held at a time."""
    rows, size = 0, source.stat().st_size
    with _opened(source) as (reader, batches, new):
        schema = plan_of(list(reader.schema.names)).schema(reader.schema)
        plan = plan_of(list(reader.schema.names))
        with new(str(target), schema, options=_options(reader.schema)) as writer:
            for batch, done in batches():
                for start in range(0, max(1, batch.num_rows), _ROWS):
                    writer.write_batch(plan.changed(batch.slice(start, _ROWS), schema))
                rows += batch.num_rows
                tell(done, size)
    return rows


@contextmanager
def _opened(source: Path) -> Iterator[Any]:
    """A reader, a function that gives its batches with the bytes done, and what writes the same kind."""
    import pyarrow as pa
    from pyarrow import ipc

    with pa.OSFile(str(source)) as stream:
        begins = stream.read(6)
    if begins.startswith(b"FEA1"):
        raise DataError(
            "is Feather version 1, which cannot be read in pieces; save it as version 2 "
            "(pyarrow.feather.write_feather)"
        )
    with pa.memory_map(str(source)) as mapped:
        if begins == b"ARROW1":
            file = ipc.open_file(mapped)
            yield file, lambda: _of_file(file, mapped.size()), ipc.new_file
        else:
            stream = ipc.open_stream(mapped)
            yield stream, lambda: ((batch, mapped.tell()) for batch in stream), ipc.new_stream


def _of_file(file: Any, size: int) -> Iterator[tuple[Any, int]]:
    for i in range(file.num_record_batches):
        yield file.get_batch(i), size * (i + 1) // file.num_record_batches


def _options(schema: Any) -> Any:
    """Dictionaries may grow from one batch to the next in a stream, and change in neither."""
    from pyarrow import ipc

    return ipc.IpcWriteOptions(unify_dictionaries=False, emit_dictionary_deltas=False)
