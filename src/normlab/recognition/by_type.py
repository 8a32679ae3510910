"""Modules known by their class: torch's layers and ours, as long as nobody gave them another forward."""

from collections.abc import Callable
from typing import Any

from torch import nn

from normlab.equation.relatives import FILTER_RESPONSE, POSITIONAL, SCALE
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import CheckError
from normlab.nn import LayerNorm2d, beyond, registry
from normlab.recognition.found import Recognised
from normlab.recognition.steps import After

_Read = Callable[[Any], dict[str, Any]]


def by_type(module: nn.Module) -> Recognised | None:
    """What a module is by its class, or None where the class is not known or has its own forward."""
    for kind, row, read in _BESIDE:
        if type(module) is kind:
            return _made(module, find(row) if isinstance(row, str) else row, **read(module))
    entry = registry.entry_of(module)
    if entry is None or not _plain(module, entry.layer):
        return None
    try:
        row, settings = entry.settings(module)
    except CheckError:  # a form of the layer that is no row; `why_not` says why
        return None
    return _made(module, row, settings=settings)


def _made(module: nn.Module, row: Norm, settings: dict[str, Any], **more: Any) -> Recognised:
    held = {name: getattr(module, name, None) for name in ("weight", "bias")}
    affine = {} if row.affine is None else held
    statistics = {"mean": getattr(module, "running_mean", None)}
    statistics["var"] = getattr(module, "running_var", None)
    return Recognised(module, row, settings, **affine | statistics | more)


def _plain(module: nn.Module, layer: type[nn.Module]) -> bool:
    """Whether the forward that runs is torch's or ours."""
    forward = type(module).forward
    ours = forward is layer.forward or forward.__module__.startswith("torch.nn.modules.")
    return ours and "forward" not in vars(module)


def _eps(module: Any) -> dict[str, Any]:
    return {"settings": {"eps": module.eps}}


def _scale(module: beyond.ScaleNorm) -> dict[str, Any]:
    names = ("eps", "normalized_shape")
    return {"settings": {name: getattr(module, name) for name in names}}


def _filter_response(module: beyond.FilterResponseNorm) -> dict[str, Any]:
    step = None if module.tau is None else After("the larger of it and tau", tau="tau")
    return _eps(module) | {"step": step and step.made(module)}


def _frozen(module: beyond.FrozenBatchNorm) -> dict[str, Any]:
    return _eps(module) | {"frozen": True}


_BESIDE: tuple[tuple[type[nn.Module], str | Norm, _Read], ...] = (
    (LayerNorm2d, POSITIONAL, _eps),
    (beyond.PositionalNorm, POSITIONAL, _eps),
    (beyond.FilterResponseNorm, FILTER_RESPONSE, _filter_response),
    (beyond.ScaleNorm, SCALE, _scale),
    (beyond.FrozenBatchNorm, "batch", _frozen),
)
