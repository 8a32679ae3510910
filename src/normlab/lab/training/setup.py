"""Where cells are computed: in this process, or in processes of their own; what is finished is kept."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

import torch

from normlab.errors import NormlabError, ProcessError
from normlab.lab import family
from normlab.lab.family import load
from normlab.lab.training.engine.cell import Cell, key
from normlab.lab.training.engine.data import load as load_data
from normlab.lab.training.experiment import TrainingExperiment
from normlab.lab.training.plan import Plan, lack
from normlab.lab.training.settings import Settings
from normlab.lab.training.store import Arrays, Store
from normlab.system.processes import Pool, spawning, started
from normlab.system.threads import one_thread

K = TypeVar("K", bound=Hashable)
Tell = Callable[[int], None]
_LOOK = 0.2  # seconds between two looks at how far the others are


class StoppedError(Exception):
    """The run was interrupted: a process stops where it is, and its cell is not kept."""


class Runner:
    """Computes cells, one thread for each, so that no number depends on how many there are.

    `expect` tells what is to come, so that no process waits while there is work; `run` gives results.
    Numbers of steps are those of all networks together.
    """

    def __init__(self, settings: Settings):
        self.settings, self.plan = settings, Plan.of(settings)
        self.store = Store(settings.cache)
        self.store.check()
        self.done = 0  # net-steps of what was kept, or computed here
        self._results: dict[str, Future[Arrays]] = {}
        self._pool: Pool | None = None
        self._counter: Any = None
        self._stop: Any = None

    @property
    def seeds(self) -> int:
        """Over how many the intervals are, where an experiment does not use fewer."""
        return len(self.plan.seeds)

    @property
    def said(self) -> tuple[str, ...]:
        return self.plan.said

    def of(self, study: "Study") -> dict[Any, Arrays]:
        """The results of all cells that a study's experiment asks for."""
        return self.run(_cells(study.member, self.plan), study.tell)

    def expect(self, cells: Iterable[Cell]) -> int:
        """Start to compute what is not known yet; how many net-steps there are in all."""
        every = {key(cell): cell for cell in cells}
        for name, cell in every.items():
            if name in self._results:
                continue
            if (kept := self.store.get(cell)) is not None:
                self._results[name] = _ready(kept)
                self.done += cell.net_steps
            elif self.settings.processes:
                self._results[name] = self._processes().submit(_work, cell, self.settings.cache)
        return sum(cell.net_steps for cell in every.values())

    def run(self, cells: Mapping[K, Cell], tell: Tell = lambda done: None) -> dict[K, Arrays]:
        """The arrays of every cell, in its order; `tell` hears how many net-steps are done in all."""
        self.expect(cells.values())
        names = {label: key(cell) for label, cell in cells.items()}
        for label, name in names.items():
            if name not in self._results:
                self._results[name] = _ready(self._here(cells[label], tell))
        waiting = {self._results[name] for name in names.values()}
        while waiting:
            finished, waiting = wait(waiting, timeout=_LOOK)
            for future in finished:
                _arrays(future)  # an error of one ends all
            tell(self.done + (self._counter.value if self._counter else 0))
        return {label: _arrays(self._results[name]) for label, name in names.items()}

    def _here(self, cell: Cell, tell: Tell) -> Arrays:
        def tick(net_steps: int) -> None:
            self.done += net_steps
            tell(self.done)

        with _in_this_process():
            arrays = _compute(cell, tick)
        self.store.put(cell, arrays)
        return arrays

    def _processes(self) -> Pool:
        if self._pool is None:
            shared = spawning()
            self._counter, self._stop = shared.Value("q", 0), shared.Event()
            given = {"initializer": _begin, "initargs": (self._counter, self._stop)}
            self._pool = started(self.settings.processes, time.monotonic, **given)
        return self._pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _ready(arrays: Arrays) -> Future[Arrays]:
    future: Future[Arrays] = Future()
    future.set_result(arrays)
    return future


def _arrays(future: Future[Arrays]) -> Arrays:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise ProcessError(
            "a process that computes was ended from outside, as when memory runs out; try --processes 1. "
            "What was finished is kept."
        ) from error


Study: TypeAlias = family.Study[Runner, TrainingExperiment]


def prepare(settings: Settings) -> Runner:
    return Runner(settings)


def work(runner: Runner, experiments: Iterable[TrainingExperiment]) -> int:
    """Start what the experiments need; the net-steps of them all."""
    cells = [_cells(experiment, runner.plan) for experiment in experiments]
    return runner.expect(cell for found in cells for cell in found.values())


def fits(runner: Runner, experiment: TrainingExperiment) -> str:
    """Why an experiment cannot be made with the reader's data, or nothing."""
    images = load_data(runner.plan.data).lack if experiment.images else ""
    return images or lack(runner.plan, _cells(experiment, runner.plan).values())


def _cells(experiment: TrainingExperiment, plan: Plan) -> Mapping[Any, Cell]:
    return load(experiment.cells)(plan)


def _begin(counter: Any, stop: Any) -> None:
    """A process that computes: one thread, since two processes share two cores best that way."""
    global _counter, _stop
    _counter, _stop = counter, stop
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _work(cell: Cell, folder: Path | None) -> Arrays:
    def tick(net_steps: int) -> None:
        if _stop.is_set():
            raise StoppedError
        with _counter.get_lock():
            _counter.value += net_steps

    tick(0)  # it may have been stopped while this process imported torch
    arrays = _compute(cell, tick)
    Store(folder).put(cell, arrays)
    return arrays


def _compute(cell: Cell, tick: Tell) -> Arrays:
    try:
        return load(cell.computed_by)(cell, tick)
    except NormlabError as error:
        raise type(error)(str(error)) from None  # what crosses processes must be plain


@contextmanager
def _in_this_process() -> Iterator[None]:
    with one_thread():
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
