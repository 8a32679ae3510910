"""The equation in plain torch: the one place that states what every row computes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.masks import hide
from normlab.equation.pooling import per_channel, pooled, positions
from normlab.equation.pools import Axes, needs_space
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import DtypeError, SettingError, ShapeError
from normlab.tracing import recorded


@dataclass(frozen=True)
class Normalized:
    """A normalised array with its operands, which broadcast against x.

    y = weight · sgn(x − center)|x − center|^m / scale + bias; `pool` is pool(|e|ⁿ) before σ and the
    power p turn it into `scale`. `center` is 0 for rows that subtract nothing. y has the dtype of x,
    the operands the dtype computed in (float32 for half types).
    """

    y: Tensor
    center: Tensor
    scale: Tensor
    pool: Tensor
    row: Norm


@recorded
def normalize(
    x: Tensor,
    row: str | Norm,
    *,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    statistics: tuple[Tensor | None, Tensor] | None = None,
    pool_input: Tensor | None = None,
    **settings: Any,
) -> Normalized:
    """Normalise x by a row of the table and return y with its operands.

        y = weight · sgn(d)|d|^m / (σⁿ + pool(|e|ⁿ))^p + bias,   d = x − center

    Shapes: x (N, C, *); weight and bias (C,) or, for rows over the last dimensions, their shape;
        y as x. Axis 0 is the batch, axis 1 the channels, the rest space.
    Units: y has those of x to the power of the row's degree m − n·p, times those of weight.
    Statistics: of the elements given (biased variance), or `statistics=(mean, var)`: one value per
        channel, or anything that broadcasts against x. Nothing is stored.
    Dtype: any floating dtype; half types are computed in float32.
    mask: boolean, True = valid, broadcastable to x, or (N, *) for x (N, C, *). Masked places may hold
        anything; their output and gradient are 0.
    pool_input: the array pooled instead of d, of x's rank (e in the equation).
    Errors: SettingError, ShapeError, DtypeError.
    Limits: constant pool → bias (with eps > 0); no valid element → 0; x of no element → y of none;
        σ = 0 over a pool of zeros is 0/0 = NaN. At exactly 0, powers m < 1 have an infinite slope; the
        gradient returned there is 0.
    Source: Carandini & Heeger 2012, eq. 10, and Ren et al. 2017 (arXiv:1611.04520) for the family;
        each row has its own.

    >>> import torch
    >>> out = normalize(torch.tensor([[1.0], [3.0]]), "batch", eps=0.0)
    >>> out.y.flatten().tolist(), out.center.item(), out.scale.item()
    ([-1.0, 1.0], 2.0, 1.0)
    >>> normalize(torch.tensor([[3.0, 4.0]]), "l2").y
    tensor([[0.6000, 0.8000]])
    """
    row = find(row)
    values = row.resolve(settings)
    check_input(row, x, values)
    dtype = computed_in(x.dtype)
    if values.get("eps", 0.0) is None:
        values["eps"] = torch.finfo(dtype).eps
    work, valid = hide(x.to(dtype), mask)
    center, pool = _operands(row, work, valid, pool_input, statistics, values)
    scale = _scale(row, pool, values, x)
    d = work - center if row.center else work
    divisor = scale if valid is None else torch.where(valid, scale, 1.0)
    y = signed_power(d, row.number("m", values)) / divisor
    if weight is not None:
        y = y * _affine(row, "weight", weight, x, dtype)
    if bias is not None:
        y = y + _affine(row, "bias", bias, x, dtype)
    if valid is not None:
        y = torch.where(valid, y, 0.0)
    return Normalized(y.to(x.dtype), center, scale, pool, row)


def _operands(row, x, valid, pool_input, statistics, values) -> tuple[Tensor, Tensor]:
    """center and pool, from the data or from given statistics."""
    if statistics is not None:
        if pool_input is not None:
            raise SettingError(f"{row.name}: statistics and pool_input both given; give one.")
        return _given(row, statistics, x)
    center = x.new_zeros(())
    if row.center:
        center = fitting(row, pooled(row.pool, x, valid, values), x)
    if pool_input is None:
        e = x - center if row.center else x
    else:
        e, valid = partner(pool_input, x, valid)
    if valid is not None:
        e = torch.where(valid, e, 0.0)
    pool = pooled(row.pool, positive_power(e, row.number("n", values)), valid, values)
    return center, fitting(row, pool, x)


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


def _given(row: Norm, statistics, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, var = statistics
    if (mean is not None) != row.center:
        raise SettingError(
            f"{row.name}: statistics=({'mean' if mean is not None else 'None'}, var) given, but the "
            f"row {'subtracts a mean' if row.center else 'has no center'}. Give "
            f"{'both' if row.center else '(None, pool)'}."
        )
    if bool((torch.as_tensor(var) < 0).any()):
        raise SettingError(f"{row.name}: statistics hold a negative variance; give values >= 0.")
    center = x.new_zeros(()) if mean is None else broadcast(row, "mean", mean, x)
    return center.to(x), broadcast(row, "var", var, x).to(x)


def _scale(row: Norm, pool: Tensor, values: dict[str, Any], x: Tensor) -> Tensor:
    """(σⁿ + pool)^p, pool^p + σ or max(pool^p, σ), by where the row places σ."""
    p = row.number("p", values)
    held = values[row.sigma.setting]
    sigma = torch.as_tensor(held, dtype=pool.dtype, device=pool.device)
    sigma = broadcast(row, row.sigma.setting, sigma, x)
    if row.sigma.placement == "inside":
        offset = positive_power(sigma, row.number("n", values)) if row.sigma.raised else sigma
        never_zero = isinstance(held, int | float) and held > 0
        return _power(offset + pool, p) if never_zero else positive_power(offset + pool, p)
    root = positive_power(pool, p)
    return root + sigma if row.sigma.placement == "outside" else torch.maximum(root, sigma)


def signed_power(d: Tensor, m: Any) -> Tensor:
    """sgn(d)|d|^m with gradient 0 where d is exactly 0 and m is not 1."""
    if not isinstance(m, Tensor):
        return d if m == 1 else torch.sgn(d) * positive_power(d, m)
    zero = d == 0
    rest = torch.where(zero, 1.0, d.abs()) ** (m - 1)
    return d * torch.where(zero, (m == 1).to(d), rest)


def positive_power(a: Tensor, power: Any) -> Tensor:
    """|a|^power, whose gradient at exactly 0 is 0 and never NaN."""
    if _is(power, 1) or _is(power, 2):
        return _power(a.abs() if _is(power, 1) else a, power)
    zero = a == 0
    return torch.where(zero, 0.0, _power(torch.where(zero, 1.0, a.abs()), power))


def _power(a: Tensor, power: Any) -> Tensor:
    """a^power for a > 0, by a root or a product where that does."""
    if _is(power, 1) or _is(power, 2):
        return a if power == 1 else a * a
    return a.sqrt() if _is(power, 0.5) else a**power


def _is(power: Any, number: float) -> bool:
    return not isinstance(power, Tensor) and power == number


def check_input(row: Norm, x: Tensor, values: dict[str, Any]) -> None:
    """Refuse an x that the row cannot normalise."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        given = str(x.dtype).removeprefix("torch.") if isinstance(x, Tensor) else type(x).__name__
        raise DtypeError(f"{row.name}: x is {given}; give a floating-point tensor, e.g. x.float().")
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


def partner(pool_input: Tensor, x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The array pooled in place of d, with the mask in its shape."""
    same = pool_input.dim() == x.dim() and pool_input.shape[2:] == x.shape[2:]
    if not same or pool_input.shape[0] != x.shape[0]:
        raise ShapeError(
            f"pool_input has shape {tuple(pool_input.shape)}; it must agree with x "
            f"{tuple(x.shape)} in all but the channels."
        )
    if valid is not None and pool_input.shape != x.shape:
        valid = valid.all(1, keepdim=True).expand(pool_input.shape)
    return pool_input.to(x), valid


def _affine(row: Norm, name: str, value: Tensor, x: Tensor, dtype: torch.dtype) -> Tensor:
    if row.affine == "shape":
        return broadcast(row, name, value, x, by_channel=False).to(x.device, dtype)
    return broadcast(row, name, value, x).to(x.device, dtype)


def broadcast(row: Norm, name: str, value: Any, x: Tensor, by_channel: bool = True) -> Tensor:
    """A vector as one value per channel, anything else as it is, checked against x."""
    value = torch.as_tensor(value)
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
