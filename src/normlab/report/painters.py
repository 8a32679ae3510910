"""Drawing in processes of their own: they load matplotlib while the caller still computes."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker

from normlab.report.figures import Drawn, Figure

Draw = Callable[[Sequence[Figure], Callable[[int], None]], list[Drawn]]


@contextmanager
def painters(count: int | None = None) -> Iterator[Draw]:
    """A function that draws figures side by side; it is told how many are done.

    The processes end with the block; when it is interrupted they first finish the figure in hand, since
    a process killed while it hands over a result can leave the others waiting for ever. A figure's
    `draw` must be a module's function with picklable arguments, in modules that import nothing heavy.
    """
    count = count or min(2, os.cpu_count() or 1)
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    try:
        with deaf_to_interrupts():
            for _ in range(count):
                pool.submit(_warm)

        def draw(figures: Sequence[Figure], done: Callable[[int], None]) -> list[Drawn]:
            finished = []
            for drawn in pool.map(Figure.render, figures):
                finished.append(drawn)
                done(len(finished))
            return finished

        yield draw
    finally:
        pool.shutdown(cancel_futures=True)


def _warm() -> None:
    from normlab.report.style import subplots

    subplots()


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes started here inherit a blocked SIGINT: Ctrl-C is the caller's to handle.

    The tracker, which each pool needs, unblocks it when it starts; so it starts before.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
