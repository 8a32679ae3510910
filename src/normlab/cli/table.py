"""normlab list, normlab show."""

from typing import Annotated

import typer

from normlab.safe import json_text
from normlab.system.options import JsonFlag


def list_rows(as_json: JsonFlag = False) -> None:
    """List every normaliser of the table with its formula."""
    from normlab.report.rows import list_json, list_text

    print(json_text(list_json()) if as_json else list_text())


def show_row(
    name: Annotated[str, typer.Argument(help="A normaliser, as `normlab list` names it.")],
    framework: Annotated[
        str | None,
        typer.Option(
            "--in", help="Describe it in the terms of torch, keras, flax …", metavar="FRAMEWORK"
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show one normaliser: formula, what is pooled, settings, source, torch's layer, conventions.

    With --in: the names of its settings in another framework, what differs, how to convert.
    """
    from normlab.report import conventions, rows

    if framework is None:
        told = rows.show_json(name) if as_json else rows.show_text(name)
    else:
        tell = conventions.convention_json if as_json else conventions.convention_text
        told = tell(name, framework)
    print(told if isinstance(told, str) else json_text(told))


def register(app: typer.Typer) -> None:
    app.command("list", epilog="Example: normlab list --json")(list_rows)
    app.command("show", epilog="Example: normlab show batch --in keras")(show_row)
