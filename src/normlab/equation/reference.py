"""The equation in plain torch: the one place that states what every row computes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.equation.pooling import centered_on, pooled
from normlab.equation.resolved import broadcast, fitting, partner, resolved
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import SettingError
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
    mask: boolean, True = valid, on x's device; broadcastable to x, or x's shape without its features:
        (N, *) for x (N, C, *), the first axes for a row over normalized_shape. Of any other shape the
        first axes or the last; refused where both fit. Masked places may hold anything; their output and
        gradient are 0.
    pool_input: the array pooled instead of d, of x's rank (e in the equation).
    Errors: SettingError, ShapeError, DtypeError, DataError for a mask on another device.
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
    of = resolved(x, row, mask, settings)
    values, valid, dtype = of.values, of.valid, of.dtype
    work = x.to(dtype) if valid is None else torch.where(valid, x.to(dtype), 0.0)
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
        center = fitting(row, centered_on(row.pool, x, valid, values), x)
    if pool_input is None:
        e = x - center if row.center else x
    else:
        e, valid = partner(pool_input, x, valid)
    if valid is not None:
        e = torch.where(valid, e, 0.0)
    pool = pooled(row.pool, positive_power(e, row.number("n", values)), valid, values)
    return center, fitting(row, pool, x)


def _given(row: Norm, statistics, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, var = statistics
    if (mean is not None) != row.center:
        raise SettingError(
            f"{row.name}: statistics=({'mean' if mean is not None else 'None'}, var) given, but the "
            f"row {'subtracts a mean' if row.center else 'has no center'}. Give "
            f"{'both' if row.center else '(None, pool)'}."
        )
    if bool((torch.as_tensor(var, device=x.device) < 0).any()):
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


def _affine(row: Norm, name: str, value: Tensor, x: Tensor, dtype: torch.dtype) -> Tensor:
    if row.affine == "shape":
        return broadcast(row, name, value, x, by_channel=False).to(x.device, dtype)
    return broadcast(row, name, value, x).to(x.device, dtype)
