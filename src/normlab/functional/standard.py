"""The normalisers that torch has, with its signatures.

Shapes are (N, C, *) unless said otherwise; y has the shape and dtype of the input.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from normlab.errors import ShapeError


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Layer normalisation over the last dimensions.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (*, *normalized_shape); weight, bias of normalized_shape.
    Statistics: biased variance of each sample; none kept.
    Limits: a constant sample → bias.
    Source: Ba, Kiros & Hinton 2016, eq. 3.  Same as: torch.nn.functional.layer_norm

    >>> import torch
    >>> layer_norm(torch.tensor([[1.0, 3.0]]), (2,), eps=0.0)
    tensor([[-1.,  1.]])
    """
    return F.layer_norm(input, list(normalized_shape), weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Group normalisation: center and scale the channels of each group together.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *); weight, bias (C,); num_groups divides C, else ShapeError.
    Statistics: biased variance over each group's channels and space; none kept.
    Limits: a constant group, or a group of one element → bias; one sample of such groups alone is an
        error, as in torch.
    Source: Wu & He 2018, eqs. 1, 2 and 7.  Same as: torch.nn.functional.group_norm

    >>> import torch
    >>> group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    if num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: num_groups={num_groups} does not divide the {input.shape[1]} channels of "
            f"x {tuple(input.shape)}; choose a divisor."
        )
    if input.numel() == num_groups:
        raise ShapeError(
            f"group_norm: x has shape {tuple(input.shape)}, one sample with one element a group, whose "
            f"variance is 0; use fewer groups."
        )
    return F.group_norm(input, num_groups, weight, bias, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Instance normalisation: center and scale each channel of each sample over space.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *space); running_mean, running_var, weight, bias (C,).
    Statistics: biased variance over space, or the running ones; these are updated in place with the
        average over samples of mean and unbiased variance when `use_input_stats`.
    Errors: ShapeError for input without space or with a single element of it.
    Limits: a constant channel → bias.
    Source: Ulyanov, Vedaldi & Lempitsky 2016.  Same as: torch.nn.functional.instance_norm; without
        running statistics it is group normalisation with one channel a group, which is faster.

    >>> import torch
    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    if (use_input_stats and input.numel() and input.shape[2:].numel() < 2) or input.dim() < 3:
        raise ShapeError(
            f"instance_norm: x has shape {tuple(input.shape)}; it needs (batch, channels, *space) "
            f"with at least 2 elements of space, since the variance of one is 0."
        )
    if use_input_stats and running_mean is None and running_var is None:
        return F.group_norm(input, input.shape[1], weight, bias, eps)
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """RMS normalisation over the last dimensions: scaled, not centered.

        y = weight · x / √(mean x² + eps)

    Shapes: input (*, *normalized_shape); weight of normalized_shape.
    Statistics: mean square of each sample; none kept. eps=None is the machine epsilon of float32 for
        half types, else of the dtype.
    Limits: zero → zero.
    Source: Zhang & Sennrich 2019, eq. 4.  Same as: torch.nn.functional.rms_norm

    >>> import torch
    >>> rms_norm(torch.tensor([[1.0, 7.0]]), (2,), eps=0.0)
    tensor([[0.2000, 1.4000]])
    """
    return F.rms_norm(input, list(normalized_shape), weight, eps)
