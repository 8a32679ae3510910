"""How long a CSV takes: read_table, from the file to a checked tensor, against pyarrow alone.

    python benchmarks/reader.py [MEGABYTES …] [--rounds N]

Each kind of file is written once, and read in turn by both, N rounds; the middle ratio is printed. What
pyarrow is asked is its own default (a table of typed columns), with the delimiter and decimal sign given.
A thousands sign pyarrow does not know: there it reads words.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pyarrow import csv

from normlab.data import read_table

COLUMNS = 8
KINDS = {
    "decimal points": (",", "."),
    "decimal commas": (";", ","),
    "a column of text": (",", "."),
    "thousands points": (";", ","),
}


def rows(kind: str, count: int, generator: np.random.Generator) -> str:
    """So many rows of eight columns, as the kind writes them."""
    delimiter, decimal = KINDS[kind]
    values = generator.normal(0, 1000, (count, COLUMNS)).round(3)
    if kind == "thousands points":
        spelled = ([f"{v:,.3f}".translate(_GERMAN) for v in row] for row in values.tolist())
    else:
        spelled = ([str(v).replace(".", decimal) for v in row] for row in values.tolist())
    if kind == "a column of text":
        spelled = (["some words", *row[1:]] for row in spelled)
    return "\n".join(map(delimiter.join, spelled)) + "\n"


_GERMAN = str.maketrans(",.", ".,")


def write(path: Path, kind: str, megabytes: int) -> None:
    generator = np.random.default_rng(0)
    block = rows(kind, 10_000, generator).encode()
    header = KINDS[kind][0].join(f"column_{i}" for i in range(COLUMNS)).encode() + b"\n"
    with path.open("wb") as file:
        file.write(header)
        for _ in range(max(1, round(megabytes * 1e6 / len(block)))):
            file.write(block)


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of all processors together."""
    start = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def compare(path: Path, kind: str, rounds: int) -> tuple[float, ...]:
    """Middle seconds of pyarrow and of read_table, their middle ratio, and that of processor time."""
    delimiter, decimal = KINDS[kind]

    def alone() -> object:
        return csv.read_csv(
            str(path),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(decimal_point=decimal),
        )

    for once in (
        alone,
        lambda: read_table(path),
    ):  # the file into the page cache, and what is made once
        once()
    pairs = [(timed(alone), timed(lambda: read_table(path))) for _ in range(rounds)]
    middle = statistics.median
    return (
        middle(theirs[0] for theirs, _ in pairs),
        middle(ours[0] for _, ours in pairs),
        middle(ours[0] / theirs[0] for theirs, ours in pairs),
        middle(ours[1] / theirs[1] for theirs, ours in pairs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", type=int, nargs="*", default=[10])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    given = parser.parse_args()
    print(f"{'file':32}{'pyarrow, s':>12}{'normlab, s':>12}{'ratio':>8}{'processor':>11}")
    for megabytes in given.megabytes:
        for kind in given.kinds:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "table.csv")
                write(path, kind, megabytes)
                theirs, ours, ratio, processor = compare(path, kind, given.rounds)
            name = f"{megabytes:,} MB, {kind}"
            print(f"{name:32}{theirs:12.3f}{ours:12.3f}{ratio:8.2f}{processor:11.2f}", flush=True)


if __name__ == "__main__":
    main()
