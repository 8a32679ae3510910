"""States worth a look: presets, the steps of the tour, and where each kind of data starts.

The words are in strings.json: `preset.NAME`, `preset.NAME.notice`, `tour.NAME.*`. Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from normlab.equation.papers import alexnet_settings

_CELL = {
    "data": "contrast",
    "norm": "divisive",
    "sigma": 19.3,
    "power": 2.9,
    "selected": [39, 0, 0],
}
_ALEXNET = {name: alexnet_settings()[name] for name in ("alpha", "k")}
_BANK = {"data": "bank", "norm": "local_response", **_ALEXNET, "selected": [0, 7, 0]}

# what choosing a kind of data sets besides, so that there is something to see
STARTS: Mapping[str, dict[str, Any]] = {
    "points": {"norm": "batch"},
    "table": {"norm": "batch"},
    "image": {"norm": "instance"},
    "sequence": {"norm": "layer"},
    "bank": _BANK,
    "contrast": _CELL,
}

# rows that have a picture of their own, and the data that it is of
RELATED: Mapping[str, str] = {"divisive": "contrast", "local_response": "bank"}

PRESETS: Mapping[str, dict[str, Any]] = {
    "chapter": {},
    "tiny": {"batch_size": 2},
    "whole": {"batch_size": 128},
    "outlier": {"outliers": 4, "frame": "auto"},
    "far": {"mean": [40.0, -40.0], "mode": "eval", "step": 16, "frame": "shared"},
    "early": {"mode": "eval", "step": 3},
    "correlated": {"correlation": 0.9, "batch_size": 32},
    "gamma": {"weight": [2.0, 0.5], "bias": [1.0, -1.0]},
    "layer": {"norm": "layer"},
    "rms": {"norm": "rms", "frame": "auto"},
    "instance": {"data": "image", "norm": "instance"},
    "group": {"data": "image", "norm": "group", "num_groups": 2},
    "surround": {"data": "image", "norm": "local_contrast", "size": 5, "sigma": 0.1},
    "cortex": _CELL,
    "masked": _CELL | {"masking": 25.0},
    "alexnet": _BANK,
}

_FAR_POINT = {"outliers": 1, "frame": "auto"}


@dataclass(frozen=True)
class TourStep:
    """A step of the tour: the state at the question, what the answer changes, and where to look."""

    name: str
    state: Mapping[str, Any]
    look: str
    answer: Mapping[str, Any] | None = None  # None where nothing is asked
    right: int = 0  # which of the choices


TOUR: tuple[TourStep, ...] = (
    TourStep("points", {}, "before"),
    TourStep("batch", {}, "after"),
    TourStep("size", {"batch_size": 8}, "after", {"batch_size": 2, "frame": "fixed"}, 1),
    TourStep("outlier", _FAR_POINT, "point", _FAR_POINT | {"selected": [3, 0, 0]}, 2),
    TourStep("hand", {"selected": [5, 0, 0]}, "point"),
    TourStep("running", {"step": 0}, "batches", {"step": 16}, 0),
    TourStep("eval", {"step": 3}, "after", {"step": 3, "mode": "eval"}, 1),
    TourStep("affine", {}, "after", {"weight": [2.0, 2.0], "bias": [3.0, 0.0]}, 2),
    TourStep("layer", {}, "after", {"norm": "layer"}, 0),
    TourStep("space", {"data": "image", "norm": "batch"}, "cells", {"data": "image", "norm": "instance"}, 1),
    TourStep("cortex", _CELL, "after", _CELL | {"masking": 30.0}, 1),
    TourStep("alexnet", _BANK | {"loud": 20.0}, "after", _BANK, 2),
    TourStep("end", {}, "before"),
)  # fmt: skip


def steps() -> list[dict[str, Any]]:
    """The tour as JSON: for each step the state when it is asked and when it is answered."""
    return [
        {
            "name": step.name,
            "look": step.look,
            "state": dict(step.state),
            "answer": None if step.answer is None else dict(step.answer),
            "right": step.right,
        }
        for step in TOUR
    ]
