"""Running an experiment for somebody who watches: lines as they come, and a progress bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from normlab.lab import check, run
from normlab.lab.experiment import Progress, Result
from normlab.report.painters import painters
from normlab.system.collecting import loading

_MUCH = 1000


def run_shown(name: str, settings: dict[str, Any], say: Callable[[str], None]) -> Result:
    """Run an experiment and draw its figures, with a bar on the terminal while it lasts."""
    check(name, **settings)  # before processes are started for it
    with painters() as painted, bar() as step:
        with loading():
            import torch  # noqa: F401
        result = run(name, say=say, progress=step, draw=painted.begin, **settings)
        total = len(result.record.figures)
        done = painted.finish(lambda count: step(count, total, "drawing"))
        result.drawn = {drawn.name: drawn for drawn in done}
    return result


def run_watched(name: str, settings: dict[str, Any]) -> Result:
    """Run an experiment with a bar alone: nothing is said, and no figure drawn."""
    check(name, **settings)
    with bar() as step:
        return run(name, progress=step, **settings)


@contextmanager
def bar() -> Iterator[Progress]:
    """A progress bar on the terminal, if there is one: a function of done, of how many, and what."""
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TextColumn("{task.fields[counted]}"),
    )
    # rich sends what is printed meanwhile to where the bar is, and that must not empty a pipe
    tame = {"transient": True, "redirect_stdout": sys.stdout.isatty()}
    with Progress(*columns, console=Console(stderr=True), **tame) as shown:
        task = shown.add_task("starting", total=1, counted="")
        yield lambda done, total, what: shown.update(
            task, completed=done, total=total, description=what, counted=_counted(done, total)
        )


def _counted(done: int, total: int) -> str:
    """How much of much work is done; of a few parts the bar tells enough."""
    return f"{done:,} of {total:,}" if total >= _MUCH else ""
