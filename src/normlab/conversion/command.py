"""normlab convert: what another normaliser would change in a model, and the converted weights."""

from pathlib import Path
from typing import Annotated

import typer

from normlab.system.console import say
from normlab.system.files import check_file
from normlab.system.options import numbers, whole
from normlab.system.progress import bar


def convert_model(
    model: Annotated[
        str,
        typer.Argument(
            help="package.module:callable or file.py:callable that returns a model.",
            metavar="MODULE:MODEL",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            help="New kind: group, layer, instance, rms, divisive, frozen, batch, sync or normlab.",
            metavar="KIND",
        ),
    ],
    source: Annotated[
        str, typer.Option(help="The kind of layer to replace.", metavar="KIND")
    ] = "batch",
    skip: Annotated[
        list[str] | None,
        typer.Option(
            help="A layer to leave unchanged: its name, a pattern ('layer1.*'), or `refused` for all layers "
            "that cannot be replaced. May be repeated.",
            metavar="NAME",
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Load this state_dict first (.pt).", metavar="FILE")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A batch for calibration and for comparing outputs (.npy or .pt).", metavar="FILE"
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(help="Use a random batch of this shape instead of --data.", metavar="SIZES"),
    ] = None,
    num_groups: Annotated[
        str | None, typer.Option(help="Number of groups, for --to group.", metavar="NUMBER")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the converted state_dict to this file.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")] = False,
) -> None:
    """Replace one kind of normaliser throughout a model. Without --out, only shows what would change."""
    sizes, groups = numbers("shape", shape), whole("num-groups", num_groups)
    if out is not None:
        check_file(out)
    from normlab.conversion.from_words import Asked, converted_from, saved, table

    asked = Asked(to, source, tuple(skip or ()), groups)
    with bar("Calibrating") as progress:
        found = converted_from(model, asked, weights, data, sizes, progress)
    say(table(found, as_json))
    if out is not None:
        saved(found, out)
        if not as_json:
            say(f"Written: {out}")


def register(app: typer.Typer) -> None:
    app.command(
        "convert",
        epilog="Example: normlab convert my_net.py:Net --to group --data x.npy --skip refused",
    )(convert_model)
