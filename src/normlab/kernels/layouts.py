"""Memory layouts: the one x has, kept."""

import math

import torch
from torch import Tensor

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def channels_last(x: Tensor) -> torch.memory_format | None:
    """The channels_last format that x is in, or None."""
    if x.is_contiguous():
        return None
    kind = CHANNELS_LAST.get(x.dim())
    return kind if kind and x.is_contiguous(memory_format=kind) else None


def laid_out_as(y: Tensor, x: Tensor) -> Tensor:
    """y, in channels_last if x is."""
    kind = channels_last(x)
    return y if kind is None else y.contiguous(memory_format=kind)


def beside(x: Tensor) -> int:
    """How many values are a row for the kernels: places, or channels of channels_last and of tables."""
    rows = x.dim() == 2 or channels_last(x) is not None
    return x.shape[1] if rows else math.prod(x.shape[2:])
