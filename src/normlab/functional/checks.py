"""What every function asks of its arguments before torch sees them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from normlab.dtypes import COMPUTED, HALF, computed_in
from normlab.equation.resolved import check_floating, floating
from normlab.equation.table import find
from normlab.errors import DtypeError, SettingError, ShapeError

OWN = ("weight", "bias", "running_mean", "running_var")  # the order in which all checks take them


def check_arguments(name: str, x: Tensor, *own: Tensor | None) -> None:
    """Refuse whole numbers, and weights or statistics in dtypes that torch does not mix."""
    check_floating(name, x)
    kind = x.dtype
    for value in own:
        if value is not None and value.dtype is not kind:
            _check_mixed(name, kind, own)
            return


def _check_mixed(name: str, kind: torch.dtype, own: Sequence[Tensor | None]) -> None:
    """All in x's dtype, or all in float32 where x is half, which every path can compute."""
    check_real(name, *own)
    given = [(what, a.dtype) for what, a in zip(OWN, own, strict=False) if a is not None]
    for what, other in given:
        if other != kind and other != computed_in(kind):
            change = (what, kind) if other in HALF else ("x", other)
            raise DtypeError(
                f"{name}: x is {_words(kind)}, weights or statistics are {_words(other)}; give both in one "
                f"dtype, for example {change[0]}.to({change[1]}). (With float32 weights x may also be half.)"
            )
    first, dtype = given[0]
    for what, other in given[1:]:
        if other != dtype:
            raise DtypeError(
                f"{name}: {first} is {_words(dtype)}, {what} is {_words(other)}; give weights and "
                f"statistics in one dtype, for example {what}.to(torch.{_words(dtype)})."
            )


def check_real(name: str, *own: Tensor | None) -> None:
    """Refuse weights and statistics of whole or complex numbers, where torch would round or cut them."""
    for what, value in zip(OWN, own, strict=False):
        if value is not None and value.dtype not in COMPUTED:
            raise DtypeError(
                f"{name}: {what} is {_words(value.dtype)}; give a {floating(value.dtype)}, for example "
                f"{what}.to(torch.float32)."
            )


def _words(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def check_pair(name: str, mean: Tensor | None, var: Tensor | None) -> None:
    """Refuse a running mean without its variance, and the other way round."""
    if (mean is None) is not (var is None):
        given, missing = OWN[2:] if var is None else reversed(OWN[2:])
        raise SettingError(f"{name}: {given} is given without {missing}; give both, or neither.")


def check_momentum(name: str, momentum: float | None, mean: Tensor | None) -> None:
    """Refuse running statistics that are to move by no share."""
    if momentum is None and mean is not None:
        raise SettingError(
            f"{name}: momentum must be a number; batch_norm_with_stats averages all batches with "
            f"momentum=None."
        )


def check_sizes(name: str, x: Tensor, *own: Tensor | None) -> None:
    """Refuse weight, bias and statistics that are not vectors of one value for each channel of x."""
    for what, value in zip(OWN, own, strict=False):
        if value is not None and x.dim() > 1 and tuple(value.shape) != (x.size(1),):
            raise ShapeError(
                f"{name}: {what} has shape {tuple(value.shape)}; x {tuple(x.shape)} needs a vector of one "
                f"value for each of its {x.size(1)} channels."
            )


def check_ending(name: str, x: Tensor, shape: Sequence[int], *own: Tensor | None) -> None:
    """Refuse an x that does not end in a shape, and a weight or bias of another."""
    sizes = tuple(shape)
    if x.dim() == 0:
        raise ShapeError(
            f"{name}: x is a single number, without dimensions; give at least one, for example x.reshape(1)."
        )
    if not sizes:
        raise ShapeError(
            f"{name}: normalized_shape is empty; give the size of at least one dimension."
        )
    if tuple(x.shape[-len(sizes) :]) != sizes:
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}, which does not end in {sizes}. Use "
            f"normalized_shape={tuple(x.shape[-len(sizes) :])}."
        )
    for what, value in zip(OWN, own, strict=False):
        if value is not None and tuple(value.shape) != sizes:
            raise ShapeError(
                f"{name}: {what} has shape {tuple(value.shape)}; normalized_shape={sizes} needs one of "
                f"the same shape."
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
