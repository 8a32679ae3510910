"""Where the axes are, and histograms on them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from normlab.explorer.model.datasets import Data, Tables, build
from normlab.explorer.model.normalising import Outcome, normalised
from normlab.explorer.model.state import State

Range = tuple[float, float]
_BINS = 24
_ROOM = {"points": 2.4, "table": 2.4}  # so that a weight of 2 stays in the picture


@dataclass(frozen=True)
class Frames:
    """The range of each shown channel before and after; one for all in a block."""

    before: tuple[Range, ...]
    after: tuple[Range, ...]

    def json(self) -> dict[str, Any]:
        return {"before": self.before, "after": self.after}


def frames(
    state: State, tables: Tables, data: Data, outcome: Outcome, columns: tuple[int, ...]
) -> Frames:
    """Fixed, shared or automatic, as the person chose."""
    block = state.data not in ("points", "table")
    before = _ranges(data.x, columns, block)
    after = _ranges(outcome.y, columns, block)
    if state.frame == "auto":
        return Frames(before, after)
    if state.frame == "shared":
        both = tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(before, after, strict=True))
        return Frames(both, both)
    fixed = data.fixed[:1] if block else tuple(data.fixed[column] for column in columns)
    return Frames(fixed, (_fixed_after(state, tables),) * len(fixed))


def _ranges(values: Tensor, columns: tuple[int, ...], block: bool) -> tuple[Range, ...]:
    parts = [values] if block else [values[:, column] for column in columns]
    return tuple(_padded(part) for part in parts)


def _padded(values: Tensor) -> Range:
    values = values[values.isfinite()]
    if not len(values):
        return -1.0, 1.0
    low, high = (bound.item() for bound in values.aminmax())
    room = 0.06 * (high - low) or max(abs(low), 1.0) * 0.5
    return low - room, high + room


def _fixed_after(state: State, tables: Tables) -> Range:
    """What the untouched data give with the row's defaults: it stays while sliders move."""
    start = State(data=state.data, norm=state.norm, table=state.table)
    if state.data == "contrast":  # responses are shares of the largest
        return (0.0, 1.25) if state.norm == "divisive" else _start_range(start, _Held(tables))
    return _start_range(start, _Held(tables))


class _Held:
    """The tables, equal to any other: the key of a table is in the state."""

    def __init__(self, tables: Tables):
        self.tables = tables

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(64)
def _start_range(start: State, held: _Held) -> Range:
    data = build(start, held.tables)
    y = normalised(start, data).y
    largest = _ROOM.get(start.data, 1.15) * max(y.nan_to_num().abs().max().item(), 1e-6)
    return (-largest if bool((y < 0).any()) or start.data in _ROOM else 0.0), largest


def histogram(values: Tensor, inside: slice, frame: Range) -> dict[str, Any]:
    """Counts of all values and of those of the batch in equal bins of the frame, and how many lie beyond."""
    low, high = frame
    edges = torch.linspace(low, high, _BINS + 1, dtype=values.dtype)
    return {
        "low": low,
        "high": high,
        "all": _counts(values, edges),
        "batch": _counts(values[inside], edges),
        "outside": int(((values < low) | (values > high)).sum()),
    }


def _counts(values: Tensor, edges: Tensor) -> list[int]:
    return torch.histogram(values[values.isfinite()], edges).hist.int().tolist()
