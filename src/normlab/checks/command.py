"""normlab check: any module against its row, from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.safe import json_text
from normlab.system.options import JsonFlag, number, numbers, whole


def check_module(
    module: Annotated[
        str,
        typer.Argument(help="package.module:Class, or file.py:Class.", metavar="MODULE:CLASS"),
    ],
    shape: Annotated[
        str | None,
        typer.Option(help="Shape of a random input: batch, channels, space.", metavar="SIZES"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Use this input instead (.npy or .pt).", metavar="FILE")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Set an argument of the class, such as eps=1e-3.", metavar="NAME=VALUE"
        ),
    ] = None,
    row: Annotated[
        str | None, typer.Option(help="Compare with this normaliser of the table.", metavar="NAME")
    ] = None,
    mean: Annotated[str, typer.Option(help="Mean of the random input.", metavar="NUMBER")] = "0",
    std: Annotated[
        str, typer.Option(help="Standard deviation of the random input.", metavar="NUMBER")
    ] = "1",
    seed: Annotated[str, typer.Option(help="Random seed for the input.", metavar="NUMBER")] = "0",
    as_json: JsonFlag = False,
) -> None:
    """Compare a normalisation module, ours or anyone's, with its float64 reference.

    Checks output, gradients, running statistics, invariances, dtypes and layouts. Exit code 1 if it differs.
    If the module is not recognised, the reason is given, nothing is compared, and the exit code is 0.
    """
    sizes = numbers("shape", shape)
    where = whole("seed", seed) or 0, number("mean", mean) or 0.0, number("std", std) or 0.0
    from normlab.checks.from_words import checked

    found = checked(module, sizes, data, given or [], row, *where)
    print(json_text(found.to_json()) if as_json else found)
    raise typer.Exit(0 if found.agrees else 1)


def register(app: typer.Typer) -> None:
    app.command("check", epilog="Example: normlab check torch.nn:BatchNorm2d --shape 16,8,32,32")(
        check_module
    )
