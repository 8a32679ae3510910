"""What each kind of data looks like: its arrays, histograms, and which cells one is normalised with."""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from normlab.explorer.model.batching import in_batches
from normlab.explorer.model.datasets import Data, build
from normlab.explorer.model.normalising import Outcome, affine, normalised
from normlab.explorer.model.state import State
from normlab.explorer.view.frames import Frames, histogram

_MAP_ROWS, _MAP_COLUMNS = 12, 16  # of a batch, in the map of cells
Drawn = tuple[dict[str, Any], dict[str, Tensor]]  # more of the header, and arrays


@dataclass(frozen=True)
class Seen:
    """A computed state, the channels that are shown, the selected element and the axes."""

    state: State
    data: Data
    outcome: Outcome
    columns: tuple[int, ...]
    cell: tuple[int, ...]
    frames: Frames


def cloud(seen: Seen) -> Drawn:
    """Points: two channels before and after, their histograms, and the cells of the selected batch."""
    x, y, outcome, shown = seen.data.x, seen.outcome.y, seen.outcome, list(seen.columns)
    histograms = [
        _histograms(seen, x[:, column], y[:, column], i) for i, column in enumerate(shown)
    ]
    batch, here = x[outcome.batch], seen.cell[0] - outcome.first
    weights = outcome.cells((here, seen.cell[1]), tuple(batch.shape))
    start = max(0, min(here - _MAP_ROWS // 2, len(batch) - _MAP_ROWS))
    part = weights[start : start + _MAP_ROWS, :_MAP_COLUMNS, None]
    header = {"histograms": histograms, "cells": _cells(weights, part, outcome.first + start)}
    arrays = {"before": x[:, shown], "after": y[:, shown], "cells": _relative(part, weights)}
    return header, arrays | _way(seen, shown)


def _way(seen: Seen, shown: list[int]) -> dict[str, Tensor]:
    """Between before and after, where they differ from both: drawn on the way, in single precision."""
    outcome = seen.outcome
    plain = all(
        bool((value == (name == "weight")).all())
        for name, value in affine(seen.state, outcome.row, seen.data).items()
    )
    way = {"centred": outcome.centred} if outcome.row.center else {}
    way |= {} if plain else {"scaled": outcome.scaled}
    return {name: values[:, shown].float() for name, values in way.items()}


def block(seen: Seen) -> Drawn:
    """Images and sequences: every element, and the weight of each in the pool of one."""
    x, y = seen.data.x, seen.outcome.y
    weights = seen.outcome.cells(seen.cell, tuple(x.shape)).flatten(2)
    histograms = [_histograms(seen, x.flatten(), y.flatten(), 0)]
    header = {"histograms": histograms, "cells": _cells(weights, weights, 0)}
    arrays = {"before": x.flatten(2), "after": y.flatten(2)}
    return header, arrays | {"cells": _relative(weights, weights)}


def bank(seen: Seen) -> Drawn:
    """A bank of channels: activity, and each channel's weight in the pool of one."""
    x = seen.data.x
    weights = seen.outcome.cells(seen.cell, tuple(x.shape))[..., None]
    arrays = {"before": x, "after": seen.outcome.y, "cells": _relative(weights, weights)}
    return {"cells": _cells(weights, weights, 0)}, arrays


def contrast(seen: Seen) -> Drawn:
    """A response to contrast, alone and with the mask, and the σ and n that are held on the curve."""
    alone = replace(seen.state, masking=0.0)
    clear = normalised(alone, build(alone, {})).y
    row = seen.outcome.row
    values = row.resolve(seen.outcome.settings)
    handles = {
        "sigma": float(values["sigma"]),
        "power": float(row.number("n", values)),
        "free": "power" in row.defaults,
    }
    arrays = {"before": seen.data.x, "after": seen.outcome.y, "alone": clear}
    return {"handles": handles}, arrays


VIEWS = {"cloud": cloud, "block": block, "bank": bank, "contrast": contrast}


def _histograms(seen: Seen, x: Tensor, y: Tensor, i: int) -> dict[str, Any]:
    """Before and after of one channel, or of all of a block."""
    table = seen.data.x.dim() == 2
    pooled = in_batches(seen.state, seen.outcome.row) and not seen.outcome.evaluated
    inside = seen.outcome.batch if pooled else slice(0, 0)
    return {
        "column": seen.columns[i] if table else None,
        "before": histogram(x, inside, seen.frames.before[i]),
        "after": histogram(y, inside, seen.frames.after[i]),
    }


def _cells(weights: Tensor, part: Tensor, first: int) -> dict[str, Any]:
    """How the shown part of a batch's weights lies in it."""
    pooled = int((weights > 0).sum())
    return {"first": first, "shape": list(part.shape), "all": len(weights), "pooled": pooled}


def _relative(part: Tensor, weights: Tensor) -> Tensor:
    return (part / weights.max().clamp_min(1e-300)).float()
