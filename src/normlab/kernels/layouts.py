"""Memory layouts: the one x has, and what torch's group statistics need in channels_last."""

import torch
from torch import Tensor

from normlab.tracing import values_known

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def channels_last(x: Tensor) -> torch.memory_format | None:
    """The channels_last format that x is in, or None."""
    kind = CHANNELS_LAST.get(x.dim())
    return kind if kind and not x.is_contiguous() and x.is_contiguous(memory_format=kind) else None


def laid_out_as(y: Tensor, x: Tensor) -> Tensor:
    """y, in channels_last if x is."""
    kind = channels_last(x)
    return y if kind is None else y.contiguous(memory_format=kind)


def steadied(x: Tensor, num_groups: int) -> Tensor:
    """x for torch's group norm: in channels_last, where its variance is E[x²] − E[x]², near mean 0.

    Group norm forgets a constant per group, so one is subtracted: the mean of the first places.
    """
    kind = channels_last(x)
    if kind is None or not values_known(x) or x.numel() == 0:
        return x
    places = x.detach().flatten(2)[:, :, :8].unflatten(1, (num_groups, -1)).flatten(2)
    low, high = places.aminmax(dim=2)
    if bool(((low <= 0) & (high >= 0)).all()):
        return x
    mean = places.mean(2, keepdim=True)
    each = mean.expand(-1, -1, x.shape[1] // num_groups).flatten(1)
    return (x - each.reshape(*each.shape, *[1] * (x.dim() - 2))).contiguous(memory_format=kind)
