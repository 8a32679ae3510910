"""What measuring costs, beside reading and summing, StandardScaler.partial_fit, and decoding alone.

    python benchmarks/measure.py [--megabytes N] [--images N] [--rounds N] [--only PART …]

All run with two threads on files in the page cache, in turn, N rounds; middle ratios are printed. Reading and
summing reads the same pieces in the same way and gives each to torch.sum. `cold` drops the file from the page
cache before each round. `memory` is what a process takes beyond the interpreter with torch: its anonymous
pages at their most. `paper` computes, from what a block and a merge cost, what could not be run here. Parts:
npy, parquet, images, memory, paper.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from pyarrow import parquet
from sklearn.preprocessing import StandardScaler

import normlab
from normlab.data import streaming
from normlab.data.columns import stacked
from normlab.data.reading import Reading
from normlab.measuring.arrays import Piece, Pieces
from normlab.measuring.held import Npy
from normlab.measuring.recipe import Recipe
from normlab.measuring.tree import both

COLUMNS = 8
THREADS = 2
ROWS = 1 << 17


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for part in given.only:
            PARTS[part](Path(folder), given)


def middle(
    *actions: Callable[[], object], rounds: int, before: Callable[[], None] = lambda: None
) -> list[float]:
    """Middle seconds of each action; they take turns."""
    for action in actions:
        action()
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(found, actions, strict=True):
            before()
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in found]


def table(folder: Path, megabytes: int, ending: str) -> Path:
    """float32, normal, so many columns."""
    path = folder / f"table.{ending}"
    rows = megabytes * 2**20 // (4 * COLUMNS)
    generator = np.random.default_rng(0)
    names = [f"column_{i}" for i in range(COLUMNS)]
    if ending == "npy":
        out = np.lib.format.open_memmap(path, "w+", np.float32, (rows, COLUMNS))
        for at in range(0, rows, ROWS):
            out[at : at + ROWS] = generator.standard_normal(
                (min(ROWS, rows - at), COLUMNS), np.float32
            )
        out.flush()
        return path
    schema = pa.schema([(name, pa.float32()) for name in names])
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for at in range(0, rows, 8 * ROWS):
            x = generator.standard_normal((min(8 * ROWS, rows - at), COLUMNS), np.float32)
            writer.write_table(pa.table(list(x.T.copy()), names=names), row_group_size=8 * ROWS)
    return path


def npy_pieces(path: Path) -> list[Callable[[], np.ndarray]]:
    def reading(piece: Piece) -> Callable[[], np.ndarray]:
        return lambda: piece.array.piece(piece.prefix, slice(piece.start, piece.stop))

    return [reading(piece) for piece in Pieces(Npy(path), (1,), "")]


def parquet_sums(path: Path) -> list[Callable[[], object]]:
    opened = streaming.stream(path, Reading())

    def reading(part: int) -> Callable[[], object]:
        def read() -> None:
            for columns in opened.pieces(range(COLUMNS), part):
                torch.from_numpy(stacked(columns)).sum(0)

        return read

    return [reading(part) for part in range(opened.parts)]


def on_threads(jobs: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda job: job(), jobs))


def npy(folder: Path, given: argparse.Namespace) -> None:
    path = table(folder, given.megabytes, "npy")
    jobs = [lambda read=read: torch.from_numpy(read()).sum(0) for read in npy_pieces(path)]
    compare("npy", path, lambda: on_threads(jobs), lambda: scaler_npy(path), given.rounds)
    cold(path, given.rounds)
    path.unlink()


def scaler_npy(path: Path) -> None:
    scaler = StandardScaler()
    for read in npy_pieces(path):
        scaler.partial_fit(read())


def scaler_parquet(path: Path) -> None:
    scaler, opened = StandardScaler(), streaming.stream(path, Reading())
    for part in range(opened.parts):
        for columns in opened.pieces(range(COLUMNS), part):
            scaler.partial_fit(stacked(columns))


def of_parquet(folder: Path, given: argparse.Namespace) -> None:
    path = table(folder, given.megabytes, "parquet")
    jobs = parquet_sums(path)
    compare("Parquet", path, lambda: on_threads(jobs), lambda: scaler_parquet(path), given.rounds)
    path.unlink()


def compare(
    name: str,
    path: Path,
    summing: Callable[[], object],
    scaling: Callable[[], object],
    rounds: int,
) -> None:
    torch.set_num_threads(1)  # the threads are ours
    ours, sums, scaler, sketched = middle(
        lambda: normlab.measure(path, threads=THREADS),
        summing,
        scaling,
        lambda: normlab.measure(path, threads=THREADS, quantiles=True),
        rounds=rounds,
    )
    size = path.stat().st_size / 2**20
    print(
        f"{name}, {size:,.0f} MiB: {size / ours:,.0f} MiB/s; {sums / ours:.0%} of reading and summing; "
        f"{scaler / ours:.1f}× StandardScaler.partial_fit; with quantiles {sums / sketched:.0%}",
        flush=True,
    )


def cold(path: Path, rounds: int) -> None:
    def forget() -> None:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    jobs = [lambda read=read: read() for read in npy_pieces(path)]
    ours, reading = middle(
        lambda: normlab.measure(path, threads=THREADS),
        lambda: on_threads(jobs),
        rounds=rounds,
        before=forget,
    )
    print(f"npy, cold: {reading / ours:.0%} of reading it", flush=True)


def images(folder: Path, given: argparse.Namespace) -> None:
    for side in (64, 224):
        home = folder / f"jpeg{side}"
        home.mkdir()
        paths = written(home, given.images * 64 // side, side)
        jobs = [lambda path=path: decoded(path) for path in paths]
        ours, decoding = middle(
            lambda home=home: normlab.measure(home, threads=THREADS),
            lambda jobs=jobs: on_threads(jobs),
            rounds=given.rounds,
        )
        print(
            f"JPEG {side}², {len(paths):,} images: {len(paths) / ours:,.0f} images/s; "
            f"{decoding / ours:.0%} of decoding alone",
            flush=True,
        )


def written(folder: Path, count: int, side: int) -> list[Path]:
    """Smooth with noise, as photographs are."""
    generator = np.random.default_rng(0)
    ramp = (
        np.add.outer(np.arange(side), np.arange(side))[..., None]
        * np.array([1.0, 0.7, 0.4])
        * 64
        / side
    )
    for i in range(count):
        x = np.clip(ramp + generator.normal(60, 15, (side, side, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(x).save(folder / f"{i:06}.jpg", quality=90)
    return sorted(folder.iterdir())


def decoded(path: Path) -> None:
    with Image.open(BytesIO(path.read_bytes())) as image:
        image.convert("RGB").load()


def memory(folder: Path, given: argparse.Namespace) -> None:
    rows = given.megabytes * 2**20 // (4 * COLUMNS)
    names = [f"column_{i}" for i in range(COLUMNS)]
    path = folder / "one.parquet"
    one = subprocess.run(
        [sys.executable, "-c", _ONE_GROUP, str(path), str(rows), *names], check=True
    )
    assert one.returncode == 0
    base, most = (peak(code, path) for code in ("", "normlab.measure(path)"))
    print(
        f"Parquet, one row group of {path.stat().st_size / 2**20:,.0f} MiB: {most - base:,.0f} MiB of "
        f"anonymous memory above the interpreter with torch ({base:,.0f} MiB)",
        flush=True,
    )


_ONE_GROUP = """
import sys
import numpy as np, pyarrow as pa
from pyarrow import parquet
path, rows, *names = sys.argv[1:]
x = np.random.default_rng(0).standard_normal((len(names), int(rows)), np.float32)
table = pa.table(list(x), names=names)
parquet.write_table(table, path, row_group_size=int(rows), compression="none", use_dictionary=False)
"""
_PEAK = """
import sys, threading, time
import torch, normlab, numpy, pyarrow.parquet
path, most, done = sys.argv[1], 0, threading.Event()
def look():
    global most
    while not done.is_set():
        lines = open("/proc/self/status").read().splitlines()
        most = max(most, int(next(line for line in lines if line.startswith("RssAnon")).split()[1]))
        time.sleep(0.005)
