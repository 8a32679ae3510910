"""normlab measure: the statistics of a data set, from the command line."""

from pathlib import Path
from typing import Annotated

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
from normlab.safe import json_text
from normlab.system.options import JsonFlag, parsed, whole


def measure_data(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, tar or zip of images; a table or a folder of them; npy, npz, zarr, h5; a URL.",
            metavar="SOURCE",
        ),
    ],
    columns: Annotated[
        str | None, typer.Option(help="Of a table, the features: a,b", metavar="NAMES")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="Rows that count: \"age >= 30 and city = 'Bonn'\"", metavar="CONDITION"),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="For each value of this column.", metavar="NAME")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Of an array, the axes that are kept: 1", metavar="AXES")
    ] = None,
    resize: Annotated[
        str | None, typer.Option(help="Of images: 224, or 256,256.", metavar="SIZE")
    ] = None,
    interpolation: Annotated[
        str | None, typer.Option(help="bilinear, bicubic, nearest, lanczos or box.", metavar="NAME")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="Of images: 0-1 or 0-255.", metavar="SCALE")
    ] = None,
    weighting: Annotated[
        str | None, typer.Option(help="Images weigh by pixel, or each image one.", metavar="NAME")
    ] = None,
    channels: Annotated[
        str | None, typer.Option(help="1 or 3, where grey and colour are mixed.", metavar="NUMBER")
    ] = None,
    quantiles: Annotated[bool, typer.Option("--quantiles", help="Quantiles too.")] = False,
    covariance: Annotated[bool, typer.Option("--covariance", help="Covariances too.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out what cannot be read, and count it.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the statistics.", metavar="STATS.JSON")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Where to write a report.", metavar="REPORT.HTML")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run with --out stopped.")
    ] = False,
    workers: Annotated[
        str | None, typer.Option(help="Processes instead of threads.", metavar="NUMBER")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A Dask scheduler: tcp://host:8786", metavar="ADDRESS")
    ] = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    thousands: ThousandsOption = None,
    skip_rows: SkipRowsOption = None,
    array: ArrayOption = None,
    exclude: ExcludeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Mean, std and more of a data set of any size, per channel, column or feature; right the first time.

    One pass in constant memory. Whole numbers of 8 and 16 bits are exact. Ctrl-C keeps what was finished.
    """
    said = {
        "columns": None if columns is None else names(columns),
        "where": where,
        "by": by,
        "features": _whole_numbers("features", features),
        "resize": _size(resize),
        "interpolation": interpolation,
        "scale": scale,
        "weighting": weighting,
        "channels": whole("channels", channels),
    }
    written = reading(delimiter, decimal, thousands, skip_rows, array, exclude)
    from normlab.measuring.from_words import measured_as_said, text_of
    from normlab.measuring.measure import Place
    from normlab.measuring.recipe import Recipe
    from normlab.measuring.saved import groups_to_json

    recipe = Recipe(quantiles or html is not None, covariance, skip_bad=skip_bad)
    place = Place(out, resume, workers=whole("workers", workers), cluster=cluster)
    found = measured_as_said(source, said, written, recipe, place, html)
    print(json_text(groups_to_json(found, by)) if as_json else text_of(found, out, html))


def _whole_numbers(name: str, text: str | None) -> tuple[int, ...] | None:
    return parsed(
        name,
        text,
        lambda given: tuple(int(part) for part in given.split(",")),
        "a whole number, or several with commas: 0,1",
    )


def _size(text: str | None) -> int | tuple[int, int] | None:
    found = _whole_numbers("resize", text)
    return found[0] if found is not None and len(found) == 1 else found  # type: ignore[return-value]


def register(app: typer.Typer) -> None:
    app.command(
        "measure", epilog="Example: normlab measure table.csv --columns a,b --out stats.json"
    )(measure_data)
