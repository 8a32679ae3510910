"""A progress bar for what may take longer than a moment."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

_PATIENCE = 2.0  # seconds before it is shown


@contextmanager
def bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, once it has taken more than a moment."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    began = monotonic()
    shown = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False)
    tasks: list[Any] = []

    def show(done: int, total: int) -> None:
        if not tasks and monotonic() - began < _PATIENCE:
            return
        if not tasks:
            shown.start()
            tasks.append(shown.add_task(doing, total=total))
        shown.update(tasks[0], completed=done)

    try:
        yield show
    finally:
        if tasks:
            shown.stop()
