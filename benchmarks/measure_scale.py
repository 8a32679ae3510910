"""What measuring costs in processes of its own: two workers, memory, and clusters on paper.

    python benchmarks/measure_scale.py [--megabytes N] [--seconds N] [--only PART …]

workers: two local Dask workers and one thread, on so many seconds of JPEG work, start-up left out. memory:
what a process takes beyond the interpreter with torch, its anonymous pages at their most. paper: from what a
block and a merge cost here, what follows for what could not be run here.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
from measure import COLUMNS, ROWS, Took, middle, written

import normlab
from normlab.measuring.recipe import Recipe
from normlab.measuring.tree import both

TASK, NETWORK = 64, 1.25e8  # blocks; bytes each second: 1 Gbit/s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    given = parser.parse_args()
    for part in given.only:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[part](Path(folder), given)


def workers(folder: Path, given: argparse.Namespace) -> None:
    """A tar of the same images again and again."""
    from distributed import Client, LocalCluster

    some = [path.read_bytes() for path in written(folder, 200, 224)]
    path = folder / "few.tar"
    each = _tar(path, some, len(some))
    path = folder / "many.tar"
    _tar(path, some, int(given.seconds / each))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        normlab.measure(folder / "few.tar", cluster=client)

        def used() -> float:
            return time.process_time() + sum(
                cast("dict[str, float]", client.run(time.process_time)).values()
            )

        start, begun = time.perf_counter(), time.process_time()
        alone = normlab.measure(path, threads=1)
        one = Took(time.perf_counter() - start, time.process_time() - begun)
        start, begun = time.perf_counter(), used()
        both = normlab.measure(path, cluster=client)
        two = Took(2 * (time.perf_counter() - start), used() - begun)
    assert alone.mean.tolist() == both.mean.tolist() and alone.m2.tolist() == both.m2.tolist()
    print(
        f"two workers on {one.wall:.0f} s of JPEG work: {two.share(one)} of twice the speed of one thread",
        flush=True,
    )


def _tar(path: Path, images: Sequence[bytes], count: int) -> float:
    """Write so many images, over and over; returns the seconds that measuring one takes."""
    with tarfile.open(path, "w") as tar:
        for i in range(count):
            member = tarfile.TarInfo(f"{i:08}.jpg")
            member.size = len(images[i % len(images)])
            tar.addfile(member, BytesIO(images[i % len(images)]))
    if count > len(images):
        return 0.0
    start = time.process_time()
    normlab.measure(path, threads=1)
    return (time.process_time() - start) / count


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
    of_block, of_merge = (
        took.cpu for took in middle(lambda: recipe.part(block), lambda: both(part, part), rounds=20)
    )
    size, path = block.nbytes, folder / "s.json"
    of_part = normlab.measure(block).save(path).stat().st_size
    print(
        f"A block of {size / 2**20:.0f} MiB of float32 takes {of_block * 1e3:.1f} ms, a merge "
        f"{of_merge * 1e3:.2f} ms (processor's time, one thread), and a result has {of_part / 1e3:.0f} kB. "
        f"A task is {TASK} blocks; a worker has one core and reads {NETWORK / 1e6:,.0f} MB/s.\n"
    )
    for words, total, workers in (("1 TB", 1e12, 100), ("1 PB", 1e15, 1000)):
        blocks = total / size
        costs = {
            "computing": blocks / workers * (of_block + of_merge),
            "reading": total / workers / NETWORK,
            "merges at the client": blocks / TASK * of_merge,
            "results to the client": blocks / TASK * of_part / NETWORK,
        }
        if words == "1 TB":
            print("| " + " | ".join(["data", "workers", *costs, "first bottleneck"]) + " |")
            print("|" + "---|" * (len(costs) + 3))
        minutes = " | ".join(f"{seconds / 60:,.1f} min" for seconds in costs.values())
        print(
            f"| {words} | {workers:,} | {minutes} | {max(costs, key=costs.__getitem__)} |",
            flush=True,
        )


PARTS = {"workers": workers, "memory": memory, "paper": paper}


if __name__ == "__main__":
    main()
