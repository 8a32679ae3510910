"""normlab list, normlab show."""

import json
from typing import Annotated

import typer

from normlab.cli.app import JsonFlag, app


@app.command("list", epilog="Example: normlab list --json")
def list_rows(as_json: JsonFlag = False) -> None:
    """The table: every normaliser that is a row of the equation."""
    from normlab.showing import list_json, list_text

    print(json.dumps(list_json(), indent=2, ensure_ascii=False) if as_json else list_text())


@app.command("show", epilog="Example: normlab show group")
def show_row(
    name: Annotated[str, typer.Argument(help="A normaliser, as `normlab list` names it.")],
    as_json: JsonFlag = False,
) -> None:
    """One row: formula, what is pooled, settings, source, torch's layer, conventions."""
    from normlab.showing import show_json, show_text

    print(json.dumps(show_json(name), indent=2, ensure_ascii=False) if as_json else show_text(name))
