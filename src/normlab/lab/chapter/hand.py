"""Normalisation by hand: the arithmetic spelt out, without the library's layers or pools.

The pool of every row is a matrix. For batch normalisation it averages over the batch, for the others it
combines the features of one sample; with it, forward and backward are a few lines.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.equation.cells import pool_weights
from normlab.equation.row import Norm


@dataclass(frozen=True)
class Steps:
    """Every step from a batch to its normalised values."""

    center: Tensor
    d: Tensor
    pool: Tensor
    scale: Tensor
    y: Tensor


def pool_matrix(row: Norm, shape: tuple[int, int], values: dict[str, Any]) -> Tensor:
    """P with pool_i = Σ_j P_ij |d_j|ⁿ: over the batch's rows, or over one sample's features."""
    if row.uses_batch:
        return torch.full((shape[0], shape[0]), 1.0 / shape[0], dtype=torch.float64)
    settings = {name: value for name, value in values.items() if value is not None}
    return pool_weights(row, (1, shape[1]), **settings)


def forward(
    batch: Tensor, row: Norm, values: dict[str, Any], weight: Tensor, bias: Tensor
) -> Steps:
    """The equation, a step a line: of one batch (rows × features), or of several stacked.

    Over the batch all rows of the pool's matrix are alike, and one is enough.
    """
    rows, features = batch.shape[-2:]
    matrix = pool_matrix(row, (rows, features), values).to(batch)

    def pool(a: Tensor) -> Tensor:
        return matrix[:1] @ a if row.uses_batch else a @ matrix.T

    center = pool(batch) if row.center else torch.zeros_like(batch)
    d = batch - center
    pooled = pool(d.abs() ** row.number("n", values))
    return divided(center, d, pooled, row, values, weight, bias)


def divided(
    center: Tensor,
    d: Tensor,
    pooled: Tensor,
    row: Norm,
    values: dict[str, Any],
    weight: Tensor,
    bias: Tensor,
) -> Steps:
    """What follows from the pool."""
    m, scale = row.number("m", values), _scale(row, pooled, values)
    y = weight * (d if m == 1 else d.sign() * d.abs() ** m) / scale + bias
    return Steps(center, d, pooled, scale, y)


def _scale(row: Norm, pool: Tensor, values: dict[str, Any]) -> Tensor:
    sigma, p = values[row.sigma.setting], row.number("p", values)
    if row.sigma.placement == "outside":
        return pool**p + sigma
    if row.sigma.placement == "clamp":
        return (pool**p).clamp_min(sigma)
    return ((sigma ** row.number("n", values) if row.sigma.raised else sigma) + pool) ** p


def jacobian(
    batch: Tensor, row: Norm, values: dict[str, Any], weight: Tensor, feature: int
) -> Tensor:
    """∂y_i/∂x_k by the chain rule, within the elements pooled together.

    For batch normalisation i and k run over the batch (of one feature), else over the features of the
    batch's first sample. With f(d) = sgn(d)|d|^m and s = (σⁿ + Σ_j P_ij|d_j|ⁿ)^p:

        ∂y_i/∂x_k = w_i [ f'(d_i)/s_i · D_ik − f(d_i)/s_i · p/(σⁿ + pool_i) · Σ_j P_ij n|d_j|^(n−1)
        sgn(d_j) D_jk ],   D = 1 − P where the pool is subtracted, else 1
    """
    batch = batch.double()
    steps = forward(batch, row, values, weight.double(), torch.zeros_like(weight).double())
    n, m, p = (row.number(column, values) for column in ("n", "m", "p"))
    line = (lambda a: a[:, feature]) if row.uses_batch else (lambda a: a[0])
    d, scale = line(steps.d), line(steps.scale)
    matrix = pool_matrix(row, (len(batch), batch.shape[1]), values).to(batch)
    centring = torch.eye(len(d)).to(batch) - (matrix if row.center else 0)
    inside = scale ** (1 / p)
    top = (m * d.abs() ** (m - 1) / scale)[:, None] * centring
    slope = (matrix * (n * d.abs() ** (n - 1) * d.sign())) @ centring
    bottom = (d.sign() * d.abs() ** m / scale * p / inside)[:, None] * slope
    if row.sigma.placement == "clamp":  # where the clamp holds, the scale does not move
        bottom = torch.where((line(steps.pool) ** p > scale * (1 - 1e-12))[:, None], bottom, 0.0)
    w = weight.double()
    return (w[feature] if row.uses_batch else w[:, None]) * (top - bottom)
