"""The local normalisers as functions: local response, local contrast, divisive, GDN.

Shapes are (N, C, *) unless said otherwise; y has the shape and dtype of the input.
"""

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.variants import divisive, jarrett
from normlab.errors import SettingError


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Local response normalisation: each channel divided by its neighbours' activity.

        y_c = x_c / (k + alpha/size · Σ_{c'} x_{c'}²)^beta,   c' over `size` channels around c

    Shapes: input (N, C, *). Units: of x^(1 − 2·beta) where the pool dominates.
    Dtype: half types are computed in float32 (torch's own raises for bfloat16 on the CPU).
    Errors: SettingError for a size below 1.
    Limits: zero → zero; beyond the first and last channel there are zeros.
    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3, whose α is alpha/size here.  Same as:
        torch.nn.functional.local_response_norm

    >>> import torch
    >>> local_response_norm(torch.tensor([[3.0, 4.0]]), 3, alpha=3.0, beta=0.5, k=0.0)
    tensor([[0.6000, 0.8000]])
    """
    return normalize(input, "local_response", size=size, alpha=alpha, beta=beta, k=k).y


def local_contrast_norm(
    input: Tensor,
    *,
    sigma: float | Tensor | Literal["mean"] = 1.0,
    size: int = 9,
    width: float | Sequence[float] | None = None,
    window: Literal["gaussian", "box"] = "gaussian",
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Local contrast normalisation over a spatial window and all channels.

        v = x − mean_window x,   y = weight · v / √(sigma² + mean_window v²) + bias

    Shapes: input (N, C, *space) with at least one axis of space; weight, bias (C,); mask as in
        `normlab.normalize`. size is the window's side, width its standard deviation, in samples.
    Units: sigma has those of x. With sigma="mean" the divisor is max(c, σ_jk), where σ_jk is
        √(mean_window v²) and c its mean over the sample, as published; weight and bias are then 1, 0.
    Statistics: of the window around each place, its weights renormalised at edges and masks.
    Limits: a constant sample → bias.
    Errors: ShapeError without space; SettingError for a negative sigma or an unknown window.
    Source: Jarrett, Kavukcuoglu, Ranzato & LeCun 2009, section 2.

    >>> import torch
    >>> local_contrast_norm(torch.tensor([[[0.0, 3.0, 0.0]]]), size=3, window="box", sigma=0.0)
    tensor([[[-0.8485,  1.1882, -0.8485]]])
    """
    shape = {"size": size, "width": width, "window": window}
    if isinstance(sigma, str):
        if sigma != "mean" or weight is not None or bias is not None:
            raise SettingError(
                f"local_contrast_norm: sigma={sigma!r} with weight or bias is not defined; give "
                f"sigma='mean' alone, or a number."
            )
        return jarrett(input, mask=mask, **shape).y
    out = normalize(
        input, "local_contrast", sigma=sigma, weight=weight, bias=bias, mask=mask, **shape
    )
    return out.y


def divisive_norm(
    drive: Tensor,
    pool_input: Tensor | None = None,
    *,
    sigma: float | Tensor = 1.0,
    power: float | Tensor = 2.0,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    pool_weight: Tensor | None = None,
    size: int | None = None,
    width: float | Sequence[float] | None = None,
    window: Literal["gaussian", "box"] = "gaussian",
    across_channels: bool = True,
    mask: Tensor | None = None,
) -> Tensor:
    """Divisive normalisation: a drive divided by the pooled activity of a population.

        y = weight · sgn(D)|D|^power / (sigma^power + Σ_k |E_k|^power) + bias,   E = D or pool_input

    Shapes: drive (N, C, *); pool_input agrees with it in all but the channels; sigma a number or (C,);
        weight (the γ of the paper), bias (C,).
    Pool: all channels at the same place; with `pool_weight` (C, channels of the pool), non-negative,
        a weighted sum of them; with `size` or `width` a spatial window too, summed over the channels
        (`across_channels`) or within each, its weights summing to 1 and renormalised at the edges;
        across_channels=False without a window sums each channel over all its space.
        One width, or one for each output channel, in samples.
    Units: sigma has those of the drive; y has those of weight.
    Limits: zero drive → bias (NaN where sigma and the pool are 0); large drive → weight · share of it.
    Errors: SettingError for negative sigma or weights, or for weights with a window; ShapeError.
    Source: Carandini & Heeger 2012, eq. 10.

    >>> import torch
    >>> divisive_norm(torch.tensor([[1.0, 2.0]]), sigma=1.0)
    tensor([[0.1667, 0.6667]])
    >>> divisive_norm(torch.tensor([[2.0]]), torch.tensor([[1.0, 1.0]]), sigma=1.0, power=1.0)
    tensor([[0.6667]])
    """
    spatial = size is not None or width is not None
    if pool_weight is not None and (spatial or not across_channels):
        raise SettingError(
            "divisive_norm: pool_weight was given with a window (size, width) or across_channels=False; "
            "pool over channels with pool_weight, or over space with a window."
        )
    settings: dict[str, Any] = {"sigma": sigma, "power": power}
    if pool_weight is not None:
        settings["pool_weight"] = pool_weight
    if spatial:
        settings |= {"size": size, "width": width, "window": window}
    row = divisive(spatial=spatial, learned=pool_weight is not None, channels=across_channels)
    out = normalize(
        drive, row, pool_input=pool_input, weight=weight, bias=bias, mask=mask, **settings
    )
    return out.y


def gdn(
    input: Tensor,
    sigma: float | Tensor = 1.0,
    pool_weight: Tensor | None = None,
    *,
    simplified: bool = False,
) -> Tensor:
    """Generalised divisive normalisation with learned weights between channels.

        y_i = x_i / √(sigma_i² + Σ_j pool_weight_ij · x_j²);   simplified (GDN1), without square and root:
        y_i = x_i / (sigma_i + Σ_j pool_weight_ij · |x_j|)

    Shapes: input (N, C, *); sigma a number or (C,); pool_weight (C, C), non-negative.
    Units: sigma² is the β of the paper (sigma itself for GDN1), pool_weight its γ.
    Limits: zero → zero, for sigma > 0.
    Errors: SettingError for negative sigma or weights; ShapeError for weights of another size.
    Source: Ballé, Laparra & Simoncelli 2016; GDN1: Johnston et al. 2019.

    >>> import torch
    >>> gdn(torch.tensor([[2.0, 1.0]]), 0.0, torch.eye(2))
    tensor([[1., 1.]])
    """
    name = "gdn1" if simplified else "gdn"
    return normalize(input, name, sigma=sigma, pool_weight=pool_weight).y
