"""The normalisers that torch has, with its signatures.

Shapes are (N, C, *) unless said otherwise; y has the shape and dtype of the input. That a constant gives
the bias holds exactly on the CPU unless compiled; elsewhere as far as the rounding of torch's operator.
Errors of all: DtypeError for weights or statistics in dtypes that torch does not mix with the input's or with
each other; ShapeError for ones of another shape than stated; SettingError for eps < 0.

In forward mode the equation is computed step by step: torch's fused operators lose second derivatives there
(reverse over forward takes their saved mean and scale for constants).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from normlab.equation.masks import check_valid
from normlab.equation.reference import normalize
from normlab.errors import ShapeError
from normlab.functional import usual
from normlab.functional.checks import (
    check_arguments,
    check_ending,
    check_eps,
    check_real,
    check_sizes,
    of_nothing,
)
from normlab.kernels import rms, whole
from normlab.kernels.layouts import laid_out_as
from normlab.tracing import in_forward_mode, recorded


@recorded
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """Layer normalisation over the last dimensions.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (*, *normalized_shape); weight, bias of normalized_shape.
    Statistics: biased variance of each sample; none kept.
    mask: boolean, True = valid, of the leading dimensions of input or broadcastable to it; statistics are
        of the valid elements, masked places are 0 and may hold anything.
    Limits: a constant sample → bias.
    Source: Ba, Kiros & Hinton 2016, eq. 3.  Same as: torch.nn.functional.layer_norm

    >>> import torch
    >>> layer_norm(torch.tensor([[1.0, 3.0]]), (2,), eps=0.0)
    tensor([[-1.,  1.]])
    """
    if mask is None:
        y = usual.layer_norm(input, tuple(normalized_shape), weight, bias, eps)
        if y is not None:
            return y
    shape = list(normalized_shape)
    check_arguments("layer_norm", input, weight, bias)
    check_ending("layer_norm", input, shape, weight, bias)
    check_eps("layer_norm", "layer", eps)
    if mask is None and not in_forward_mode():
        weight = _with_bias(weight, bias)
        return laid_out_as(whole.layer_norm(input, shape, weight, bias, eps), input)
    valid = check_valid("layer_norm", input, mask, features=len(shape))
    if input.numel() == 0:
        return of_nothing(input, weight, bias)
    kept: dict[str, Any] = {"weight": weight, "bias": bias, "mask": valid}
    return normalize(input, "layer", normalized_shape=shape, eps=eps, **kept).y


def _with_bias(weight: Tensor | None, bias: Tensor | None) -> Tensor | None:
    """Ones for a bias alone, of which torch's operators give no gradient (seen in 2.13.0)."""
    return torch.ones_like(bias) if weight is None and bias is not None else weight


@recorded
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """Group normalisation: center and scale the channels of each group together.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *); weight, bias (C,); num_groups divides C, else ShapeError.
    Statistics: biased variance over each group's channels and space; none kept.
    mask: boolean, True = valid, broadcastable to input or (N, *); statistics are of the valid elements,
        masked places are 0 and may hold anything.
    Limits: a constant group, or a group of one element → bias; one sample of such groups alone is an
        error, as in torch.
    Source: Wu & He 2018, eqs. 1, 2 and 7.  Same as: torch.nn.functional.group_norm

    >>> import torch
    >>> group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    return grouped(input, num_groups, weight, bias, eps, mask)


def grouped(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
    mask: Tensor | None = None,
) -> Tensor:
    check_arguments("group_norm", input, weight, bias)
    check_eps("group_norm", "group", eps)
    if input.dim() < 2:
        raise ShapeError(
            f"group_norm: x has shape {tuple(input.shape)}; it must be (batch, channels, *)."
        )
    channels, count = input.size(1), input.numel()
    if channels and (num_groups < 1 or channels % num_groups):
        raise ShapeError(
            f"group_norm: num_groups={num_groups} does not divide the {channels} channels of "
            f"x {tuple(input.shape)}; choose a divisor."
        )
    check_sizes("group_norm", input, weight, bias)
    if count == 0:
        return of_nothing(input, weight, bias)
    if count == num_groups:
        raise ShapeError(
            f"group_norm: x has shape {tuple(input.shape)}, one sample with one element a group, whose "
            f"variance is 0; use fewer groups."
        )
    if mask is None and not in_forward_mode():
        return whole.group_norm(input, num_groups, _with_bias(weight, bias), bias, eps)
    valid = check_valid("group_norm", input, mask)
    kept: dict[str, Any] = {"weight": weight, "bias": bias, "mask": valid}
    return normalize(input, "group", num_groups=num_groups, eps=eps, **kept).y


@recorded
def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """RMS normalisation over the last dimensions: scaled, not centered.

        y = weight · x / √(mean x² + eps)

    Shapes: input (*, *normalized_shape); weight of normalized_shape.
    Statistics: mean square of each sample; none kept. eps=None is the machine epsilon of float32 for
        half types, else of the dtype.
    mask: boolean, True = valid, of the leading dimensions of input or broadcastable to it; statistics are
        of the valid elements, masked places are 0 and may hold anything.
    Limits: zero → zero.
    Source: Zhang & Sennrich 2019, eq. 4.  Same as: torch.nn.functional.rms_norm

    >>> import torch
    >>> rms_norm(torch.tensor([[1.0, 7.0]]), (2,), eps=0.0)
    tensor([[0.2000, 1.4000]])
    """
    shape = list(normalized_shape)
    check_arguments("rms_norm", input)
    check_real("rms_norm", weight)
    check_ending("rms_norm", input, shape, weight)
    check_eps("rms_norm", "rms", eps)
    if mask is not None or in_forward_mode():
        valid = check_valid("rms_norm", input, mask, features=len(shape))
        if input.numel() == 0:
            return of_nothing(input, weight)
        kept: dict[str, Any] = {"weight": weight, "mask": valid}
        return normalize(input, "rms", normalized_shape=shape, eps=eps, **kept).y
    return laid_out_as(rms.normalized(input, shape, weight, eps), input)
