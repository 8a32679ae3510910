"""normlab run: the experiments, each with its own options."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.app import JsonFlag, app, say, stop_if_pressed, too_late
from normlab.cli.parsing import number, numbers, whole
from normlab.report.files import check_writable, write_all

OUT = Path("normlab-out")

run_app = typer.Typer(
    help="The laboratory. Without a name: the list of experiments.",
    epilog="Example: normlab run chapter",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(run_app, name="run")


@run_app.callback()
def _run(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        from normlab.lab import EXPERIMENTS

        for name, (_, question) in EXPERIMENTS.items():
            print(f"{name:10}{question}")
        print("\nnormlab run NAME runs one; normlab run NAME --help shows its options.")


@run_app.command(
    "chapter", epilog="Example: normlab run chapter --data iris.csv --batch-size 16 --shuffle"
)
def run_chapter(
    data: Annotated[
        str | None,
        typer.Option(help="A table: csv, tsv, parquet, feather, npy, npz or pt.", metavar="FILE"),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to take: a,b", metavar="NAMES")
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows with NaN or inf.")
    ] = False,
    norm: Annotated[str, typer.Option(help="Any row of `normlab list`.", metavar="NAME")] = "batch",
    batch_size: Annotated[str, typer.Option(help="Rows in a batch.", metavar="ROWS")] = "8",
    eps: Annotated[
        str | None, typer.Option(help="ε; the row's own by default.", metavar="NUMBER")
    ] = None,
    momentum: Annotated[
        str, typer.Option(help="Of the running statistics.", metavar="NUMBER")
    ] = "0.1",
    weight: Annotated[
        str, typer.Option(help="γ: one number, or one a feature: 2,0.5", metavar="NUMBERS")
    ] = "1",
    bias: Annotated[
        str, typer.Option(help="β: one number, or one a feature.", metavar="NUMBERS")
    ] = "0",
    seed: Annotated[
        str, typer.Option(help="Of the points, and of --shuffle.", metavar="NUMBER")
    ] = "0",
    mean: Annotated[
        str | None, typer.Option(help="Of the points drawn.  [default: 10,-5]", metavar="NUMBERS")
    ] = None,
    std: Annotated[
        str | None, typer.Option(help="Of the points drawn.  [default: 4,1]", metavar="NUMBERS")
    ] = None,
    samples: Annotated[
        str | None, typer.Option(help="Points drawn.  [default: 128]", metavar="ROWS")
    ] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the rows.")] = False,
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="Leave out a last, smaller batch.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="Any of torch's; tried on cpu only.", metavar="NAME")
    ] = "cpu",
    out: Annotated[
        Path, typer.Option(help="For report, figures and numbers.", metavar="FOLDER")
    ] = OUT / "chapter",
    verify: Annotated[
        Path | None,
        typer.Option(
            help="Run again as a numbers.json says, and tell what moved; nothing is written.",
            metavar="FILE",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """The whole chapter: normalisation in the brain, in AlexNet, and batch norm by hand.

    On the chapter's 128 points, or on your own table.
    """
    if verify is not None:
        from normlab.lab.verify import verify_file

        raise typer.Exit(verify_file(verify, say, as_json))
    given: dict[str, Any] = {
        "data": data,
        "columns": None if columns is None else [name.strip() for name in columns.split(",")],
        "drop_missing": drop_missing,
        "norm": norm,
        "batch_size": whole("batch-size", batch_size),
        "eps": number("eps", eps),
        "momentum": number("momentum", momentum),
        "weight": numbers("weight", weight),
        "bias": numbers("bias", bias),
        "seed": whole("seed", seed),
        "mean": numbers("mean", mean),
        "std": numbers("std", std),
        "samples": whole("samples", samples),
        "shuffle": shuffle,
        "drop_last": drop_last,
        "device": device,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    _run_experiment("chapter", chosen, out, as_json)


def _run_experiment(name: str, settings: dict[str, Any], out: Path, as_json: bool) -> None:
    """Run with a progress bar, print as it goes, save, and say where everything is."""
    check_writable(out)
    from normlab.lab.console import run_shown

    result = run_shown(name, settings, say=say if not as_json else lambda line: None)
    files = result.files()
    stop_if_pressed()
    too_late()  # writing takes a moment, and is done whole
    report = write_all(out, files) / "report.html"
    if as_json:
        print(result.json(), end="")
        return
    held = [verdict.outcome for verdict in result.verdicts]
    counts = ", ".join(f"{held.count(kind)} {kind}" for kind in dict.fromkeys(held))
    print(f"\nClaims: {counts}.\nReport: {report}")
