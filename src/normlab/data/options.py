"""The options of every command that reads a table: how it is written, and what to take of it."""

from typing import Annotated, Any

import typer

from normlab.system.options import whole

DelimiterOption = Annotated[
    str | None,
    typer.Option(help="Between cells: , ; tab | space.  [default: found out]", metavar="SIGN"),
]
DecimalOption = Annotated[str | None, typer.Option(help="The decimal sign: . or ,", metavar="SIGN")]
ThousandsOption = Annotated[
    str | None, typer.Option(help="The thousands sign: . , ' space, or none.", metavar="SIGN")
]
SkipRowsOption = Annotated[
    str | None, typer.Option(help="Lines before the table.", metavar="COUNT")
]
ArrayOption = Annotated[
    str | None, typer.Option(help="Which array of an npz or pt file.", metavar="NAME")
]
ExcludeOption = Annotated[
    str | None, typer.Option(help="Columns to leave out: a,b", metavar="NAMES")
]


def reading(
    delimiter: str | None,
    decimal: str | None,
    thousands: str | None,
    skip_rows: str | None,
    array: str | None,
    exclude: str | None,
) -> dict[str, Any]:
    """The options that were given, as settings."""
    given = {
        "delimiter": delimiter,
        "decimal": decimal,
        "thousands": thousands,
        "skip_rows": whole("skip-rows", skip_rows),
        "array": array,
        "exclude": None if exclude is None else names(exclude),
    }
    return {name: value for name, value in given.items() if value is not None}


def names(given: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in given.split(",")]
