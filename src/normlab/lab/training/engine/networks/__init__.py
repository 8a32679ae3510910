"""Networks small enough for dozens of them, by name; how they are made, and their first weights."""

import math
from collections.abc import Callable

import torch
from torch import nn

from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.networks.images import cnn, resnet
from normlab.lab.training.engine.networks.mlp import mlp
from normlab.lab.training.engine.networks.transformer import transformer

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "transformer": transformer,
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
