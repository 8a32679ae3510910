"""normlab run training, and each of its experiments: the options, each typed by hand."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.data.options import (
    ArrayOption,
    DecimalOption,
    DelimiterOption,
    ExcludeOption,
    SkipRowsOption,
    ThousandsOption,
    reading,
)
from normlab.lab.commands.laboratory import (
    OutOption,
    VerifyOption,
    run_app,
    run_experiment,
    stop_after_verifying,
)
from normlab.system.console import keeps, say
from normlab.system.options import JsonFlag, whole


@run_app.command(
    "training", epilog="Example: normlab run training.learning-rate --norm my.py:MyNorm"
)
def run_training(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Use fewer seeds and steps, for a first look.")
    ] = False,
    norm: Annotated[
        str | None,
        typer.Option(
            help="More normalisers to compare: ghost, my.py:MyNorm, package.module:name. "
            "Yours is called with the number of channels.",
            metavar="NAMES",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="mnist, breast-cancer, a table with a column of classes, an npz file with x and y, or a "
            "folder with one folder of images for each class.  [default: digits]",
            metavar="DATA",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="The column of the table that holds the classes.", metavar="NAME"),
    ] = None,
    exclude: ExcludeOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    thousands: ThousandsOption = None,
    skip_rows: SkipRowsOption = None,
    array: ArrayOption = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Networks of each kind.  [default: 12, or 3 with --quick]", metavar="COUNT"
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="A torch device; only cpu has been tried.", metavar="NAME")
    ] = "cpu",
    processes: Annotated[
        str | None,
        typer.Option(
            help="Worker processes; results do not depend on their number.", metavar="COUNT"
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps finished trainings.  [default: ~/.cache/normlab/training]",
            metavar="FOLDER",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not use or keep finished trainings.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Print only the table of verdicts; write no report.")
    ] = False,
    out: OutOption = None,
    verify: VerifyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Test claims about batch norm and training on real data, over several seeds.

    `normlab run` lists the experiments; training.NAME runs one. What is finished is kept: after Ctrl-C
    the same command goes on where it was.
    """
    count = _cores() if processes is None else whole("processes", processes)
    stop_after_verifying(verify, as_json, processes=count)
    settings: dict[str, Any] = {
        "quick": quick,
        "norm": [name.strip() for name in norm.split(",")] if norm else [],
        "data": data,
        "label": label,
        "seeds": whole("seeds", seeds),
        "device": device,
        "cache": None if fresh else cache or _cache(),
        "processes": count,
        **reading(delimiter, decimal, thousands, skip_rows, array, exclude),
    }
    given = {key: value for key, value in settings.items() if value is not None}
    if not fresh:
        keeps("what was finished is kept, and the same command goes on from there.")
    if table:
        _print_table(str(context.info_name), given)
    else:
        run_experiment(str(context.info_name), given, out, as_json)


def _print_table(name: str, settings: dict[str, Any]) -> None:
    from normlab.lab import family_of
    from normlab.lab.console import run_watched

    rows = run_watched(name, settings).record.rows
    say(family_of(name).markdown(rows))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "normlab" / "training"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
