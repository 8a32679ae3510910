"""normlab explore: the page on which normalisation is touched."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote

import typer

from normlab.errors import DataError, SettingError, need
from normlab.system.console import pressed, say, too_late
from normlab.system.files import check_writable
from normlab.system.options import JsonFlag, whole

_CARRIED = ("v", "own", "own_name", "own_decimal")  # by a link besides the state: version, table
_STAYS = "=&%+,:;[]{}()!*'/?@$-._~"  # what an address holds as it is


def explore_page(
    port: Annotated[
        str, typer.Option(help="If it is taken, the next that is free; 0: any.", metavar="NUMBER")
    ] = "8899",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(help="What to begin with: all after # in a shared link.", metavar="LINK"),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write a page for a classroom without Python instead, and end.", metavar="FILE"
        ),
    ] = None,
    hide: Annotated[
        str | None,
        typer.Option(help="What the written page leaves out: code,formula.", metavar="NAMES"),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Normalisation to touch: data, normaliser and result on one page in the browser.

    Only this machine is served, and nothing leaves it. Ctrl-C ends it.
    """
    if hide is not None and export is None:
        raise SettingError("--hide is for the page that --export writes; in a link it is hide=.")
    number, link = whole("port", port) or 0, _link(state)
    if export is not None:
        _export(export, state, hide, as_json)
        return
    from normlab.explorer.host.launch import explore

    need("the explorer's page", "explorer")
    tell = _to_stderr if as_json else say
    with _ended_quietly(tell):
        explore(number, link, not no_browser, tell, _spinner, _ready_json if as_json else _ready)


def _link(state: str | None) -> str:
    """The state as an address holds it; SettingError, as it says in words, for one that is none."""
    if not state:
        return ""
    from normlab.explorer.model.state import State

    text = (state.partition("#")[2] if "#" in state else state).replace("+", "%2B")
    try:
        pairs = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        raise SettingError(
            f"--state {state!r} given; it must be names and values: norm=layer&batch_size=16."
        ) from None
    State.of(**_settings(pairs))
    return quote(text, safe=_STAYS)


def _settings(pairs: dict[str, str]) -> dict[str, Any]:
    return {name: _value(value) for name, value in pairs.items() if name not in _CARRIED}


def _begin(state: str | None, hide: str | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """What a written page begins with, and the table that the link carries, by its key."""
    pairs = dict(parse_qsl(_link(state), keep_blank_values=True))
    settings, tables = _settings(pairs), {}
    if hide:
        names = [name.strip() for name in hide.split(",") if name.strip()]
        settings["hide"] = [*settings.get("hide", []), *names]
    if "own" in pairs:
        from normlab.explorer.conversation import Conversation

        talk = Conversation()
        told = {
            "text": pairs["own"],
            "name": pairs.get("own_name"),
            "decimal": pairs.get("own_decimal"),
        }
        reply, _ = talk.reply({"type": "table", "seq": 0, **told})
        if reply["type"] == "refused":
            raise DataError(reply["words"])
        settings |= {"data": "table", "table": reply["key"]}
        tables = talk.tables
    return settings, tables


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _export(file: Path, state: str | None, hide: str | None, as_json: bool) -> None:
    if file.is_dir():
        raise DataError(f"--export {str(file)!r} is a folder; give a file: page.html.")
    if file.suffix.lower() != ".html":
        raise DataError(f"--export {str(file)!r} is no name of a page; give one: {file.stem}.html.")
    check_writable(file.parent, "--export")
    import_module("normlab.explorer.host.export").write(file, *_begin(state, hide))
    print(json.dumps({"file": str(file)}) if as_json else f"Page: {file}")


@contextmanager
def _ended_quietly(tell) -> Iterator[None]:
    """Ctrl-C and SIGTERM are how the explorer ends: no error, whatever they interrupted."""
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:
        if not (pressed() or isinstance(error, KeyboardInterrupt)):
            raise
    too_late()
    _to_stderr("The explorer has ended.")


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _ready(address: str) -> None:
    say(f"The explorer: {address}   (Ctrl-C ends it)")


def _ready_json(address: str) -> None:
    say(json.dumps({"address": address}))


def _spinner():
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    console = Console(stderr=True)
    return console.status("Python imports torch; the page opens meanwhile")


def register(app: typer.Typer) -> None:
    app.command("explore", epilog="Example: normlab explore --state 'norm=layer&batch_size=16'")(
        explore_page
    )
