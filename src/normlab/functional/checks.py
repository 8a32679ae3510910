"""What every function asks of its arguments before torch sees them."""

import math

import torch
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.resolved import check_floating
from normlab.equation.table import find
from normlab.errors import DtypeError, ShapeError


def check_arguments(name: str, x: Tensor, *own: Tensor | None) -> None:
    """Refuse whole numbers, and weights or statistics in a dtype that torch does not mix with x's."""
    kind = x.dtype
    if not kind.is_floating_point:
        check_floating(name, x)
    for value in own:
        if value is not None and value.dtype is not kind:
            _check_mixed(name, kind, value.dtype)


def _check_mixed(name: str, kind: torch.dtype, other: torch.dtype) -> None:
    if other == computed_in(kind):
        return
    x_is, given = (str(dtype).removeprefix("torch.") for dtype in (kind, other))
    raise DtypeError(
        f"{name}: x is {x_is}, weights or statistics are {given}; give both in one dtype, for "
        f"example x.to(torch.{given}). (With float32 weights x may also be half.)"
    )


def check_sizes(name: str, x: Tensor, *own: Tensor | None) -> None:
    """Refuse weight, bias, running mean and variance, in this order, of another number of channels than x."""
    for what, value in zip(("weight", "bias", "running_mean", "running_var"), own, strict=True):
        if value is not None and x.dim() > 1 and value.numel() != x.size(1):
            raise ShapeError(
                f"{name}: {what} has shape {tuple(value.shape)}; x {tuple(x.shape)} needs one value for "
                f"each of its {x.size(1)} channels."
            )


def check_eps(name: str, row: str, eps: float | None) -> None:
    """Refuse an eps that would make a divisor no number, in the words of the row."""
    if eps is not None and not 0.0 <= eps < math.inf:
        find(row).resolve({"eps": eps}, name)


def of_nothing(x: Tensor, *own: Tensor | None) -> Tensor:
    """The y of an x of no element: as x, and the gradients of all are zeros."""
    y = x + 0.0
    for value in own:
        y = y if value is None else y + value.sum().to(x.dtype)
    return y
