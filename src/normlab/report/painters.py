"""Drawing in processes of their own: they load matplotlib while the caller still computes."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from normlab.report.figures import Drawn, Figure
from normlab.system.processes import started

Draw = Callable[[Sequence[Figure], Callable[[int], None]], list[Drawn]]


@contextmanager
def painters(count: int | None = None) -> Iterator[Draw]:
    """A function that draws figures side by side; it is told how many are done.

    The processes end with the block; when it is interrupted they first finish the figure in hand, since
    a process killed while it hands over a result can leave the others waiting for ever. A figure's
    `draw` must be a module's function with picklable arguments, in modules that import nothing heavy.
    """
    count = count or min(2, os.cpu_count() or 1)
    pool = started(count, _warm)
    try:

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
