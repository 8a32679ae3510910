"""A progress bar for what may take longer than a moment."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

_PATIENCE = 2.0  # seconds before it is shown


@contextmanager
def bar(doing: str, size: float = 0, unit: str = "") -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, once it has taken more than a moment, with the time left.

    size: how much there is in all, in the unit that the rate is given in ("images", "MB").
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    began = monotonic()
    columns = [*Progress.get_default_columns(), TextColumn("{task.fields[rate]}")]
    console = Console(stderr=True)
    shown = Progress(*columns, console=console, transient=True, redirect_stdout=False)
    tasks: list[Any] = []
    first: list[int] = []  # what was done before, in a run that goes on

    def show(done: int, total: int) -> None:
        if not first:
            first.append(done)
        seconds = monotonic() - began
        if not tasks and seconds < _PATIENCE:
            return
        if not tasks:
            shown.start()
            tasks.append(shown.add_task(doing, total=total or None, rate=""))
        rate = rate_of((done - first[0]) / total * size / seconds, unit) if size and total else ""
        shown.update(tasks[0], completed=done, rate=rate)

    try:
        yield show
    finally:
        if tasks:
            shown.stop()


def rate_of(each_second: float, unit: str) -> str:
    """
    >>> rate_of(1234.5, "images"), rate_of(0.25, "MB")
    ('1,234 images/s', '0.25 MB/s')
    """
    return f"{each_second:,.{0 if each_second >= 10 else 2}f} {unit}/s"
