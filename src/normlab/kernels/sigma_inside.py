"""A row whose σ stands inside the power, with the numbers of `normalize` and no more kept than must be."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import computed_in, without_autocast
from normlab.equation.pooling import centered_on, channels_out, weights
from normlab.equation.pools import named, weighted_by
from normlab.equation.reference import positive_power
from normlab.equation.resolved import broadcast, partner, resolved
from normlab.equation.row import Norm
from normlab.errors import ShapeError
from normlab.kernels.divisive import Division, prepared
from normlab.kernels.fused import divided


def normalized(
    x: Tensor,
    row: Norm,
    *,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    pool_input: Tensor | None = None,
    inverse: bool = False,
    **settings: Any,
) -> Tensor:
    """The y of `normalize(x, row, …)`; with `inverse` the scale multiplies.

    Memory: x, and the scale where it has x's size, are kept for backward.
    """
    of = resolved(x, row, mask, settings)
    values, valid = of.values, of.valid
    d, e, counted, less_center = x, None, None, None
    if row.center and (pool_input is not None or valid is not None):
        d = x - _center(x, row, valid, values)
    elif row.center:
        less_center = lambda x: x - _center(x, row, None, values)  # noqa: E731
    if pool_input is not None and not (pool_input is x and d is x):
        e, counted = partner(pool_input, x, valid)
    like = d if e is None else e
    pool_weight = weights(
        row.pool, like.new_empty((0, *like.shape[1:]), dtype=computed_in(x.dtype)), values
    )
    n, p = (_power(row.number(column, values), x) for column in ("n", "p"))
    m = n if row.m == row.n else _power(row.number("m", values), x)
    y = divided(
        d,
        e,
        _plan(row, like, values, pool_weight, x),
        offset=_offset(row, n, values, x),
        pool_weight=pool_weight,
        weight=None if weight is None else _by_channel(row, "weight", weight, x),
        bias=None if bias is None else _by_channel(row, "bias", bias, x),
        powers=(m, n, -p if inverse else p),
        valid=valid,
        counted=counted,
        less_center=less_center,
    )
    return y.to(x.dtype)


def _center(x: Tensor, row: Norm, valid: Tensor | None, values: Mapping[str, Any]) -> Tensor:
    with without_autocast(x):
        return centered_on(row.pool, prepared(x, valid), valid, values)


def _offset(row: Norm, n: Any, values: Mapping[str, Any], x: Tensor) -> Tensor:
    """σⁿ, or the number added as it is."""
    name = row.sigma.setting
    kind = {"dtype": computed_in(x.dtype), "device": x.device}
    sigma = _by_channel(row, name, torch.as_tensor(values[name], **kind), x)
    return positive_power(sigma, n) if row.sigma.raised else sigma


def _plan(
    row: Norm, e: Tensor, values: Mapping[str, Any], weight: Tensor | None, x: Tensor
) -> Division:
    plan = division(row, values, e.shape[1], weight)
    channels = plan.channels
    if channels != 1 and channels != x.shape[1]:  # not `in`, which torch.compile lacks for sizes
        raise ShapeError(
            f"{row.name}: the pool has shape {(len(e), channels, *e.shape[2:])}, which does not fit x "
            f"{tuple(x.shape)}; pool_input, pool_weight and width must leave one channel, or as many "
            f"as x has."
        )
    return plan


def division(
    row: Norm, values: Mapping[str, Any], channels: int, weight: Tensor | None = None
) -> Division:
    """The pool of an array with so many channels, and the settings that it uses."""
    names = sorted(named(row.pool) - {weighted_by(row.pool)})  # weights come with their gradient
    used = {name: _plain(values[name]) for name in names}
    return Division(row.pool, used, channels_out(row.pool, channels, values, weight))


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value


def _power(value: Any, x: Tensor) -> Any:
    return value.to(x.device, computed_in(x.dtype)) if isinstance(value, Tensor) else value


def _by_channel(row: Norm, name: str, value: Tensor, x: Tensor) -> Tensor:
    """One value, or one per channel, in x's rank and the dtype computed in."""
    value = broadcast(row, name, value, x).to(x.device, computed_in(x.dtype))
    return value.reshape([1] * (x.dim() - value.dim()) + list(value.shape))
