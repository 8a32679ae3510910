"""Modules known by their class: torch's layers and ours, as long as nobody gave them another forward."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from normlab.equation import relatives
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
    entry = _known(module)
    if entry is None or no_row(module):
        return None
    row, settings = entry.settings(module)
    return _made(module, row, settings=settings)


def no_row(module: nn.Module) -> str:
    """Why a module of a known class is no row of the equation; "" where its class does not tell."""
    if any(map(is_lazy, [*module.parameters(), *module.buffers()])):
        return "its sizes are not known before it has seen an input"
    for one in relatives.RELATIVES.values():
        if type(module) in _NONE.get(one.name, ()):
            return one.why
    try:
        if (entry := _known(module)) is not None:
            entry.settings(module)
    except CheckError as error:
        return str(error)
    return ""


# by the names of what stands beside the table
_NONE: dict[str, tuple[type[nn.Module], ...]] = {
    "ghost_batch": (beyond.GhostBatchNorm,),
    "batch_renorm": (beyond.BatchRenorm,),
    "global_response": (beyond.GlobalResponseNorm,),
    "dynamic_tanh": (beyond.DynamicTanh,),
    "weight_standardization": (beyond.WeightStandardization,),
}


def _known(module: nn.Module) -> registry.RowLayer | None:
    """The entry of a class whose forward is torch's or ours."""
    entry = registry.entry_of(module)
    return entry if entry is not None and _plain(module, entry.layer) else None


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
    return {"settings": {name: getattr(module, name) for name in names}, "weight": module.weight}


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
