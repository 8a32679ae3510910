"""A page that needs no Python: one file with everything it shows computed ahead, opened from disk."""

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

import numpy as np

from normlab.errors import DataError
from normlab.explorer.conversation import Conversation
from normlab.explorer.host import wire
from normlab.explorer.host.ahead import KINDS, states
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.system.files import write_all
from normlab.system.threads import one_thread

Progress = Callable[[int, int], None]

_HOME = Path(__file__).parents[1]
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; font-src data:; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def write(
    path: str | Path,
    progress: Progress = lambda done, total: None,
    state: Mapping[str, Any] | None = None,
) -> None:
    """Write the page; an earlier file of that name stays whole until the new one is.

    `state` is what it begins with, by the names that a link has.

    Errors: DataError where it cannot be written.
    """
    path = Path(path)
    write_all(path.parent, {path.name: page(progress, state=state or {}).encode()}, "--export")


def page(
    progress: Progress = lambda done, total: None,
    made: date | None = None,
    state: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """The HTML of it; `made` is the day that it tells, today if none is given."""
    talk = Conversation()
    hello = _hello(talk)
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
    held = {"style": style, "module": module, "ahead": _ahead(talk, hello, progress, state)}
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


def _ahead(
    talk: Conversation, hello: dict[str, Any], progress: Progress, state: Mapping[str, Any]
) -> str:
    """A frame as the server sends them, of everything that is ever answered; deflated, as base64."""
    begin, wanted = State.of(**state).changed(), states()
    wanted += [] if begin in wanted else [begin]
    with one_thread():  # arrays are small
        stored = _Stored(talk).filled(wanted, progress)
    return b64encode(zlib.compress(stored.frame(hello, begin), 9)).decode()


class _Stored:
    """Scenes whose parts are held once however many share them: a scene is a row of part numbers."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._known: dict[str, int] = {}  # as they were computed
        self._parts: dict[str, int] = {}  # as they are held
        self._buffers: dict[bytes, int] = {}
        self._scenes: list[dict[str, int]] = []

    def filled(self, wanted: list[dict[str, Any]], progress: Progress) -> "_Stored":
        for done, state in enumerate(wanted):
            progress(done, len(wanted))
            self._scenes.append(self._scene(state))
        progress(len(wanted), len(wanted))
        return self

    def _scene(self, state: dict[str, Any]) -> dict[str, int]:
        header, buffers = self._talk.reply({"type": "scene", "seq": 0, "state": state})
        arrays = header.get("arrays", [])
        single = [
            np.frombuffer(held, f"<f{told['bytes']}").astype("<f4").tobytes()
            for held, told in zip(buffers, arrays, strict=True)
        ]
        header["arrays"] = [told | {"bytes": 4} for told in arrays]
        header["held"] = [self._buffers.setdefault(held, len(self._buffers)) for held in single]
        return {name: self._part(part) for name, part in header.items() if name != "seq"}

    def _part(self, part: Any) -> int:
        text = json.dumps(part)
        if text not in self._known:
            rounded = json.dumps(_rounded(part))
            self._known[text] = self._parts.setdefault(rounded, len(self._parts))
        return self._known[text]

    def frame(self, hello: dict[str, Any], begin: dict[str, Any]) -> bytes:
        names = list(dict.fromkeys(name for scene in self._scenes for name in scene))
        told = {
            "hello": hello,
            "begin": begin,
            "names": names,
            "parts": [json.loads(text) for text in self._parts],
            "scenes": [[scene.get(name) for name in names] for scene in self._scenes],
        }
        return wire.pack(told, list(self._buffers))


def _hello(talk: Conversation) -> dict[str, Any]:
    """The answer to a page's first message, but for what needs Python."""
    hello, _ = talk.reply({"type": "hello", "seq": 0})
    strings = hello["strings"]
    words = {name: strings.get(f"offline.{name}", text) for name, text in strings.items()}
    return hello | {"data": list(KINDS), "strings": words}


def _rounded(value: Any) -> Any:
    """Nine digits, which is what single precision holds."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: _rounded(held) for name, held in value.items()}
    return [_rounded(held) for held in value] if isinstance(value, list | tuple) else value
