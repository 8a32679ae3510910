"""Networks small enough for dozens of them, each with a place for a normaliser."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import DataError
from normlab.lab.family import load
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.drawn import Dropout, UnitNoise
from normlab.lab.training.engine.norms import Kind, make

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class Tap(nn.Identity):
    """Keeps what passes, for `Group.watch`."""

    seen: Tensor

    def forward(self, input: Tensor) -> Tensor:
        self.seen = input
        return input


def normalizer(cell: Training, channels: int, kind: Kind) -> nn.Module:
    return make(cell.norm, channels, kind, cell.norm_options)


def mlp(
    cell: Training,
    data: Data,
    *,
    width: int = 64,
    depth: int = 5,
    activation: str = "relu",
    dropout: float = 0.0,
    noise: bool = False,
) -> nn.Module:
    """depth × (linear, norm, noise, activation, dropout) and a linear readout; taps input.i before each norm,
    drive.i before each activation and output.i after it."""
    parts = nn.Sequential(nn.Flatten())
    features = data.features
    for i in range(depth):
        parts.add_module(f"linear_{i}", nn.Linear(features, width))
        parts.add_module(f"input_{i}", Tap())
        parts.add_module(f"norm_{i}", normalizer(cell, width, "features"))
        if noise:
            parts.add_module(f"noise_{i}", UnitNoise(cell.batch_size, width))
        parts.add_module(f"drive_{i}", Tap())
        parts.add_module(f"activation_{i}", _ACTIVATIONS[activation]())
        parts.add_module(f"output_{i}", Tap())
        if dropout:
            parts.add_module(f"dropout_{i}", Dropout(dropout, cell.batch_size, width))
        features = width
    parts.add_module("readout", nn.Linear(features, len(data.classes)))
    return parts


def needs_images(data: Data) -> None:
    if data.lack:
        raise DataError(data.lack)


def _later(place: str) -> Callable[..., nn.Module]:
    """A network of a module that builds on this one, which is imported when the network is made."""

    def made(cell: Training, data: Data, **options: Any) -> nn.Module:
        return load(place)(cell, data, **options)

    return made


_HERE = "normlab.lab.training.engine"
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "cnn": _later(f"{_HERE}.images:cnn"),
    "resnet": _later(f"{_HERE}.images:resnet"),
    "transformer": _later(f"{_HERE}.transformer:transformer"),
}


def build(cell: Training, data: Data) -> nn.Module:
    return NETWORKS[cell.network](cell, data, **cell.options)


@torch.no_grad()
def initialize(network: nn.Module, seed: int, scale: float, std: float | None = None) -> None:
    """First weights N(0, std²) · scale, biases 0; std is √(2/fan_in) by default (He et al. 2015).

    Normalisers draw nothing, so that networks that differ in them start from the same weights.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            fan_in = layer.weight[0].numel()
            spread = math.sqrt(2 / fan_in) if std is None else std
            drawn = torch.randn(layer.weight.shape, generator=generator)
            layer.weight.copy_(drawn * spread * scale)
            if layer.bias is not None:
                layer.bias.zero_()
