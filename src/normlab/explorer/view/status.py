"""One sentence on what there is now, which is also what a screen reader is told."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from normlab.equation.pools import Axes
from normlab.explorer.model.batching import in_batches
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.explorer.view.arithmetic import text
from normlab.explorer.view.views import Seen


def status(seen: Seen) -> str:
    outcome, state, x = seen.outcome, seen.state, seen.data.x
    table = state.data in ("points", "table")
    shown = outcome.y[:, list(seen.columns)] if table else outcome.y.flatten()[:, None]
    told: dict[str, Any] = {
        "norm": outcome.row.title,
        "rows": len(x),
        "channels": x.shape[1],
        "channel": seen.cell[1],
        "batches": len(outcome.sizes),
        "size": outcome.sizes[0],
        "last": outcome.sizes[-1],
        "step": state.step,
        "mean": _listed(shown, Tensor.mean, 1),
        "std": _listed(shown, Tensor.std, 2),
        "x": text(round(x[seen.cell].item(), 4)),
        "y": text(round(outcome.y[seen.cell].item(), 4)),
    }
    return say(f"status.{_kind(seen)}", **told)


def lead(seen: Seen) -> str:
    """What is seen, in plain words."""
    outcome, state = seen.outcome, seen.state
    told = {
        "rows": len(seen.data.x),
        "size": outcome.sizes[0],
        "step": state.step,
        "norm": outcome.row.title,
        "what": say(f"lead.what.{_what(state)}"),
    }
    return say(f"lead.{_lead(seen)}", **told)


def _what(state: State) -> str:
    return {"table": "points", "bank": "channels", "contrast": "contrasts"}.get(
        state.data, state.data
    )


def _lead(seen: Seen) -> str:
    outcome, state = seen.outcome, seen.state
    row = outcome.row
    if state.data in ("bank", "contrast"):
        return state.data
    if outcome.evaluated:
        return "eval" if state.step else "eval.start"
    if row.uses_batch and state.data in ("points", "table"):
        return "whole" if len(outcome.sizes) == 1 else "batches"
    if row.center and isinstance(row.pool, Axes):  # the mean that is taken away is the pool's own
        return "own" if state.data in ("points", "table") else "block"
    if isinstance(row.pool, Axes) and row.m == 1 and state.data in ("points", "table"):
        return "length"
    return "divided"


def _kind(seen: Seen) -> str:
    """Which sentence fits."""
    outcome, state = seen.outcome, seen.state
    if state.data in ("bank", "contrast"):
        return state.data
    if outcome.evaluated:
        return "eval"
    if state.data in ("image", "sequence"):
        return "block"
    if not in_batches(state, outcome.row):
        return "alone"
    if len(outcome.sizes) == 1:
        return "one"
    return "batches" if outcome.sizes[0] == outcome.sizes[-1] else "uneven"


def _listed(shown: Tensor, statistic: Callable[[Tensor], Tensor], least: int) -> str:
    """A statistic of each feature, to four decimals; a dash where too few values are numbers."""
    finite = [column[column.isfinite()] for column in shown.T]
    found = [statistic(values).item() if len(values) >= least else None for values in finite]
    return " · ".join("–" if value is None else text(round(value, 4) + 0.0) for value in found)
