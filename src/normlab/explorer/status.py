"""One sentence on what there is now, which is also what a screen reader is told."""

from typing import Any

from torch import Tensor

from normlab.explorer.arithmetic import text
from normlab.explorer.normalising import in_batches
from normlab.explorer.views import Seen
from normlab.explorer.words import say


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
        "mean": _listed(shown.mean(0)),
        "std": _listed(shown.std(0)),
        "x": text(round(x[seen.cell].item(), 4)),
        "y": text(round(outcome.y[seen.cell].item(), 4)),
    }
    return say(f"status.{_kind(seen)}", **told)


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


def _listed(values: Tensor) -> str:
    """Numbers of one for each feature, to four decimals."""
    return " · ".join(text(round(value, 4) + 0.0) for value in values.tolist())
