"""The sliders and menus: one line each, and to which data and rows it applies. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.explorer.model.state import BANK, MOST_ROWS, State, row_settings

Kind = Literal["slider", "log", "whole", "choice"]
Group = Literal["data", "norm", "batches"]
_BLOCKS = ("image", "sequence")


@dataclass(frozen=True)
class Control:
    """How a setting is offered: a slider's range is where it is worth looking; more can be typed."""

    name: str
    group: Group
    kind: Kind
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    data: tuple[str, ...] = ()  # the kinds of data it applies to; all, if there are none


CONTROLS = (
    Control("mean", "data", "slider", -50, 50, 0.5, ("points",)),
    Control("scale", "data", "slider", 0, 20, 0.1, ("points",)),
    Control("correlation", "data", "slider", -0.95, 0.95, 0.05, ("points",)),
    Control("outliers", "data", "whole", 0, 20, 1, ("points",)),
    Control("n", "data", "log", 2, MOST_ROWS, 1, ("points",)),
    Control("offset", "data", "slider", -5, 5, 0.1, _BLOCKS),
    Control("gain", "data", "slider", 0, 5, 0.05, _BLOCKS),
    Control("noise", "data", "slider", 0, 1, 0.01, _BLOCKS),
    Control("strong", "data", "whole", 0, BANK - 1, 1, ("bank",)),
    Control("loud", "data", "slider", 0, 1000, 5, ("bank",)),
    Control("quiet", "data", "slider", 0, 100, 1, ("bank",)),
    Control("masking", "data", "slider", 0, 100, 1, ("contrast",)),
    Control("seed", "data", "whole", 0, 99, 1, ("points", *_BLOCKS)),
    Control("mode", "norm", "choice"),
    Control("eps", "norm", "log", 1e-12, 10, 0),
    Control("num_groups", "norm", "choice"),
    Control("size", "norm", "whole", 1, 15, 1),
    Control("alpha", "norm", "log", 1e-6, 10, 0),
    Control("beta", "norm", "slider", 0.05, 2, 0.05),
    Control("k", "norm", "slider", 0, 10, 0.1),
    Control("sigma", "norm", "log", 0.01, 100, 0),
    Control("power", "norm", "slider", 0.5, 6, 0.1),
    Control("width", "norm", "slider", 0.2, 6, 0.1),
    Control("window", "norm", "choice"),
    Control("pool_own", "norm", "slider", 0, 2, 0.01),
    Control("pool_cross", "norm", "slider", 0, 2, 0.01),
    Control("weight", "norm", "slider", -3, 3, 0.05),
    Control("bias", "norm", "slider", -5, 5, 0.1),
    Control("batch_size", "batches", "log", 1, 1, 1),
    Control("momentum", "batches", "slider", 0, 1, 0.01),
)


def applying(state: State, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """The controls that do something for this data and row, with their values, as JSON."""
    row = find(state.norm)
    return [
        _told(control, state, row, shape)
        for control in (*CONTROLS, *unlisted(row))
        if _applies(control, state, row, shape)
    ]


def unlisted(row: Norm) -> list[Control]:
    """A slider for each number above 0 that has no line of its own: a hundredth of it to a hundredfold."""
    listed = {control.name for control in CONTROLS}
    new = {name: value for name, value in row.defaults.items() if name not in listed}
    return [
        Control(name, "norm", "log", value / 100, value * 100, 0)
        for name, value in new.items()
        if isinstance(value, float) and value > 0
    ]


def _applies(control: Control, state: State, row: Norm, shape: tuple[int, ...]) -> bool:
    name = control.name
    if name in row.defaults:
        return True
    if name in row_settings():
        return False
    if name in ("mode", "momentum"):
        return row.running
    if name == "batch_size":
        return row.uses_batch and state.data in ("points", "table")
    if name in ("weight", "bias"):
        return row.affine is not None
    if name.startswith("pool_"):
        alone = shape[1] == 1 and not (state.data == "contrast" and state.masking)
        return "pool_weight" in row.defaults and not (name == "pool_cross" and alone)
    return state.data in control.data


def _told(control: Control, state: State, row: Norm, shape: tuple[int, ...]) -> dict[str, Any]:
    name = control.name
    value, default = _values(name, state, row)
    told: dict[str, Any] = {
        "name": name,
        "group": control.group,
        "kind": control.kind,
        "low": control.low,
        "high": control.high,
        "step": control.step,
        "value": value,
        "default": default,
    }
    if name in row.defaults:
        setting = next(setting for setting in row.settings if setting.name == name)
        told |= {"symbol": setting.symbol, "meaning": setting.meaning}
    return told | _shaped(name, state, shape)


def _shaped(name: str, state: State, shape: tuple[int, ...]) -> dict[str, Any]:
    """What depends on the shape of the data."""
    channels = shape[1]
    if name == "batch_size":
        return {"high": max(2, shape[0])}
    if name == "num_groups":
        return {"options": [groups for groups in range(1, channels + 1) if channels % groups == 0]}
    if name == "size":
        return {"high": min(15, max(channels, *shape[2:], 2))}
    if name in ("weight", "bias") and channels != 2:
        return {"value": list(getattr(state, name)[:1])}
    return {"options": OPTIONS[name]} if name in OPTIONS else {}


OPTIONS: Mapping[str, list[str]] = {"mode": ["train", "eval"], "window": ["gaussian", "box"]}


def _values(name: str, state: State, row: Norm) -> tuple[Any, Any]:
    """The value as it is and by default; where None stands for a number, that number."""
    if name not in row.defaults:
        value, default = getattr(state, name), getattr(State(), name)
        return (list(value), list(default)) if isinstance(value, tuple) else (value, default)
    default = row.defaults[name]
    if default is None:
        default = _NONE[name](state, row)
    value = state.settings.get(name)
    return (default if value is None else value), default


_NONE: Mapping[str, Any] = {
    "eps": lambda state, row: 2.0**-23,
    "width": lambda state, row: state.settings.get("size", row.defaults["size"]) / 4,
}
