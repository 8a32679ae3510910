"""Time of the whole chapter: against a plain script that draws two of its figures, and of a large array.

All are whole processes, run in turn; what counts is the median of the ratios. Processor time is that of all
their processes, of which the chapter draws in one beside that which computes.

    python benchmarks/chapter_time.py [--rounds 7]
"""

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NORMLAB = Path(sys.executable).with_name("normlab")
LARGE = 200_000, 50


def seconds(*command: object) -> tuple[float, float]:
    """Wall time and processor time of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def commands(folder: Path) -> dict[str, tuple[object, ...]]:
    table = folder / "large.npy"
    rng = np.random.default_rng(0)
    scales = rng.uniform(0.5, 5, LARGE[1])
    np.save(table, (rng.normal(size=LARGE) * scales + 3 * rng.normal(size=LARGE[1])).astype("f"))
    chapter = (NORMLAB, "run", "chapter", "--out", folder / "out")
    return {
        "plain script, 2 figures": (sys.executable, HERE / "plain_chapter.py", folder),
        "normlab run chapter": chapter,
        f"the same on {LARGE[0]:,} × {LARGE[1]}": (*chapter, "--data", table),
    }


def tell(words: str, runs: list[list[tuple[float, float]]], above: int, below: int) -> None:
    for kind, name in enumerate(("wall time", "processor time")):
        ratios = sorted(run[above][kind] / run[below][kind] for run in runs)
        low, high = ratios[0], ratios[-1]
        print(f"{words}, {name}: {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: 7)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        timed = commands(Path(folder))
        for command in timed.values():  # warm the disk's cache
            seconds(*command)
        runs = [[seconds(*command) for command in timed.values()] for _ in range(rounds)]
    print(
        f"{date.today()}, {platform.machine()}, Python {platform.python_version()}, {rounds} rounds"
    )
    for place, name in enumerate(timed):
        wall, spent = (statistics.median(run[place][kind] for run in runs) for kind in (0, 1))
        print(f"{name}: {wall:.2f} s, of a processor {spent:.2f} s")
    tell("chapter / plain script", runs, 1, 0)
    tell("large / chapter", runs, 2, 1)


if __name__ == "__main__":
    main()
