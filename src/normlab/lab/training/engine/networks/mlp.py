"""Layers one after the other, each with a place for a normaliser."""

from torch import nn

from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.networks.parts import Tap, normalizer
from normlab.lab.training.engine.random_layers import Dropout, UnitNoise

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


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
