"""Everything the page draws for one state: a header of plain JSON, and arrays beside it."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.equation.table import TABLE
from normlab.errors import NormlabError
from normlab.explorer.model.batching import in_batches
from normlab.explorer.model.datasets import Data, Tables, build
from normlab.explorer.model.normalising import Outcome, misfit, normalised
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.explorer.view import arithmetic, code, controls
from normlab.explorer.view.beside import beside, options, title
from normlab.explorer.view.frames import frames
from normlab.explorer.view.status import lead, status
from normlab.explorer.view.views import VIEWS, Seen

_SCATTERED = ("points", "table")


@dataclass
class Scene:
    """What is drawn: plain JSON, and the arrays that go beside it as bytes."""

    header: dict[str, Any]
    arrays: dict[str, Tensor]

    def packed(self) -> tuple[dict[str, Any], list[bytes]]:
        """The header, which lists the arrays' names, shapes and types, and their bytes."""
        buffers, told = [], []
        for name, array in self.arrays.items():
            held = array.detach().contiguous()
            buffers.append(held.numpy().astype(f"<f{held.element_size()}", copy=False).tobytes())
            told.append({"name": name, "shape": list(held.shape), "bytes": held.element_size()})
        return _finite(self.header) | {"arrays": told}, buffers


def scene(state: State, tables: Tables) -> Scene:
    """Compute a state. Errors: those of the library, in words."""
    data = build(state, tables)
    outcome = normalised(state, data)
    columns, cell = _columns(state, data), _cell(state, data)
    other = beside(state, data)
    axes = frames(state, tables, data, outcome, columns, None if other is None else other.y)
    seen = Seen(state, data, outcome, columns, cell, axes)
    more, arrays = VIEWS[_view(state)](seen)
    header = outline(state, data) | {
        "batches": _batches(state, outcome),
        "running": _running(outcome, columns if state.data in _SCATTERED else _few(data)),
        "cell": list(cell),
        "formula": _formula(seen),
        "code": code.script(state, data, tables, picture=False),
        "status": status(seen),
        "lead": lead(seen),
        "warning": outcome.warning,
        "frames": axes.json(),
    }
    if other is not None:
        arrays |= {"other": other.y[:, list(columns)]}
    return Scene(header | more, arrays)


def outline(state: State, data: Data) -> dict[str, Any]:
    """What the page needs to stay of use where the rest cannot be computed: the controls and their like."""
    row = TABLE[state.norm]
    return {
        "state": state.json(),
        "rows": [_row(name, state.data) for name in TABLE],
        "controls": controls.applying(state, tuple(data.x.shape)),
        "data": _told(state, data),
        "columns": _columns(state, data),
        "batches": {"used": in_batches(state, row), "running": row.running},
        "compare": {"options": options(state), "title": title(state)},
    }


def attempt(state: State, tables: Tables) -> dict[str, Any]:
    """The outline of a state whose scene cannot be computed; of other data where these are at fault."""
    told = {"status": say("status.refused", norm=TABLE[state.norm].title)}
    try:
        data = build(state, tables)
        written = {"code": code.script(state, data, tables, picture=False)}
    except NormlabError:
        data, written = build(State(), {}), {"code": ""}
    return outline(state, data) | told | written


def _view(state: State) -> str:
    return {"points": "cloud", "table": "cloud", "sequence": "block", "image": "block"}.get(
        state.data, state.data
    )


def _columns(state: State, data: Data) -> tuple[int, ...]:
    """The two shown channels of a table; the selected one of a block."""
    last = data.x.shape[1] - 1
    if state.data not in _SCATTERED:
        return (min(state.selected[1], last),)
    return tuple(dict.fromkeys(min(axis, last) for axis in state.axes))


def _cell(state: State, data: Data) -> tuple[int, ...]:
    """The selected element (n, c, *space), kept inside the data."""
    shape = data.x.shape
    channel = min(state.selected[1], shape[1] - 1)
    place = min(state.selected[2], max(shape[2:].numel() - 1, 0))
    inner = torch.unravel_index(torch.tensor(place), shape[2:]) if len(shape) > 2 else ()
    return data.row_of(state.selected[0]), channel, *(int(i) for i in inner)


def _few(data: Data) -> tuple[int, ...]:
    return tuple(range(min(data.x.shape[1], 4)))


def _row(name: str, data: str) -> dict[str, Any]:
    why = misfit(TABLE[name], data)
    return {"name": name, "title": TABLE[name].title, "fits": not why, "why": why and say(why)}


def _told(state: State, data: Data) -> dict[str, Any]:
    title = data.title if state.data == "table" else say(f"data.{state.data}")
    return {
        "kind": state.data,
        "view": _view(state),
        "title": title,
        "shape": list(data.x.shape),
        "names": data.names,
        "ids": data.ids,
        "base": data.base,
        "notes": data.notes,
        "edited": bool(state.edits),
    }


def _batches(state: State, outcome: Outcome) -> dict[str, Any]:
    counts = len(outcome.sizes)
    return {
        "used": in_batches(state, outcome.row),
        "running": outcome.row.running,
        "count": counts,
        "size": outcome.sizes[0],
        "last": outcome.sizes[-1],
        "current": outcome.first // outcome.split.size,
        "joined": outcome.split.joined,
        "step": state.step,
        "seen": min(state.step, counts),
        "slice": [outcome.first, outcome.last],
    }


def _running(outcome: Outcome, columns: tuple[int, ...]) -> dict[str, Any] | None:
    if not outcome.trace:
        return None
    mean = torch.stack([running.mean for running in outcome.trace])
    var = torch.stack([running.var for running in outcome.trace])
    shown = list(columns)
    return {
        "columns": shown,
        "mean": mean[:, shown].T.tolist(),
        "var": var[:, shown].T.tolist(),
        "true_mean": outcome.true.mean[shown].tolist(),
        "true_var": outcome.true.var()[shown].tolist(),
    }


def _formula(seen: Seen) -> dict[str, Any]:
    """Symbols, numbers, and the operands of the selected element in each shown channel."""
    row, cell, evaluated = seen.outcome.row, seen.cell, seen.outcome.evaluated
    found = [
        arithmetic.column(seen.state, seen.data, seen.outcome, (cell[0], column, *cell[2:]))
        for column in seen.columns
    ]
    lead = next((column for column in found if column.channel == cell[1]), found[0])
    return {
        "symbols": arithmetic.symbols(row, evaluated),
        "numbers": arithmetic.numbers(row, lead.values),
        "lead": lead.channel,
        "operands": [column.json() for column in found],
        "evaluated": evaluated,
        "bent": row.number("m", row.resolve(seen.outcome.settings)) != 1,
    }


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(held) for name, held in value.items()}
    return [_finite(held) for held in value] if isinstance(value, list | tuple) else value
