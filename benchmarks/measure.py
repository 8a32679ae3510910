"""What measuring costs, beside reading and summing, StandardScaler.partial_fit, and decoding alone.

    python benchmarks/measure.py [--megabytes N] [--images N] [--rounds N] [--only PART …]

All run with two threads on files in the page cache, in turn, N rounds; ratios of middle times are shown, and
in brackets those of the processor's time, which other programs on the machine disturb less. Reading and
summing reads the same pieces in the same way and gives each to torch.sum. npy, cold: the file is dropped from
the page cache before each round. Decoding alone leaves the pixels with Pillow; decoding to arrays is the loop
that is usually written by hand. Parts: npy, parquet, quantiles, images. benchmarks/measure_scale.py has what
is measured in processes of its own.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

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
from normlab.measuring.sums import HELD

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


class Took(NamedTuple):
    """Middle seconds, on the clock and of the processor."""

    wall: float
    cpu: float

    def share(self, of: "Took", form: str = ".0%") -> str:
        """How much of this the other's time is."""
        return f"{of.wall / self.wall:{form}} ({of.cpu / self.cpu:{form}})"


def middle(
    *actions: Callable[[], object], rounds: int, before: Callable[[], None] = lambda: None
) -> list[Took]:
    """Of each action; they take turns."""
    for action in actions:
        action()
    found: list[list[tuple[float, float]]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(found, actions, strict=True):
            before()
            start, used = time.perf_counter(), time.process_time()
            action()
            times.append((time.perf_counter() - start, time.process_time() - used))
    return [Took(*map(statistics.median, zip(*times, strict=True))) for times in found]


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


def npy_jobs(path: Path, action: Callable[[np.ndarray], object]) -> list[Callable[[], object]]:
    """For each unit a job that reads it as measuring does, and does this with what it reads."""
    array = Npy(path)
    step = HELD // 4 // COLUMNS

    def job(piece: Piece) -> Callable[[], object]:
        def run() -> None:
            with array.values() as read:
                for at in range(piece.start, piece.stop, step):
                    stop = min(at + step, piece.stop)
                    action(read(at * COLUMNS, stop * COLUMNS).reshape(-1, COLUMNS))

        return run

    return [job(piece) for piece in Pieces(array, (1,), "")]


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
    jobs = npy_jobs(path, lambda x: torch.from_numpy(x).sum(0))
    compare("npy", path, lambda: on_threads(jobs), lambda: scaler_npy(path), given.rounds)
    cold(path, given.rounds)
    path.unlink()


def scaler_npy(path: Path) -> None:
    scaler = StandardScaler()
    for job in npy_jobs(path, scaler.partial_fit):
        job()


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
    ours, sums, scaler = middle(
        lambda: normlab.measure(path, threads=THREADS), summing, scaling, rounds=rounds
    )
    size = path.stat().st_size / 2**20
    print(
        f"{name}, {size:,.0f} MiB: {size / ours.wall:,.0f} MiB/s; {ours.share(sums)} of reading and summing; "
        f"{ours.share(scaler, '.1f')} times StandardScaler.partial_fit",
        flush=True,
    )


def quantiles(folder: Path, given: argparse.Namespace) -> None:
    path = table(folder, given.megabytes // 8, "npy")
    jobs = npy_jobs(path, lambda x: torch.from_numpy(x).sum(0))
    with_them, sums = middle(
        lambda: normlab.measure(path, threads=THREADS, quantiles=True),
        lambda: on_threads(jobs),
        rounds=given.rounds,
    )
    size = path.stat().st_size / 2**20
    print(
        f"npy with quantiles and histograms, {size:,.0f} MiB: {size / with_them.wall:,.0f} MiB/s; "
        f"{with_them.share(sums)} of reading and summing",
        flush=True,
    )


def cold(path: Path, rounds: int) -> None:
    def forget() -> None:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    jobs = npy_jobs(path, lambda x: None)
    ours, reading = middle(
        lambda: normlab.measure(path, threads=THREADS),
        lambda: on_threads(jobs),
        rounds=rounds,
        before=forget,
    )
    print(f"npy, cold: {ours.share(reading)} of reading it", flush=True)


def images(folder: Path, given: argparse.Namespace) -> None:
    for side in (64, 224):
        home = folder / f"jpeg{side}"
        home.mkdir()
        paths = written(home, given.images * 64 // side, side)
        jobs = [
            [lambda path=path, act=act: act(path) for path in paths] for act in (decoded, as_array)
        ]
        ours, decoding, arrays = middle(
            lambda home=home: normlab.measure(home, threads=THREADS),
            *(lambda own=own: on_threads(own) for own in jobs),
            rounds=given.rounds,
        )
        print(
            f"JPEG {side}², {len(paths):,} images: {len(paths) / ours.wall:,.0f} images/s; "
            f"{ours.share(decoding)} of decoding alone, {ours.share(arrays)} of decoding to arrays",
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
    """The pixels stay with Pillow."""
    with Image.open(BytesIO(path.read_bytes())) as image:
        image.convert("RGB").load()


def as_array(path: Path) -> None:
    with Image.open(path) as image:
        np.asarray(image.convert("RGB"))


PARTS = {"npy": npy, "parquet": of_parquet, "quantiles": quantiles, "images": images}


if __name__ == "__main__":
    main()
