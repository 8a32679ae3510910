"""The layer that the by-hand result is held against: torch's where torch has one, else ours."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.row import Norm
from normlab.nn import GDN, DivisiveNorm


class _Unit(nn.Module):
    """torch.nn.functional.normalize, which torch has only as a function."""

    def __init__(self, eps: float):
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x, dim=1, eps=self.eps)


class _Window(nn.LocalResponseNorm):
    """torch's layer, which takes no (N, C) input."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input[..., None])[..., 0]


# features, settings, dtype and device: made as they are used, for 0.1 as float32 is another number
_LAYERS: dict[str, Callable[[int, dict[str, Any], dict[str, Any]], nn.Module]] = {
    "batch": lambda d, v, k: nn.BatchNorm1d(d, eps=v["eps"], track_running_stats=False, **k),
    "layer": lambda d, v, k: nn.LayerNorm(d, eps=v["eps"], **k),
    "group": lambda d, v, k: nn.GroupNorm(v["num_groups"], d, eps=v["eps"], **k),
    "rms": lambda d, v, k: nn.RMSNorm(d, eps=v["eps"], **k),
    "l2": lambda d, v, k: _Unit(v["eps"]),
    "local_response": lambda d, v, k: _Window(v["size"], v["alpha"], v["beta"], v["k"]),
    "divisive": lambda d, v, k: DivisiveNorm(d, sigma=v["sigma"], power=v["power"], **k),
    "gdn": lambda d, v, k: GDN(d, sigma=v["sigma"], **k),
    "gdn1": lambda d, v, k: GDN(d, sigma=v["sigma"], simplified=True, **k),
}


def layer_of(row: Norm, weight: Tensor, bias: Tensor, values: dict[str, Any]) -> nn.Module:
    """The row's layer, in training mode, with weight and bias where it has them."""
    kind = {"dtype": weight.dtype, "device": weight.device}
    layer = _LAYERS[row.name](len(weight), values, kind)
    with torch.no_grad():
        for name, value in (("weight", weight), ("bias", bias)):
            if isinstance(getattr(layer, name, None), nn.Parameter):
                getattr(layer, name).copy_(value)
    return layer


def apply(layer: nn.Module, batch: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The layer's output; weight and bias that it does not hold itself are applied after it."""
    y = layer(batch)
    y = y if isinstance(getattr(layer, "weight", None), nn.Parameter) else y * weight
    return y if isinstance(getattr(layer, "bias", None), nn.Parameter) else y + bias


def name_of(row: Norm, layer: nn.Module) -> str:
    """How the report calls the layer."""
    if isinstance(layer, _Unit):
        return "torch.nn.functional.normalize"
    if isinstance(layer, _Window):
        return "torch.nn.LocalResponseNorm"
    module = "torch.nn" if type(layer).__module__.startswith("torch.") else "normlab.nn"
    return f"{module}.{type(layer).__name__}"
