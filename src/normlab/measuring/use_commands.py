"""normlab apply, normlab diff: what becomes of statistics that normlab measure wrote."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.data.options import (
    DecimalOption,
    DelimiterOption,
    ExcludeOption,
    SkipRowsOption,
    ThousandsOption,
    reading,
)
from normlab.safe import json_text
from normlab.system.options import JsonFlag, parsed, whole


def apply_statistics(
    statistics: Annotated[
        Path, typer.Argument(help="What normlab measure --out wrote.", metavar="STATS.JSON")
    ],
    source: Annotated[
        Path,
        typer.Argument(help="A table or an array: csv, parquet, feather, npy.", metavar="FILE"),
    ],
    out: Annotated[Path, typer.Option(help="The file to write, of the same kind.", metavar="FILE")],
    inverse: Annotated[bool, typer.Option("--inverse", help="Bring normalised data back.")] = False,
    correction: Annotated[
        str,
        typer.Option(help="0: the biased std (StandardScaler); 1: the unbiased.", metavar="0|1"),
    ] = "0",
    features: Annotated[
        str | None,
        typer.Option(help="Axes of an npy that the statistics have: 1", metavar="AXES"),
    ] = None,
    exclude: ExcludeOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    thousands: ThousandsOption = None,
    skip_rows: SkipRowsOption = None,
    as_json: JsonFlag = False,
) -> None:
    """A copy of a file, its measured columns normalised: (x - mean) / std; --inverse brings it back.

    All other columns go through as they are, and missing values stay missing. A column that was constant
    has its mean subtracted and nothing divided. Whole numbers become floating point. The file may be larger
    than memory. Exit code 2 where the statistics do not fit it.
    """
    given = reading(delimiter, decimal, thousands, skip_rows, None, exclude)
    axes = parsed("features", features, _axes, "axes with commas: 1 or 1,2")
    chosen = whole("correction", correction)
    from normlab.data.reading import Reading
    from normlab.measuring.applying.apply import apply
    from normlab.measuring.measured import Measured
    from normlab.system.progress import bar

    left_out = given.pop("exclude", ())
    with bar(source.name) as tell:
        done = apply(
            Measured.load(statistics),
            source,
            out,
            inverse=inverse,
            correction=0 if chosen is None else chosen,
            exclude=left_out,
            features=axes,
            reading=Reading.of(**given),
            tell=tell,
        )
    print(json_text(done.json()) if as_json else "\n".join(done.lines()))


def _axes(text: str) -> tuple[int, ...]:
    return tuple(int(axis) for axis in text.split(","))


def compare_statistics(
    before: Annotated[
        Path, typer.Argument(help="Statistics of training, say.", metavar="BEFORE.JSON")
    ],
    now: Annotated[Path, typer.Argument(help="Statistics of today.", metavar="NOW.JSON")],
    fail_above: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit with 1 beyond it: shift=0.1, z=5, ratio=1.5, missing=0.02, outside=1 (repeatable).",
            metavar="NAME=NUMBER",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """What has changed between two sets of statistics, feature by feature, worst first.

    shift: how far the mean moved, in the std before. z: the same in its own uncertainty. ratio: of the
    variances, up or down. missing: of the share of missing values. outside: how far values go beyond the
    range before, in the std before. A feature that is gone or new is beyond any threshold.

    Exit code 0: within all thresholds, or none was given; 1: beyond one; 2: the files cannot be compared.
    """
    from normlab.measuring.comparing import words

    limits = words.thresholds(fail_above or [])
    from normlab.measuring.comparing.diff import diff
    from normlab.measuring.measured import Measured

    drift = diff(Measured.load(before), Measured.load(now))
    found = drift.beyond(limits)
    if as_json:
        print(json_text(drift.json(limits)))
    else:
        print("\n".join([*words.lines(drift), *words.beyond(drift, limits)]))
    raise typer.Exit(1 if any(found.values()) else 0)


def register(app: typer.Typer) -> None:
    app.command(
        "apply", epilog="Example: normlab apply stats.json table.parquet --out normalised.parquet"
    )(apply_statistics)
    app.command(
        "diff",
        epilog="Example: normlab diff stats-train.json stats-now.json --fail-above shift=0.1",
    )(compare_statistics)
