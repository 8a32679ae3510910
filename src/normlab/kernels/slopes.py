"""What the kernels' backward passes share: parameters as they take them, and slopes by their twin."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from normlab.dtypes import widened

Maybe = Tensor | None


def learns(*given: Maybe) -> bool:
    """Whether gradients of one of them may be asked for."""
    if torch.is_grad_enabled():
        for a in given:  # a generator would take three times as long
            if a is not None and a.requires_grad:
                return True
    return False


def by_channel(a: Maybe, channels: int) -> Maybe:
    """A parameter of one value, or of one for each channel, as one for each channel."""
    if a is None or a.shape == (channels,):
        return a
    return a.flatten().expand(channels)


class Added(NamedTuple):
    """What backward asks of a bias. No slope depends on its value, which may be written to meanwhile."""

    shape: torch.Size
    dtype: torch.dtype

    def slope(self, g: Tensor, valid: Maybe = None) -> Tensor:
        """g, at valid places, summed onto the bias: one value a channel, or of x's rank."""
        g = widened(g) if valid is None else torch.where(valid, widened(g), 0.0)
        shape = self.shape if len(self.shape) == g.dim() else (1, g.shape[1], *[1] * (g.dim() - 2))
        return reduced(g, shape).reshape(self.shape).to(self.dtype)


def summed_onto(sums: Tensor, a: Tensor | Added) -> Tensor:
    """One gradient for each channel, or for the one value that all channels have."""
    own = sums.sum(0, keepdim=True) if math.prod(a.shape) == 1 else sums
    return own.view(a.shape).to(a.dtype)


def added(bias: Maybe) -> Added | None:
    """What is kept of a bias for backward."""
    return None if bias is None else Added(bias.shape, bias.dtype)


def reduced(g: Tensor, shape: Sequence[int]) -> Tensor:
    """g summed over what was broadcast from that shape."""
    dims = [dim for dim, size in enumerate(shape) if size == 1 and g.shape[dim] != 1]
    return g.sum(dims, keepdim=True) if dims else g


def through(
    function: Callable[..., Tensor], g: Tensor, given: Any, wanted: Sequence[bool]
) -> list[Maybe]:
    """Slopes by torch's operators, as functions of all they depend on: they can be differentiated again."""
    if not any(wanted):
        return [None] * len(wanted)
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        y = function(*given)
        asked = [a for a, want in zip(given, wanted, strict=True) if want]
        found = iter(torch.autograd.grad(y, asked, g, create_graph=again))
    return [next(found) if want else None for want in wanted]
