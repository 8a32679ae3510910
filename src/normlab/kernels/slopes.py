"""What the kernels' backward passes share: parameters as they take them, and slopes by their twin."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

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
    return None if a is None else a.flatten().expand(channels)


def summed_onto(sums: Tensor, a: Tensor) -> Tensor:
    """One gradient for each channel, or for the one value that all channels have."""
    own = sums.sum(0, keepdim=True) if math.prod(a.shape) == 1 else sums
    return own.view(a.shape).to(a.dtype)


def through(
    function: Callable[..., Tensor], g: Tensor, given: Any, wanted: Sequence[bool]
) -> list[Maybe]:
    """Slopes by torch's operators, as functions of all they depend on: they can be differentiated again."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        y = function(*given)
        asked = [a for a, want in zip(given, wanted, strict=True) if want]
        found = iter(torch.autograd.grad(y, asked, g, create_graph=again))
    return [next(found) if want else None for want in wanted]
