"""normlab fit: a contrast response, or the normalisation model, fitted to a table of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.data import options as reader
from normlab.errors import SettingError, need
from normlab.system.files import check_file
from normlab.system.options import JsonFlag, number


def fit_table(
    data: Annotated[Path, typer.Argument(help="A table: csv, parquet, npz …", metavar="FILE")],
    model: Annotated[
        str, typer.Option(help="naka-rushton, or normalization.", metavar="NAME")
    ] = "naka-rushton",
    contrast: Annotated[
        str | None,
        typer.Option(
            help="Its column; of normalization that of the drives.  [default: by name]",
            metavar="NAME",
        ),
    ] = None,
    response: Annotated[
        str | None,
        typer.Option(
            help="Its column; several with commas are cells.  [default: by name]", metavar="NAMES"
        ),
    ] = None,
    trials: Annotated[
        bool, typer.Option("--trials", help="The columns of --response are trials of one cell.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(help="The column that says which cell a row is of.", metavar="NAME"),
    ] = None,
    stimulus: Annotated[
        str | None, typer.Option(help="For normalization: the column of stimuli.", metavar="NAME")
    ] = None,
    tuning: Annotated[
        str | None,
        typer.Option(
            help="For normalization: the column of preferred orientations, degrees.", metavar="NAME"
        ),
    ] = None,
    noise: Annotated[
        str, typer.Option(help="gaussian, poisson (counts), quasi-poisson.", metavar="KIND")
    ] = "gaussian",
    seconds: Annotated[
        str, typer.Option(help="Of counts: how long each was counted for.", metavar="NUMBER")
    ] = "1",
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="The response at contrast 0 is 0.")
    ] = False,
    supersaturation: Annotated[
        bool, typer.Option("--supersaturation", help="Fit s, with which the response falls again.")
    ] = False,
    fix: Annotated[
        list[str] | None, typer.Option(help="A parameter that is known: n=2.", metavar="NAME=VALUE")
    ] = None,
    level: Annotated[
        str, typer.Option(help="Confidence level of the intervals.", metavar="NUMBER")
    ] = "0.95",
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows with missing values.")
    ] = False,
    delimiter: reader.DelimiterOption = None,
    decimal: reader.DecimalOption = None,
    thousands: reader.ThousandsOption = None,
    skip_rows: reader.SkipRowsOption = None,
    array: reader.ArrayOption = None,
    html: Annotated[
        Path | None, typer.Option(help="Write one page with figure and numbers.", metavar="FILE")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Write the figure: .svg or .png.", metavar="FILE")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Fit contrast responses by maximum likelihood, with intervals; refuse what the data cannot tell.

    Rows of one contrast are its trials. Exit code 2 if no cell can be fitted.
    """
    for path, endings in ((html, (".html",)), (figure, (".svg", ".png"))):
        if path is not None:
            _check_file(path, endings)
    reading = reader.reading(delimiter, decimal, thousands, skip_rows, array, None)
    settings = {
        "model": model,
        "noise": noise,
        "seconds": number("seconds", seconds),
        "baseline": not no_baseline,
        "supersaturation": supersaturation,
        "fix": dict(map(_known, fix or [])),
        "level": number("level", level),
    }
    need("normlab fit", "lab")
    from normlab.fitting.from_words import told
    from normlab.fitting.tables import Columns

    names = () if response is None else tuple(reader.names(response))
    columns = Columns(contrast, names, by, stimulus, tuning, trials)
    told(data, columns, settings, drop_missing, reading, html, figure, as_json)


def _check_file(path: Path, endings: tuple[str, ...]) -> None:
    if path.suffix.lower() not in endings:
        raise SettingError(
            f"--{'html' if '.html' in endings else 'figure'} {str(path)!r} given; its name must end in "
            f"{' or '.join(endings)}."
        )
    check_file(path, "--html" if ".html" in endings else "--figure")


def _known(given: str) -> tuple[str, float]:
    name, sign, value = given.partition("=")
    parsed = number(f"fix {name}", value) if sign and value else None
    if parsed is None:
        raise SettingError(f"--fix {given!r} given; it must be NAME=VALUE, such as n=2.")
    return name.strip(), parsed


def register(app: typer.Typer) -> None:
    app.command("fit", epilog="Example: normlab fit neuron.csv --noise poisson --seconds 0.5")(
        fit_table
    )
