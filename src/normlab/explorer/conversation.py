"""What one open page, or one widget, says to Python and is answered. Knows no host."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from normlab._version import __version__
from normlab.data import Table
from normlab.data.table import parse_table
from normlab.errors import DataError, NormlabError
from normlab.explorer.model import presets
from normlab.explorer.model.datasets import build
from normlab.explorer.model.given import key_of
from normlab.explorer.model.normalising import normalised
from normlab.explorer.model.state import DATA, MOST_ROWS, PANELS, State
from normlab.explorer.model.words import say, strings
from normlab.explorer.view import code
from normlab.explorer.view.carried import parts
from normlab.explorer.view.scene import attempt, scene

LARGEST_TEXT = 4_000_000  # characters of a pasted table
_MOST_COLUMNS = 64
_TABLES = 4  # the last ones that a page gave are kept

Reply = tuple[dict[str, Any], list[bytes]]


class Conversation:
    """Answers a page's messages one after the other; remembers the tables it was given.

    Every message has a `type` and a number `seq`, which its reply carries too. What cannot be done is
    refused in words; nothing that a page sends raises.

    >>> page = Conversation()
    >>> reply, buffers = page.reply({"type": "scene", "seq": 1, "state": {"norm": "layer"}})
    >>> reply["type"], reply["seq"], [array["name"] for array in reply["arrays"]]
    ('scene', 1, ['before', 'after', 'cells', 'centred'])
    >>> page.reply({"type": "dance", "seq": 2})[0]["words"]
    "The page sent a message of type 'dance', which is unknown; reload the page."
    """

    def __init__(self) -> None:
        self._pasted: OrderedDict[str, Table] = OrderedDict()
        self._given: dict[str, Table] = {}
        self._answers: dict[Any, Callable[[Mapping[str, Any]], Reply]] = {
            "hello": self._hello,
            "scene": self._scene,
            "table": self._table,
            "file": self._file,
            "check": self._check,
            "parts": self._parts,
        }

    def give(self, table: Table) -> str:
        """Take a table that stays, in place of one that was given before; its key in a state."""
        key = key_of(table)
        self._given = {key: _bounded(table)}
        return key

    @property
    def tables(self) -> Mapping[str, Table]:
        """All that a state can name."""
        return {**self._pasted, **self._given}

    def reply(self, message: Mapping[str, Any]) -> Reply:
        """The answer to one message: plain JSON, and buffers beside it."""
        kind, seq = message.get("type"), message.get("seq")
        answer = self._answers.get(kind) if isinstance(kind, str) else None
        try:
            if answer is None:
                raise DataError(say("error.message", type=str(kind)[:40]))
            header, buffers = answer(message)
        except NormlabError as error:
            header, buffers = {"type": "refused", "words": str(error)}, []
        return header | {"seq": seq if isinstance(seq, int) else None}, buffers

    def _hello(self, message: Mapping[str, Any]) -> Reply:
        told = {
            "type": "hello",
            "version": __version__,
            "strings": strings(),
            "data": list(DATA),
            "panels": list(PANELS),
            "starts": dict(presets.STARTS),
            "related": dict(presets.RELATED),
            "presets": dict(presets.PRESETS),
            "tour": presets.steps(),
            "defaults": State().json(),
            "given": next(iter(self._given), None),
            "limits": {"text": LARGEST_TEXT, "rows": MOST_ROWS},
        }
        return told, []

    def _scene(self, message: Mapping[str, Any]) -> Reply:
        state, problems = self._state(message)
        if state.data == "table" and state.table not in self.tables:
            told = {"type": "table wanted", "key": state.table, "problems": problems}
            return told | attempt(state, self.tables), []
        try:
            header, buffers = scene(state, self.tables).packed()
        except NormlabError as error:
            outline = attempt(state, self.tables)
            return {"type": "refused", "words": str(error), "problems": problems} | outline, []
        return {"type": "scene", "problems": problems} | header, buffers

    def _check(self, message: Mapping[str, Any]) -> Reply:
        """What is wrong with some settings, in words, before they are taken."""
        return {"type": "checked", "problems": self._state(message)[1]}, []

    def _parts(self, message: Mapping[str, Any]) -> Reply:
        """What the page computes from until it is answered, as long as its data stay of this kind."""
        told, buffers = parts(self._state(message)[0], self.tables, message.get("rows") is True)
        return {"type": "parts"} | told, buffers

    def _state(self, message: Mapping[str, Any]) -> tuple[State, list[str]]:
        given = message.get("state")
        if not isinstance(given, Mapping):
            raise DataError(say("error.state"))
        return State.read(given)

    def _table(self, message: Mapping[str, Any]) -> Reply:
        text, name = message.get("text"), message.get("name")
        if not isinstance(text, str):
            raise DataError(say("error.text"))
        if len(text) > LARGEST_TEXT:
            raise DataError(say("error.large", size=len(text), most=LARGEST_TEXT))
        decimal = message.get("decimal") or ""
        if decimal not in ("", ".", ","):
            raise DataError(say("error.decimal", given=str(decimal)[:10]))
        key = hashlib.sha256(f"{decimal}{text}".encode("utf-8", "replace")).hexdigest()[:16]
        self._pasted[key] = table = _read(text, str(name or "")[:80], decimal)
        self._pasted.move_to_end(key)
        while len(self._pasted) > _TABLES:
            self._pasted.popitem(last=False)
        facts = {"columns": table.columns, "rows": len(table.values), "notes": table.said}
        return {"type": "table", "key": key, "name": table.name} | facts, []

    def _file(self, message: Mapping[str, Any]) -> Reply:
        state, _ = self._state(message)
        if message.get("what") == "notebook":
            return {"type": "file", "name": "", "text": code.notebook(state, self.tables)}, []
        data = build(state, self.tables)
        if message.get("what") == "code":
            text, name = code.script(state, data, self.tables), "normlab_explorer.py"
        else:
            ids = data.ids or tuple(range(len(data.x)))
            text = code.csv(data.names, data.x, normalised(state, data).y, ids)
            name = "normlab-explorer.csv"
        return {"type": "file", "name": name, "text": text}, []


def _read(text: str, name: str, decimal: str) -> Table:
    """A pasted or dropped table, read as a file would be; rows with missing values are left out, and told."""
    if not text.strip():
        raise DataError(say("error.empty"))
    tabs = name.lower().endswith(".tsv")
    try:
        table = parse_table(
            text,
            name or say("data.pasted"),
            tabs=tabs,
            drop_missing=True,
            decimal=decimal or None,
        )
    except DataError as error:
        raise DataError(say("error.table", why=_in_the_page(str(error)))) from error
    return _bounded(replace(table, notes=tuple(map(_in_the_page, table.notes))))


def _in_the_page(words: str) -> str:
    """A sentence of the reader without the command's options; the page has one of them, in a menu."""
    words = re.sub(r"; --exclude .* leaves it out", "", words)
    words = re.sub(r" \(--[^()]*\)", "", words)
    return words.replace("--decimal", say("data.decimal").lower())


def _bounded(table: Table) -> Table:
    """The part of a table that a page can show at once."""
    rows, columns = table.values.shape
    notes = list(table.notes)
    if rows > MOST_ROWS:
        notes.append(say("note.rows", most=MOST_ROWS, rows=rows))
    if columns > _MOST_COLUMNS:
        notes.append(say("note.columns", most=_MOST_COLUMNS, columns=columns))
    values = table.values[:MOST_ROWS, :_MOST_COLUMNS].contiguous()
    columns = table.columns[:_MOST_COLUMNS]
    return replace(table, values=values, columns=columns, notes=tuple(notes))
