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
_LEFT = 0.1  # share of the values beyond fixed axes from which these follow
_LEFT_BESIDE = 0.02  # and where two clouds stand beside one another
_BINS = 24
_ROOM = {"points": 2.4, "table": 2.4}  # so that a weight of 2 stays in the picture


@dataclass(frozen=True)
class Frames:
    """The range of each shown channel before and after; one for all in a block.

    `moved` are the sides whose fixed axes have followed values that left them.
    """

    before: tuple[Range, ...]
    after: tuple[Range, ...]
    moved: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        return {"before": self.before, "after": self.after, "moved": self.moved}


def frames(
    state: State,
    tables: Tables,
    data: Data,
    outcome: Outcome,
    columns: tuple[int, ...],
    other: Tensor | None = None,
) -> Frames:
    """Fixed, shared or automatic, as the person chose; those after are also of what it is compared with."""
    block = state.data not in ("points", "table")
    y = outcome.y if other is None else torch.cat([outcome.y, other])
    before = _ranges(data.x, columns, block)
    after = _ranges(y, columns, block)
    if state.frame == "auto":
        return Frames(before, after)
    if state.frame == "shared":
        both = tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(before, after, strict=True))
        return Frames(both, both)
    fixed = data.fixed[:1] if block else tuple(data.fixed[column] for column in columns)
    after_fixed = (_fixed_after(state, tables),) * len(fixed)
    held = {
        "before": (fixed, _parts(data.x, columns, block)),
        "after": (after_fixed, _parts(y, columns, block)),
    }
    left = {"before": _LEFT, "after": _LEFT if other is None else _LEFT_BESIDE}
    found = {
        side: tuple(_following(start, part, left[side]) for start, part in zip(*both, strict=True))
        for side, both in held.items()
    }
    moved = tuple(side for side, (start, _) in held.items() if found[side] != start)
    return Frames(**found, moved=moved)


def _following(fixed: Range, values: Tensor, left: float) -> Range:
    """Fixed axes; moved by quarters and doubled until all is seen, once many values have left them."""
    values = values[values.isfinite()]
    low, high = fixed
    if not len(values) or ((values < low) | (values > high)).double().mean() <= left:
        return fixed
    least, most = _padded(values)
    span = high - low
    while 0.75 * span < most - least:
        span *= 2
    middle = (low + high) / 2
    middle += round(((least + most) / 2 - middle) / (span / 4)) * span / 4
    return middle - span / 2, middle + span / 2


def _ranges(values: Tensor, columns: tuple[int, ...], block: bool) -> tuple[Range, ...]:
    return tuple(map(_padded, _parts(values, columns, block)))


def _parts(values: Tensor, columns: tuple[int, ...], block: bool) -> list[Tensor]:
    return [values] if block else [values[:, column] for column in columns]


def _padded(values: Tensor) -> Range:
    values = values[values.isfinite()]
    if not len(values):
        return -1.0, 1.0
    low, high = (bound.item() for bound in values.aminmax())
    room = 0.06 * (high - low) or max(abs(low), 1.0) * 0.5
    return low - room, high + room


def _fixed_after(state: State, tables: Tables) -> Range:
    """What the untouched data give with the row's defaults: it stays while sliders move."""
    return start_range(State(data=state.data, norm=state.norm, table=state.table), tables)


def start_range(start: State, tables: Tables) -> Range:
    """The fixed axes after, of the data and the row that a state begins with."""
    if (start.data, start.norm) == ("contrast", "divisive"):  # responses are shares of the largest
        return 0.0, 1.25
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
