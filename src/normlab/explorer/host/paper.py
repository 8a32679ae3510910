"""What the explorer shows as a figure for a paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from normlab.explorer.model.batching import in_batches
from normlab.explorer.model.datasets import Data, Tables, build
from normlab.explorer.model.normalising import Outcome, normalised
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.report.style import styled, subplots
from normlab.safe import plain_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCH, _POINT, _OTHERS = "#0072b2", "#bd4c00", "#9a9ea6"  # as on the page
_WIDE, _HIGH = 6.8, 3.2  # inches


@dataclass(frozen=True)
class _Drawing:
    state: State
    data: Data
    outcome: Outcome


def drawn(state: State, tables: Tables) -> "Figure":
    """Before and after. Errors: those of the library, in words."""
    data = build(state, tables)
    drawing = _Drawing(state, data, normalised(state, data))
    with styled():
        figure, axes = subplots(1, 2, width=_WIDE, height=_HIGH)
        sides = (("before", data.x), ("after", drawing.outcome.y))
        for at, (side, values) in zip(axes.flat, sides, strict=True):
            _DRAW[state.data](at, values.numpy(), drawing)
            title = say(f"panel.{side}")
            at.set_title(title if side == "before" else f"{title}: {drawing.outcome.row.title}")
    return figure


def _cloud(axes: Any, values: np.ndarray, drawing: _Drawing) -> None:
    """Grey points, the selected one's batch in blue, itself in orange."""
    state, data, outcome = drawing.state, drawing.data, drawing.outcome
    across, up = (min(axis, values.shape[1] - 1) for axis in state.axes)
    pooled = in_batches(state, outcome.row) and not outcome.evaluated
    here = data.row_of(state.selected[0])
    mates = slice(outcome.first, outcome.last) if pooled else slice(0, 0)
    for rows, colour in ((slice(None), _OTHERS), (mates, _BATCH), (slice(here, here + 1), _POINT)):
        axes.scatter(values[rows, across], values[rows, up], s=12, color=colour)
    names = [plain_text(data.names[axis]) for axis in (across, up)]
    axes.set(xlabel=names[0], ylabel=names[1])


def _image(axes: Any, values: np.ndarray, drawing: _Drawing) -> None:
    n, c, h, w = values.shape  # a row of tiles a sample, a column a channel
    axes.imshow(values.transpose(0, 2, 1, 3).reshape(n * h, c * w), cmap="Greys")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)


def _sequence(axes: Any, values: np.ndarray, drawing: _Drawing) -> None:
    axes.plot(values.reshape(-1, values.shape[-1]).T, color=_OTHERS)
    n, c, _ = drawing.state.selected
    axes.plot(values[min(n, len(values) - 1), min(c, values.shape[1] - 1)], color=_POINT)


def _bank(axes: Any, values: np.ndarray, drawing: _Drawing) -> None:
    colours = [_OTHERS] * values.shape[1]
    colours[min(drawing.state.selected[1], len(colours) - 1)] = _POINT
    axes.bar(range(values.shape[1]), values[0], color=colours)
    axes.set(xlabel="channel")


def _contrast(axes: Any, values: np.ndarray, drawing: _Drawing) -> None:
    axes.semilogx(drawing.data.x[:, 0], values[:, 0], color=_BATCH)
    axes.set(xlabel=say("contrast.x"))


_DRAW: Mapping[str, Callable[[Any, np.ndarray, _Drawing], None]] = {
    "points": _cloud,
    "table": _cloud,
    "image": _image,
    "sequence": _sequence,
    "bank": _bank,
    "contrast": _contrast,
}
