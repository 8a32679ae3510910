"""What `normlab bench` does: the cases chosen, each verified and timed, told and written."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch

from normlab.bench import networks as steps
from normlab.bench import showing
from normlab.bench.grid import GRID, QUICK, TABLE, Case
from normlab.bench.kinds import KINDS
from normlab.bench.running import Options, Timed, measured
from normlab.bench.timing import PROCESSOR, WALL, tune_allocator
from normlab.errors import SettingError
from normlab.system.console import say
from normlab.system.files import write_all
from normlab.system.progress import bar


def told(
    *,
    quick: bool,
    table: bool,
    only: str,
    compiled: bool,
    networks: bool,
    rounds: int,
    threads: int | None,
    processor_time: bool,
    tuned: bool,
    picture: Path | None,
    page: Path | None,
    json: bool,
) -> None:
    cases = chosen(quick, table, only)
    if networks:
        steps.vision()
    if threads is not None:
        torch.set_num_threads(threads)
    clock = PROCESSOR if processor_time else WALL
    about = showing.machine(
        torch.get_num_threads(),
        rounds,
        tuned and tune_allocator(),
        "the processor's" if processor_time else "by the clock",
    )
    options = Options(rounds, compiled, clock)
    todo = steps.STEPS if networks else ()
    with bar("timing") as show:
        found: list[Timed] = []
        for i, case in enumerate(cases):
            show(i, len(cases) + len(todo))
            found += measured(case, options)
        trained = []
        for i, step in enumerate(todo):
            show(len(cases) + i, len(cases) + len(todo))
            trained.append((step, steps.timed_step(step, rounds, clock)))
    text = showing.text(found, trained, about)
    if page is not None:
        whole = f"# Timings\n\n{text}{_shown(page, picture)}"
        write_all(page.parent, {page.name: whole.encode()}, "--out")
    if picture is not None and found:
        drawn = showing.figure(found).render()
        content = drawn.svg.encode() if picture.suffix.lower() == ".svg" else drawn.png
        write_all(picture.parent, {picture.name: content}, "--figure")
    say(showing.as_json(found, trained, about) if json else text.rstrip())


def _shown(page: Path, picture: Path | None) -> str:
    """The figure on the page, where both are written."""
    if picture is None:
        return ""
    where = Path(os.path.relpath(picture.absolute(), page.absolute().parent)).as_posix()
    return f"\n![Times as fast as torch, of every layer](<{where}>)\n"


def chosen(quick: bool, table: bool, only: str) -> Sequence[Case]:
    """The cases asked for. Errors: SettingError where there are none."""
    listed = QUICK if quick else TABLE if table else GRID
    cases = [case for case in listed if case.name.startswith(only)]
    if not cases:
        raise SettingError(
            f"--only {only!r} given; it must begin the name of one of {', '.join(KINDS)}."
        )
    return cases
