"""Local response and local contrast normalisation as functions.

Shapes are (N, C, *) unless said otherwise; y has the shape and dtype of the input.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from normlab.equation.masks import check_valid
from normlab.equation.table import find
from normlab.equation.variants import jarrett
from normlab.errors import SettingError
from normlab.kernels.sigma_inside import normalized
from normlab.tracing import recorded


@recorded
def local_response_norm(
    input: Tensor,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """Local response normalisation: each channel divided by its neighbours' activity.

        y_c = x_c / (k + alpha/size · Σ_{c'} x_{c'}²)^beta,   c' over `size` channels around c

    Shapes: input (N, C, *); mask as in `normlab.normalize`, what it masks counting as zeros.
    Units: of x^(1 − 2·beta) where the pool dominates.
    Memory: input and one tensor of its size are kept for backward (torch's own keeps four).
    Dtype: half types are computed in float32 (torch's own raises for bfloat16 on the CPU).
    Errors: SettingError for a size below 1.
    Limits: zero → zero; beyond the first and last channel there are zeros.
    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3, whose α is alpha/size here.  Same as:
        torch.nn.functional.local_response_norm

    >>> import torch
    >>> local_response_norm(torch.tensor([[3.0, 4.0]]), 3, alpha=3.0, beta=0.5, k=0.0)
    tensor([[0.6000, 0.8000]])
    """
    check_valid("local_response_norm", input, mask)
    row = find("local_response")
    return normalized(input, row, mask=mask, size=size, alpha=alpha, beta=beta, k=k)


@recorded
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
    check_valid("local_contrast_norm", input, mask)
    shape = {"size": size, "width": width, "window": window}
    if isinstance(sigma, str):
        if sigma != "mean" or weight is not None or bias is not None:
            raise SettingError(
                f"local_contrast_norm: sigma={sigma!r} with weight or bias is not defined; give "
                f"sigma='mean' alone, or a number."
            )
        return jarrett(input, mask=mask, **shape).y
    row = find("local_contrast")
    return normalized(input, row, sigma=sigma, weight=weight, bias=bias, mask=mask, **shape)
