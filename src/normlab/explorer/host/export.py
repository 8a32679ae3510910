"""A page that needs no Python: one file that computes by itself, opened from disk."""

import zlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

from normlab.errors import DataError
from normlab.explorer.conversation import Conversation
from normlab.explorer.host import wire
from normlab.explorer.model.datasets import Tables, build
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.explorer.view.carried import carried
from normlab.system.files import write_all

_HOME = Path(__file__).parents[1]
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; font-src data:; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def write(
    path: str | Path, state: Mapping[str, Any] | None = None, tables: Tables | None = None
) -> None:
    """Write the page; an earlier file of that name stays whole until the new one is.

    `state` is what it begins with, by the names that a link has; `tables` are a person's own, by key.

    Errors: DataError where it cannot be written, or the state cannot be shown.
    """
    path = Path(path)
    made = page(state=state or {}, tables=tables or {})
    write_all(path.parent, {path.name: made.encode()}, "--export")


def page(
    made: date | None = None,
    state: Mapping[str, Any] = MappingProxyType({}),
    tables: Tables = MappingProxyType({}),
) -> str:
    """The HTML of it; `made` is the day that it tells, today if none is given."""
    begin, hello = State.of(**state), _hello() | {"given": next(iter(tables), None)}
    build(begin, tables)  # what it cannot show is refused
    style = _read("page.css") + _read("static/explorer.css")
    module = _read("static/offline.js")
    policy = _POLICY.format(script=_hashed(module), style=_hashed(style))
    told = {
        "title": say("title"),
        "version": hello["version"],
        "noscript": say("offline.noscript"),
        "waiting": say("offline.waiting"),
        "failed": say("offline.failed"),
        "close": say("close"),
        "made": say("offline.made", date=made or date.today(), version=hello["version"]),
        "policy": policy,
    }
    held = {"style": style, "module": module, "carried": _carried(hello, begin, tables)}
    slots = {name: escape(text, quote=name == "policy") for name, text in told.items()}
    return Template(_read("offline.html")).substitute(slots | held)


def _read(name: str) -> str:
    try:
        return (_HOME / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"normlab's own file explorer/{name} is missing; install normlab again."
        ) from error


def _hashed(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _carried(hello: Mapping[str, Any], begin: State, tables: Tables) -> str:
    """A frame as the server sends them, of all that the page computes from; deflated, as base64."""
    told, buffers = carried(begin, tables)
    frame = wire.pack({"hello": hello, "begin": begin.changed(), "carried": told}, buffers)
    return b64encode(zlib.compress(frame, 9)).decode()


def _hello() -> dict[str, Any]:
    """The answer to a page's first message, in the words of a page without Python."""
    hello, _ = Conversation().reply({"type": "hello", "seq": 0})
    strings = hello["strings"]
    words = {name: strings.get(f"offline.{name}", text) for name, text in strings.items()}
    return hello | {"strings": words}
