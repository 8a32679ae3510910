"""Which states a saved page holds: every step of the tour, every preset, and grids of sliders around them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from normlab.equation.table import TABLE
from normlab.explorer.model.normalising import misfit
from normlab.explorer.model.presets import PRESETS, STARTS, TOUR
from normlab.explorer.model.state import BANK, DATA, State

Settings = Mapping[str, Any]
Axis = tuple[Settings, ...]  # what each place on it sets


@dataclass(frozen=True)
class Grid:
    """A state, and all that it becomes with one place of every axis."""

    base: Settings
    axes: tuple[Axis, ...] = ()

    def states(self) -> Iterator[dict[str, Any]]:
        for places in product(*self.axes):
            state = dict(self.base)
            for place in places:
                state |= place
            yield state


def _over(name: str, *values: Any) -> Axis:
    return tuple({name: value} for value in values)


def _with(name: str, *values: Any) -> Axis:
    """The setting as the base has it, and other values."""
    return ({}, *_over(name, *values))


KINDS = tuple(data for data in DATA if data != "table")  # which is a person's own
_POINTS, _LAST_STEP = 128, 16
_FACTORS = (-1.0, 0.5, 1.0, 1.5, 2.0, 3.0)
_SIZES = (2, 4, 8, 16, 32, 128)
_FRAMES = _with("frame", "shared", "auto")
_WEIGHTS = _over("weight", *([a, b] for a in (1.0, 2.0) for b in (1.0, 2.0)))
_BIASES = _over("bias", *([a, b] for a in (-2.0, 0.0, 3.0) for b in (0.0, 3.0)))
_MORE_WEIGHTS = _over("weight", *([a, b] for a in _FACTORS for b in _FACTORS))
_MEANS = _over(
    "mean", *([a, b] for a in (-20.0, 0.0, 10.0, 40.0) for b in (-40.0, -5.0, 0.0, 20.0))
)
_SCALES = _over("scale", *([a, b] for a in (1.0, 2.0, 4.0, 8.0) for b in (0.5, 1.0, 2.0, 4.0)))
_OUTLIERS = _over("outliers", 0, 1, 4)
_CORRELATIONS = _over("correlation", 0.0, 0.5, 0.9)
_LOUD = _over("loud", 20.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 800.0)
_SIGMAS = _over("sigma", 2.0, 5.0, 10.0, 19.3, 30.0, 50.0, 80.0)
_STEPS = _over("step", *range(_LAST_STEP + 1))
_EPS = _with("eps", 0.1, 1.0, 10.0)

# of each row whose ε is not all that can be set, what can be set besides
_SETTINGS: Mapping[str, tuple[Axis, ...]] = {
    "local_response": (_with("size", 1, 3), _with("alpha", 5e-4, 1e-2, 1.0), _with("k", 2.0)),
    "local_contrast": (_with("sigma", 0.01, 0.1, 10.0), _with("size", 3, 5)),
    "divisive": (_with("sigma", 0.1, 10.0), _with("power", 1.0, 4.0)),
    "gdn": (_with("sigma", 0.1, 10.0), _with("pool_cross", 0.1, 1.0)),
    "gdn1": (_with("sigma", 0.1, 10.0), _with("pool_cross", 0.1, 1.0)),
}
_GROUPS = {"points": (2,), "image": (2, 4), "sequence": (3,), "bank": (4, 16)}
_IMAGE, _BANK, _CELL = ({"data": "image"}, STARTS["bank"], STARTS["contrast"])


def _played(size: int) -> Axis:
    """Steps of training as the button makes them: the selected point moves along into the next batch."""
    at = ((step - 1) * size % _POINTS for step in range(1, _LAST_STEP + 1))
    steps = enumerate(at, start=1)
    return ({}, *({"step": step, "selected": [row, 0, 0]} for step, row in steps))


def _cells(samples: int, channels: int) -> Axis:
    """Each to be selected."""
    return _over("selected", *([n, c, 0] for n in range(samples) for c in range(channels)))


def _selected(data: str) -> dict[str, Any]:
    """What is selected where these data begin."""
    return {"selected": STARTS[data].get("selected", [0, 0, 0])}


def _rows(data: str) -> Iterator[Grid]:
    """Every row of the table that fits, with its settings, and which axes of the plot are used."""
    for name, row in TABLE.items():
        if not misfit(row, data):
            base = {"data": data, "norm": name} | _selected(data)
            groups = (_with("num_groups", *_GROUPS[data]),) if row.grouped else ()
            eps = (_EPS,) if "eps" in row.defaults else ()
            yield Grid(base, (*_SETTINGS.get(name, eps), *groups))
            yield Grid(base, (_FRAMES,))


def grids() -> tuple[Grid, ...]:
    """What is kept, for the rows that the table has by now."""
    return (
        *(Grid({"data": data} | STARTS[data]) for data in KINDS),
        *(Grid(state) for state in PRESETS.values()),
        *(Grid(step.state) for step in TOUR),
        *(Grid(step.answer) for step in TOUR if step.answer is not None),
        *(grid for data in KINDS if data != "contrast" for grid in _rows(data)),
        # batch normalisation of points, in training and in evaluation
        *(Grid({"batch_size": size}, (_WEIGHTS, _played(size))) for size in _SIZES),
        *(Grid({"batch_size": size, "mode": "eval"}, (_WEIGHTS, _STEPS)) for size in _SIZES),
        Grid({"batch_size": 1}, (_over("mode", "train", "eval"),)),  # what torch refuses, and why
        Grid({}, (_cells(_POINTS, 2),)),
        Grid({}, (_over("batch_size", *_SIZES), _OUTLIERS, _CORRELATIONS)),
        Grid({}, (_over("outliers", 1, 4), _FRAMES)),
        Grid({}, (_WEIGHTS, _BIASES)),
        *(Grid({}, (axis,)) for axis in (_MORE_WEIGHTS, _MEANS, _SCALES, _over("seed", *range(8)))),
        Grid({}, (_WEIGHTS, _FRAMES)),
        *(Grid(PRESETS[name] | {"mode": "eval"}, (_STEPS,)) for name in ("far", "correlated")),
        # the other rows that fit them
        *(
            Grid({"norm": name}, (_OUTLIERS, _CORRELATIONS))
            for name, row in TABLE.items()
            if not misfit(row, "points")
        ),
        Grid({"norm": "layer"}, (_WEIGHTS,)),
        Grid({"norm": "rms"}, (_WEIGHTS, _FRAMES)),
        # images
        *(
            Grid(_IMAGE | {"norm": name}, (_over("gain", 0.5, 1.0, 3.0), _over("offset", 0.0, 3.0)))
            for name in ("batch", "layer", "instance", "rms")
        ),
        *(Grid(_IMAGE | {"norm": name}, (_cells(4, 4),)) for name in ("batch", "layer", "instance")),
        Grid(_IMAGE | {"norm": "group"}, (_with("num_groups", 2, 4), _cells(4, 4))),
        Grid(_IMAGE | {"norm": "batch", "mode": "eval"}, (_STEPS,)),
        Grid(PRESETS["surround"], (_over("sigma", 0.01, 0.1, 1.0, 10.0), _over("size", 3, 5, 9))),
        # a bank of channels, and a neuron's response to contrast
        Grid(_BANK, (_LOUD, _cells(1, BANK))),
        Grid(_BANK, (_over("strong", *range(BANK)), _over("size", 3, 5, 7))),
        *(
            Grid({"data": "bank", "norm": name} | _selected("bank"), (_LOUD, *_SETTINGS[name]))
            for name in ("divisive", "gdn", "gdn1")
        ),
        Grid(
            _CELL,
            (
                _SIGMAS,
                _over("power", 1.0, 2.0, 2.9, 4.0, 6.0),
                _over("masking", 0.0, 10.0, 25.0, 30.0, 50.0, 100.0),
            ),
        ),
        Grid(_CELL, (_cells(61, 1),)),
        *(
            Grid({"data": "contrast", "norm": name} | _selected("contrast"), (_SIGMAS, _FRAMES))
            for name in ("gdn", "gdn1")
        ),
    )  # fmt: skip


def states() -> list[dict[str, Any]]:
    """Each of them once, as a page would send it."""
    found = (State.of(**_sent(state)).changed() for grid in grids() for state in grid.states())
    return list({json.dumps(state, sort_keys=True): state for state in found}.values())


def _sent(value: Any) -> Any:
    """JavaScript has one kind of number."""
    if isinstance(value, dict):
        return {name: _sent(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_sent(held) for held in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
