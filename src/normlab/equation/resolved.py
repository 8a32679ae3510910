"""A row and what it is applied to, as the equation and its kernels both take them: checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import COMPUTED, computed_in
from normlab.equation.masks import in_shape_of
from normlab.equation.pooling import per_channel, positions
from normlab.equation.pools import Axes, needs_space
from normlab.equation.row import Norm
from normlab.errors import DtypeError, ShapeError


@dataclass(frozen=True)
class Resolved:
    """A row with all its settings, the dtype computed in, and the mask in the shape of x."""

    row: Norm
    values: dict[str, Any]
    dtype: torch.dtype
    valid: Tensor | None


def resolved(x: Tensor, row: Norm, mask: Tensor | None, settings: Mapping[str, Any]) -> Resolved:
    """What `normalize(x, row, mask=…, **settings)` is asked for, or an error in words."""
    values = row.resolve(settings)
    check_input(row, x, values)
    dtype = computed_in(x.dtype)
    if values.get("eps", 0.0) is None:
        values["eps"] = torch.finfo(dtype).eps
    valid = None if mask is None else in_shape_of(x, mask, features(values))
    return Resolved(row, values, dtype, valid)


def features(values: Mapping[str, Any]) -> int:
    """The number of last dimensions that the row normalises, or 0 where it takes axes by name."""
    shape = values.get("normalized_shape")
    return 0 if shape is None else len(shape) if isinstance(shape, list | tuple) else 1


def check_floating(name: str, x: Any) -> None:
    """Refuse what is not a tensor, and whole, complex and 8-bit numbers."""
    if not isinstance(x, Tensor):
        raise DtypeError(
            f"{name}: x is {type(x).__name__}; give a floating-point tensor, e.g. torch.as_tensor(x)."
        )
    if x.dtype not in COMPUTED:
        given = str(x.dtype).removeprefix("torch.")
        raise DtypeError(f"{name}: x is {given}; give a {floating(x.dtype)}, e.g. x.float().")


def floating(kind: torch.dtype) -> str:
    """The tensor to give in place of one of this dtype."""
    return f"floating-point tensor{' of at least 16 bits' if kind.is_floating_point else ''}"


def check_input(row: Norm, x: Tensor, values: dict[str, Any]) -> None:
    """Refuse an x that the row cannot normalise."""
    check_floating(row.name, x)
    if x.dim() < 2 and values.get("normalized_shape") is None:
        raise ShapeError(
            f"{row.name}: x has shape {tuple(x.shape)}; it must be (batch, channels, *space)."
        )
    empty = isinstance(row.pool, Axes) and not row.grouped and not positions(row.pool, x, values)
    if (needs_space(row.pool) and x.dim() < 3) or empty:
        raise ShapeError(
            f"{row.name}: x has shape {tuple(x.shape)} and so no spatial axis to pool over; give "
            f"(batch, channels, *space)."
        )


def fitting(row: Norm, pool: Tensor, x: Tensor) -> Tensor:
    """The pool, if it fits x."""
    try:
        pool.expand(x.shape)
    except RuntimeError as error:
        raise ShapeError(
            f"{row.name}: the pool has shape {tuple(pool.shape)}, which does not fit x "
            f"{tuple(x.shape)}; pool_input, pool_weight and width must leave one channel, or as "
            f"many as x has."
        ) from error
    return pool


def partner(pool_input: Tensor, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The array pooled in place of d, with the mask in its shape."""
    if pool_input.dtype == torch.bool or pool_input.is_complex():
        raise DtypeError(
            f"pool_input is {pool_input.dtype}; it must hold real numbers, the array that is pooled in "
            f"place of x. A mask is given as mask=."
        )
    same = pool_input.dim() == x.dim() and pool_input.shape[2:] == x.shape[2:]
    if not same or pool_input.shape[0] != x.shape[0]:
        raise ShapeError(
            f"pool_input has shape {tuple(pool_input.shape)}; it must agree with x "
            f"{tuple(x.shape)} in all but the channels."
        )
    if valid is not None and pool_input.shape != x.shape:
        valid = valid.all(1, keepdim=True).expand(pool_input.shape)
    return pool_input.to(x), valid


def broadcast(row: Norm, name: str, value: Any, x: Tensor, by_channel: bool = True) -> Tensor:
    """A vector as one value per channel, anything else as it is, checked against x."""
    value = torch.as_tensor(value, device=x.device)
    if by_channel and value.dim() == 1 and x.dim() > 1:
        shown, value = tuple(value.shape), per_channel(value, x.dim())
    else:
        shown = tuple(value.shape)
    try:
        value.expand(x.shape)
    except RuntimeError as error:
        raise ShapeError(
            f"{row.name}: {name} has shape {shown}, which does not fit x {tuple(x.shape)}; "
            f"{'give one value per channel' if by_channel else 'give the shape normalised over'}."
        ) from error
    return value
