"""The cells of a text as they are written, for a copy in which some of them change."""

from collections.abc import Iterator
from typing import Any

from normlab.data import numerals, text
from normlab.data.deciding import Decision
from normlab.data.dialect import Dialect
from normlab.data.filtering import TextSource
from normlab.data.reading import Reading

_PIECE = 1 << 22


def written(file: TextSource, reading: Reading, whole: bool) -> tuple[Dialect, Decision]:
    """How a text is written: by its first lines alone, or by all of it, as `read_text` decides.

    Errors: DataError.
    """
    sample = text._sample(file, reading)
    able = numerals.able(reading.decimal, reading.thousands)
    found = text._of_sample(sample, able)
    if whole and (found.questions or text._fast(file, sample.dialect, found) is None):
        found, _ = text._careful(file, sample.dialect, able)
    return sample.dialect, found


def in_pieces(file: TextSource, dialect: Dialect) -> Iterator[Any]:
    """All cells, in record batches of text: the file is never held. A row must fit into a few megabytes."""
    from pyarrow import csv

    types = dict.fromkeys(range(dialect.width), "string")
    source, reading, *rest = text._how(file, dialect, types, ".", lines=True)
    reading.block_size, reading.use_threads = _PIECE, False
    with csv.open_csv(source, reading, *rest) as reader:
        yield from reader
