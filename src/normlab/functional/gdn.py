"""Generalised divisive normalisation and its inverses as functions."""

import torch
from torch import Tensor

from normlab.equation.masks import check_valid
from normlab.equation.table import find
from normlab.errors import DataError
from normlab.functional.checks import check_arguments
from normlab.kernels.sigma_inside import normalized
from normlab.tracing import recorded, values_known


@recorded
def gdn(
    input: Tensor,
    sigma: float | Tensor = 1.0,
    pool_weight: Tensor | None = None,
    *,
    simplified: bool = False,
    inverse: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """Generalised divisive normalisation with learned weights between channels.

        y_i = x_i / √(sigma_i² + Σ_j pool_weight_ij · x_j²);   simplified (GDN1), without square and root:
        y_i = x_i / (sigma_i + Σ_j pool_weight_ij · |x_j|);    inverse (IGDN): times the scale

    Shapes: input (N, C, *); sigma a number or (C,); pool_weight (C, C), non-negative, 0.1 · identity
        unless given; mask as in `normlab.normalize`, what it masks counting as zeros.
    Units: sigma² is the β of the paper (sigma itself for GDN1), pool_weight its γ.
    inverse: the approximate inverse of Ballé et al. 2017 (arXiv:1611.01704), one step of the fixed-point
        iteration: its scale is of its own input, where the exact one needs that of the output. With
        weights of its own it is learned; for the exact inverse see `gdn_inverse`.
    Memory: input and one tensor of its size are kept for backward.
    Limits: zero → zero, for sigma > 0.
    Errors: SettingError for negative sigma or weights; ShapeError for weights of another size.
    Source: Ballé, Laparra & Simoncelli 2016; GDN1: Johnston et al. 2019.

    >>> import torch
    >>> gdn(torch.tensor([[2.0, 1.0]]), 0.0, torch.eye(2))
    tensor([[1., 1.]])
    >>> gdn(torch.tensor([[2.0, 1.0]]), 0.0, torch.eye(2), inverse=True)
    tensor([[4., 1.]])
    """
    check_valid("gdn", input, mask)
    row = find("gdn1" if simplified else "gdn")
    return normalized(input, row, mask=mask, inverse=inverse, sigma=sigma, pool_weight=pool_weight)


@recorded
def gdn_inverse(
    input: Tensor,
    sigma: float | Tensor = 1.0,
    pool_weight: Tensor | None = None,
    *,
    simplified: bool = False,
) -> Tensor:
    """The x that `gdn` takes to this input, exactly.

        |x|ⁿ = |y|ⁿ · (sigmaⁿ + pool_weight |x|ⁿ), n = 2 (GDN1: 1), is linear in |x|ⁿ:
        (I − diag(|y|ⁿ) pool_weight) |x|ⁿ = |y|ⁿ sigmaⁿ, solved at each place, with the sign of y

    Shapes and units: as `gdn`, whose sigma, pool_weight and simplified it takes.
    Cost: C × C numbers and C³ operations at each place; computed in float64, returned in input's dtype.
    Errors: DataError where input is no output of `gdn` with these weights.
    Limits: zero → zero. Close to the largest outputs of gdn a rounding of y is a large change of x.
    Source: follows from eq. 1 of Ballé, Laparra & Simoncelli 2016.

    >>> import torch
    >>> y = gdn(torch.tensor([[2.0, -1.0]]))
    >>> gdn_inverse(y).round(decimals=4)
    tensor([[ 2., -1.]])
    """
    check_arguments("gdn_inverse", input)
    power = 1 if simplified else 2
    channels = input.shape[1]
    y = input.double().movedim(1, -1)
    a = y.abs() ** power
    unit = torch.eye(channels, dtype=y.dtype, device=y.device)
    weight = 0.1 * unit if pool_weight is None else pool_weight.to(a)
    matrix = unit - a.unsqueeze(-1) * weight
    offset = a * torch.as_tensor(sigma, dtype=a.dtype, device=a.device) ** power
    x = torch.linalg.solve(matrix, offset.unsqueeze(-1)).squeeze(-1)
    if values_known(input) and not bool((x >= 0).all()):
        raise DataError(
            "gdn_inverse: input is not an output of gdn with this sigma and pool_weight (no x >= 0 solves "
            "the equation); give those that made it."
        )
    return (y.sign() * x ** (1 / power)).movedim(-1, 1).to(input.dtype)
