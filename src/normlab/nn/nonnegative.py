"""Parameters that cannot become negative and can leave zero again.

A parameter holds raw = √(value + pedestal); the value in use is max(raw, √pedestal)² − pedestal. The
pedestal keeps the slope away from 0 at value 0, and below the bound the gradient passes only where a
step would raise the parameter (Ballé, Laparra & Simoncelli 2016; the form CompressAI stores too).
"""

from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import SettingError

PEDESTAL = 2.0**-36


class _LowerBound(torch.autograd.Function):
    """max(x, bound), whose gradient survives below the bound when descent would raise x."""

    @staticmethod
    def forward(x: Tensor, bound: float) -> Tensor:
        return x.clamp_min(bound)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x, bound = inputs
        ctx.save_for_backward(x >= bound)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (above,) = ctx.saved_tensors
        (grad,) = grads
        return torch.where(above | (grad < 0), grad, 0.0), None


def raw(value: Tensor) -> nn.Parameter:
    """The parameter that holds a non-negative value.

    >>> lower(raw(torch.tensor([0.0, 0.25]))).detach()
    tensor([0.0000, 0.2500])
    """
    if not value.is_meta and not bool((value >= 0).all()):
        raise SettingError(f"{value.min().item():g} given where values must be >= 0.")
    return nn.Parameter((value + PEDESTAL).sqrt())


def lower(parameter: Tensor) -> Tensor:
    """The non-negative value that a raw parameter stands for."""
    bounded = _LowerBound.apply(parameter, PEDESTAL**0.5)
    return bounded * bounded - PEDESTAL
