"""Inputs that a module is tried on, made up from its sizes or after an input that it takes."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from normlab.recognition.copies import held_by

_SIZES = ("num_features", "num_channels", "in_channels", "channels", "dim", "hidden_size")
_MANY = 64  # channels from which on few places do


def made_up(module: nn.Module) -> Iterator[Tensor]:
    """By the sizes the module holds; those first that tell most."""
    for channels in _channels(module):
        places = [n for n in ((5, 7, 6) if channels < _MANY else (3, 5)) if n != channels][:2]
        samples = _samples(module, channels, math.prod(places))
        for shape in (
            (samples, channels, *places),
            (samples, channels, places[0]),
            (samples, places[0], channels),
            (samples, *places, channels),
            (max(samples, 12), channels),
            (2, channels, *places, 3),
        ):
            yield _random(shape, module)


def like(module: nn.Module, x: Tensor) -> Iterator[Tensor]:
    """Of few places and some samples, and where those are not taken, of the sizes of x."""
    space = [min(size, 5 + 2 * i) for i, size in enumerate(x.shape[2:])]
    few = _samples(module, x.shape[1], math.prod(space)) if x.dim() > 1 else 6
    for shape in ((few, *x.shape[1:2], *space), (few, *x.shape[1:]), tuple(x.shape)):
        yield _random(shape, module)


def _samples(module: nn.Module, channels: int, places: int) -> int:
    """As many as it takes to tell weights between all channels from each other."""
    mixed = any(value.numel() == channels**2 for value in held_by(module).values())
    return max(6, -(-3 * channels // max(places, 1))) if mixed else 6


def _random(shape: tuple[int, ...], module: nn.Module) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    first = next(iter(held_by(module).values()), values)
    return values.to(first.device)


def _channels(module: nn.Module) -> list[int]:
    """Numbers of channels, as attributes and parameters tell them."""
    told = [getattr(module, name, None) for name in _SIZES]
    shape = getattr(module, "normalized_shape", None)
    told += [shape[-1]] if isinstance(shape, tuple | list) and len(shape) else []
    held = [max(v.shape) for v in held_by(module).values() if v.dim() and v.numel() > 1]
    found = [n for n in [*told, *held] if isinstance(n, int) and n > 1]
    return list(dict.fromkeys(found))[:3] or [8]
