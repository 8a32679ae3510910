"""The layer that the by-hand result is held against: torch's where torch has one, else ours."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.row import Norm
from normlab.lab.chapter.setup import Setup
from normlab.nn.registry import layer_for


class _Unit(nn.Module):
    """torch.nn.functional.normalize, which torch has only as a function."""

    def __init__(self, normalized_shape: Any, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x, dim=1, eps=self.eps)


class _Window(nn.LocalResponseNorm):
    """torch's layer, which takes no (N, C) input."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input[..., None])[..., 0]


# torch's, where what it has does not take a table as it is; the others by the registry
_TABLES: Mapping[str, Callable[..., nn.Module]] = {"l2": _Unit, "local_response": _Window}


def layer_of(row: Norm, weight: Tensor, bias: Tensor, values: dict[str, Any]) -> nn.Module:
    """The row's layer, in training mode, with weight and bias where it has them."""
    layer = _made(row, weight, values)
    with torch.no_grad():
        for name, value in (("weight", weight), ("bias", bias)):
            if isinstance(getattr(layer, name, None), nn.Parameter):
                getattr(layer, name).copy_(value)
    return layer


def _made(row: Norm, like: Tensor, values: dict[str, Any]) -> nn.Module:
    if row.name in _TABLES:
        return _TABLES[row.name](**values)
    entry = layer_for(row)
    sized = {"normalized_shape", "pool_weight"}  # the number of features, and what is learned
    settings = {name: value for name, value in values.items() if name not in sized}
    untracked = {"track_running_stats": False} if row.running else {}
    kind = entry.torch[0] if entry.torch else None
    return entry.make(len(like), kind=kind, like=like, **settings, **untracked)


def apply(layer: nn.Module, batch: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The layer's output; weight and bias that it does not hold itself are applied after it."""
    y = layer(batch)
    y = y if isinstance(getattr(layer, "weight", None), nn.Parameter) else y * weight
    return y if isinstance(getattr(layer, "bias", None), nn.Parameter) else y + bias


def outputs(setup: Setup) -> Tensor:
    """The layer's output for each batch of the data."""

    def output(x: Tensor) -> Tensor:
        wide = x.shape[1] // len(setup.weight)  # batches side by side
        weight, bias = setup.weight.repeat(wide), setup.bias.repeat(wide)
        return apply(layer_of(setup.row, weight, bias, setup.values), x, weight, bias)

    with torch.no_grad():
        return setup.in_batches(output, setup.x)


def name_of(row: Norm, layer: nn.Module) -> str:
    """How the report calls the layer."""
    if isinstance(layer, _Unit):
        return "torch.nn.functional.normalize"
    if isinstance(layer, _Window):
        return "torch.nn.LocalResponseNorm"
    module = "torch.nn" if type(layer).__module__.startswith("torch.") else "normlab.nn"
    return f"{module}.{type(layer).__name__}"
