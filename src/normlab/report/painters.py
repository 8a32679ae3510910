"""Drawing in processes of their own: they load matplotlib while the caller still computes."""

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

from normlab.report.figures import Drawn, Figure
from normlab.system.processes import forked, started

Draw = Callable[[Sequence[Figure], Callable[[int], None]], list[Drawn]]
_FORKS = sys.platform == "linux"  # elsewhere the system's libraries may not survive a fork
_TOGETHER = 8  # figures for each process at a time


@contextmanager
def painters(count: int | None = None) -> Iterator[Draw]:
    """A function that draws figures side by side; it is told how many are done.

    Where a process can be forked, one loads matplotlib, and forks the others once there is something to
    draw. They end with the block; when it is interrupted they first finish the figures in hand, since a
    process killed while it hands over a result can leave the others waiting for ever. A figure's `draw`
    must be a module's function with picklable arguments, in modules that import nothing heavy.
    """
    count = count or min(2, os.cpu_count() or 1)
    forks = count if _FORKS else 1
    pool = started(count // forks, _warm)
    try:

        def draw(figures: Sequence[Figure], done: Callable[[int], None]) -> list[Drawn]:
            most = forks * _TOGETHER if forks > 1 else 1
            groups = [figures[i : i + most] for i in range(0, len(figures), most)]
            finished: list[Drawn] = []
            for drawn in pool.map(partial(_painted, forks), groups):
                finished += drawn
                done(len(finished))
            return finished

        yield draw
    finally:
        pool.shutdown(cancel_futures=True)


def _warm() -> None:
    from normlab.report.style import subplots

    subplots()


def _painted(count: int, figures: Sequence[Figure]) -> list[Drawn]:
    """Figures drawn by this process and its forks, each of which takes every `count`-th."""
    pipes = [_forked(figures[share::count]) for share in range(1, min(count, len(figures)))]
    shares = [_drawn(figures[::count])]
    for pid, pipe in pipes:
        with pipe:
            shares.append(pickle.load(pipe))
        os.waitpid(pid, 0)
    return [shares[i % count][i // count] for i in range(len(figures))]


def _forked(figures: Sequence[Figure]) -> tuple[int, BinaryIO]:
    """A fork that draws, and the pipe that its work comes through."""
    read, write = os.pipe()

    def paint() -> None:
        os.close(read)
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(_drawn(figures), pipe)

    pid = forked(paint)
    os.close(write)
    return pid, os.fdopen(read, "rb")


def _drawn(figures: Sequence[Figure]) -> list[Drawn]:
    return [figure.render().ready() for figure in figures]
