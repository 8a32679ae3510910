"""normlab run chapter: its options, each typed by hand."""

from typing import Annotated, Any

import typer

from normlab.data.options import (
    ArrayOption,
    DecimalOption,
    DelimiterOption,
    ExcludeOption,
    SkipRowsOption,
    ThousandsOption,
    names,
    reading,
)
from normlab.lab.commands.laboratory import (
    OutOption,
    VerifyOption,
    run_app,
    run_experiment,
    stop_after_verifying,
)
from normlab.system.options import JsonFlag, number, numbers, whole


@run_app.command(
    "chapter", epilog="Example: normlab run chapter --data iris.csv --batch-size 16 --shuffle"
)
def run_chapter(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Option(
            help="A table: csv, tsv, txt, parquet, feather, arrow, npy, npz or pt.", metavar="FILE"
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to use: a,b", metavar="NAMES")
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows with NaN or infinite values.")
    ] = False,
    exclude: ExcludeOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    thousands: ThousandsOption = None,
    skip_rows: SkipRowsOption = None,
    array: ArrayOption = None,
    norm: Annotated[
        str, typer.Option(help="A normaliser of `normlab list`.", metavar="NAME")
    ] = "batch",
    batch_size: Annotated[
        str, typer.Option(help="Number of rows in a batch.", metavar="ROWS")
    ] = "8",
    eps: Annotated[
        str | None, typer.Option(help="ε; by default the normaliser's own.", metavar="NUMBER")
    ] = None,
    momentum: Annotated[
        str,
        typer.Option(help="Weight of the new batch in the running statistics.", metavar="NUMBER"),
    ] = "0.1",
    weight: Annotated[
        str, typer.Option(help="γ: one number, or one for each feature: 2,0.5", metavar="NUMBERS")
    ] = "1",
    bias: Annotated[
        str, typer.Option(help="β: one number, or one for each feature.", metavar="NUMBERS")
    ] = "0",
    seed: Annotated[
        str, typer.Option(help="Random seed for the points and for --shuffle.", metavar="NUMBER")
    ] = "0",
    mean: Annotated[
        str | None,
        typer.Option(help="Means of the random points.  [default: 10,-5]", metavar="NUMBERS"),
    ] = None,
    std: Annotated[
        str | None,
        typer.Option(help="Standard deviations of the points.  [default: 4,1]", metavar="NUMBERS"),
    ] = None,
    samples: Annotated[
        str | None, typer.Option(help="Number of random points.  [default: 128]", metavar="ROWS")
    ] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the rows.")] = False,
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="Leave out the last batch if it is smaller.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="A torch device; only cpu has been tried.", metavar="NAME")
    ] = "cpu",
    out: OutOption = None,
    verify: VerifyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The whole chapter: normalisation in the brain, in AlexNet, and batch norm by hand.

    On the chapter's 128 points, or on your own table.
    """
    stop_after_verifying(verify, as_json)
    given: dict[str, Any] = {
        "data": data,
        "columns": None if columns is None else names(columns),
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
        **reading(delimiter, decimal, thousands, skip_rows, array, exclude),
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    run_experiment(str(context.info_name), chosen, out, as_json)
