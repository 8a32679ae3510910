"""Units of a source measured on threads, and merged as they come."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import numpy as np

from normlab.data.columns import reason
from normlab.errors import DataError, NormlabError
from normlab.measuring.part import Part
from normlab.measuring.recipe import Recipe
from normlab.measuring.source import Source, Unit
from normlab.measuring.stopping import StoppedError, belong_to
from normlab.measuring.tree import Parts, Tree

Done = Callable[[int], None]  # how many units are done


def measured(unit: Unit, recipe: Recipe, width: int) -> Parts:
    """A unit's parts; with recipe.skip_bad one that cannot be read is nothing, and is counted."""
    try:
        return unit.parts(recipe)
    except DataError as error:
        if not recipe.skip_bad:
            raise
        return {"": nothing(width, str(error))}


def nothing(width: int, bad: str) -> Part:
    """A part without values, of something that could not be read."""
    nan, powers = np.full(width, np.nan), np.zeros((6, width))
    return Part.of(powers, nan, nan, rows=0, bad=(bad,), noted={"bad": 1})


def on_threads(
    source: Source, recipe: Recipe, tree: Tree, done: Done, threads: int | None = None
) -> Tree:
    """Measure what the tree lacks. What was finished stays in the tree, whatever is raised."""
    count, width = threads or cores(), len(source.names)
    stopped = threading.Event()
    pool = ThreadPoolExecutor(count, "normlab-measure", belong_to, (stopped,))
    running: dict[Future[Parts], int] = {}
    try:
        for index, unit in lacking(source.units, tree):
            running[pool.submit(measured, unit, recipe, width)] = index
            if len(running) >= 2 * count:
                _gather(running, tree, done, FIRST_COMPLETED)
        while running:
            _gather(running, tree, done, FIRST_COMPLETED)
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)
        for future, index in running.items():  # what was finished meanwhile
            if not future.cancelled() and future.exception() is None:
                tree.add(index, future.result())
    return tree


def _gather(running: dict[Future[Parts], int], tree: Tree, done: Done, until: str) -> None:
    for future in wait(running, return_when=until).done:
        parts = future.result()
        tree.add(running.pop(future), parts)
    done(tree.leaves())


def lacking(units: Iterable[Unit], tree: Tree) -> Iterator[tuple[int, Unit]]:
    if not hasattr(units, "__getitem__"):
        yield from enumerate(units)
        return
    for index in range(len(units)):  # type: ignore[arg-type]
        if not tree.has(index):
            yield index, units[index]  # type: ignore[index]


def cores() -> int:
    """Of this process, which may not have all of the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def named(name: str) -> Iterator[None]:
    """Whatever a library raises about a file, in one line with its name."""
    try:
        yield
    except DataError as error:
        told = str(error)
        raise error if told.startswith(name) else DataError(f"{name}: {told}") from error
    except (NormlabError, StoppedError, MemoryError):
        raise
    except Exception as error:  # each library has kinds of its own
        raise DataError(
            f"{name}: cannot be read ({reason(error)}); check it, save it again, or leave it out with "
            f"--skip-bad."
        ) from error


def fingerprint(files: Iterable[str]) -> dict[str, Any]:
    """Size and time of each file that is there."""
    found = {}
    for file in files:
        try:
            state = os.stat(file)
        except OSError:
            found[file] = None
        else:
            found[file] = [state.st_size, state.st_mtime_ns]
    return found
