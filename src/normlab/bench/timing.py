"""Interleaved rounds: every job in each round, in an order that is drawn anew; the first one warms up."""

import ctypes
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Job = Callable[[], object]
Clock = Callable[[], float]
LEAST = 1e-3  # seconds that a reading takes at least: short jobs are repeated
MOST = 1024  # times
WALL, PROCESSOR = time.perf_counter, time.process_time
# of glibc's mallopt: from which size on memory is asked of the system, what is kept, what is asked at once
_ALLOCATOR = {-3: 1 << 30, -1: (1 << 31) - 1, -2: 1 << 30}


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def over(self, other: "Times") -> tuple[float, float, float]:
        """Median and quartiles over the rounds of this time ÷ the other's in the same round."""
        shares = [a / b for a, b in zip(self.rounds, other.rounds, strict=True)]
        low, middle, high = statistics.quantiles(shares, n=4, method="inclusive")
        return middle, low, high


def timed(
    jobs: Mapping[str, Job], rounds: int, clock: Clock = WALL, settle: Job = lambda: None
) -> dict[str, Times]:
    """The times of each job. `settle` ends what a job has begun, as on a GPU."""
    repeats = {name: _repeats(job, clock, settle) for name, job in jobs.items()}
    found: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name in random.sample(list(jobs), len(jobs)):
            start = clock()
            for _ in range(repeats[name]):
                jobs[name]()
            settle()
            found[name].append((clock() - start) / repeats[name])
    return {name: Times(tuple(times[1:])) for name, times in found.items()}


def _repeats(job: Job, clock: Clock, settle: Job) -> int:
    """How often a reading repeats a job, found by doubling.

    The first calls of a small job take several times as long as later ones: of a job that is repeated less
    often than another they would count for more.
    """
    job()
    settle()
    times = 1
    while times < MOST:
        start = clock()
        for _ in range(times):
            job()
        settle()
        if clock() - start >= LEAST:
            break
        times *= 2
    return times


def tune_allocator() -> bool:
    """Let glibc keep what was freed: else arrays above 32 MiB get new pages at each call, and only that is
    timed. Whether it could be done."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        return all(library.mallopt(name, value) for name, value in _ALLOCATOR.items())
    except (OSError, AttributeError):
        return False
