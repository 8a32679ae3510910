"""Drawing in processes of their own: they load matplotlib while the caller still computes."""

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import BinaryIO

from normlab.report.figures import Drawn, Figure
from normlab.system.collecting import loading
from normlab.system.processes import Pool, forked, started

_FORKS = sys.platform == "linux"  # elsewhere the system's libraries may not survive a fork
_TOGETHER = 8  # figures for each process at a time


@contextmanager
def painters(count: int | None = None) -> Iterator["Painters"]:
    """Processes that draw figures, for as long as the block runs.

    Where a process can be forked, one loads matplotlib and draws while the caller computes, and forks
    the others once the caller waits. They end with the block; when it is interrupted they first finish
    the figures in hand, since a process killed while it hands over a result can leave the others waiting
    for ever. A figure's `draw` must be a module's function with picklable arguments, in modules that
    import nothing heavy.
    """
    count = count or min(2, os.cpu_count() or 1)
    forks = count if _FORKS else 1
    pool = started(count // forks, _warm)
    try:
        yield Painters(pool, forks)
    finally:
        pool.shutdown(cancel_futures=True)


class Painters:
    """Draws figures in the order in which they are begun."""

    def __init__(self, pool: Pool, forks: int):
        self._pool, self._forks = pool, forks
        self._begun: list[tuple[Figure, Future[list[Drawn]]]] = []

    def begin(self, figure: Figure) -> None:
        """Have a figure drawn while the caller goes on."""
        self._begun.append((figure, self._pool.submit(_painted, 1, [figure])))

    def finish(self, done: Callable[[int], None]) -> list[Drawn]:
        """All figures, once they are drawn; `done` is told how many are."""
        parts = [future for _, future in self._begun]
        if self._forks > 1:  # what still waits is shared out
            waiting = [figure for figure, future in self._begun if future.cancel()]
            most = self._forks * _TOGETHER
            groups = [waiting[i : i + most] for i in range(0, len(waiting), most)]
            parts = [future for future in parts if not future.cancelled()]
            parts += [self._pool.submit(_painted, self._forks, group) for group in groups]
        finished: list[Drawn] = []
        for part in parts:
            finished += part.result()
            done(len(finished))
        return finished


def _warm() -> None:
    from normlab.report.style import subplots

    with loading():
        subplots()


def _painted(count: int, figures: Sequence[Figure]) -> list[Drawn]:
    """Figures drawn by this process and its forks, each of which takes every `count`-th."""
    pipes = [_forked(figures[share::count]) for share in range(1, min(count, len(figures)))]
    shares = [_drawn(figures[::count])]
    for pid, pipe in pipes:
        with pipe:
            done = pickle.load(pipe)
        os.waitpid(pid, 0)
        if isinstance(done, Exception):
            raise done
        shares.append(done)
    return [shares[i % count][i // count] for i in range(len(figures))]


def _forked(figures: Sequence[Figure]) -> tuple[int, BinaryIO]:
    """A fork that draws, and the pipe that its work comes through."""
    read, write = os.pipe()

    def paint() -> None:
        os.close(read)
        try:
            done: list[Drawn] | Exception = _drawn(figures)
        except Exception as error:  # which is raised where it is waited for
            done = error
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(done, pipe)

    pid = forked(paint)
    os.close(write)
    return pid, os.fdopen(read, "rb")


def _drawn(figures: Sequence[Figure]) -> list[Drawn]:
    return [figure.render().ready() for figure in figures]