watching = threading.Thread(target=look)
watching.start()
{code}
done.set()
watching.join()
print(most / 1024)
"""


def peak(code: str, path: Path) -> float:
    """MiB of anonymous memory at their most, while code ran in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK.format(code=code), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def paper(folder: Path, given: argparse.Namespace) -> None:
    """The costs of a block and of a merge, here, and what follows for what could not be run here."""
    block = np.random.default_rng(0).standard_normal((ROWS, COLUMNS), np.float32)
    recipe = Recipe()
    part = {"": recipe.part(block)}
    (of_block,) = middle(lambda: recipe.part(block), rounds=20)
    (of_merge,) = middle(lambda: both(part, part), rounds=20)
    size = block.nbytes
    print(
        f"a block of {size / 2**20:.0f} MiB: {of_block * 1e3:.1f} ms; a merge: {of_merge * 1e3:.2f} ms"
    )
    for words, total, workers in (("1 TB", 1e12, 100), ("1 PB", 1e15, 1000)):
        blocks = total / size
        computing = blocks / workers * (of_block + of_merge)
        client = blocks / 64 * of_merge
        network = total / workers / 1.25e8
        costs = {"computing": computing, "the client's merges": client, "reading": network}
        minutes = ", ".join(f"{name} {seconds / 60:,.1f} min" for name, seconds in costs.items())
        print(
            f"{words} on {workers:,} workers of one core (a merge for 64 blocks at the client; 1 Gbit/s "
            f"for each worker): {minutes}; the first bottleneck is {max(costs, key=costs.__getitem__)}"
        )


PARTS = {"npy": npy, "parquet": of_parquet, "images": images, "memory": memory, "paper": paper}


if __name__ == "__main__":
    main()
