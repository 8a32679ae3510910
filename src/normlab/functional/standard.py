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
from normlab.functional.batch import BatchOptions, evaluated
from normlab.functional.checks import (
    check_arguments,
    check_ending,
    check_eps,
    check_real,
    check_sizes,
    of_nothing,
)
from normlab.functional.running import Running, advanced, store
from normlab.kernels import rms, whole
from normlab.kernels.layouts import laid_out_as
from normlab.tracing import in_forward_mode, in_transform, recorded


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
    return _grouped(input, num_groups, weight, bias, eps, mask)


def _grouped(
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
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """Instance normalisation: center and scale each channel of each sample over space.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *space); running_mean, running_var, weight, bias (C,).
    Statistics: biased variance over space, or the running ones; these are updated in place with the
        average over samples of mean and unbiased variance when `use_input_stats`; with a mask each
        sample weighs by its valid elements.
    mask: boolean, True = valid, broadcastable to input or (N, *); statistics are of the valid elements,
        masked places are 0 and may hold anything.
    Errors: ShapeError for input without space or with a single element of it.
    Limits: a constant channel → bias.
    Source: Ulyanov, Vedaldi & Lempitsky 2016.  Same as: torch.nn.functional.instance_norm; without
        running statistics it is group normalisation with one channel a group, which is faster.

    >>> import torch
    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    running = Running(running_mean, running_var, None)
    job = BatchOptions("instance_norm", eps, momentum, mask)
    return instance_normalized(input, running, weight, bias, job, use_input_stats)


def instance_normalized(
    x: Tensor,
    running: Running,
    weight: Tensor | None,
    bias: Tensor | None,
    job: BatchOptions,
    own: bool = True,
) -> Tensor:
    """With each channel's own statistics, which move the running ones, or with these."""
    check_arguments(job.name, x, weight, bias, running.mean, running.var)
    check_eps(job.name, "instance", job.eps)
    check_instance(x, job.name, own)
    check_sizes(job.name, x, weight, bias, running.mean, running.var)
    if x.numel() == 0:
        return of_nothing(x, weight, bias)
    if job.mask is not None:
        job = job._replace(mask=check_valid(job.name, x, job.mask))
    if not own:
        return laid_out_as(evaluated(x, running, weight, bias, job, "use_input_stats=False"), x)
    if job.mask is None and running.mean is None:
        return _grouped(x, x.size(1), weight, bias, job.eps)
    traced = job.mask is not None or in_transform() or in_forward_mode()
    y, new = (_composed if traced else _tracked)(x, running, weight, bias, job)
    store(job.name, running, new)
    return laid_out_as(y, x)


def check_instance(x: Tensor, name: str, own: bool = True) -> None:
    """Refuse input without space, or a single element of it whose own variance is asked for."""
    if x.dim() < 3 or (own and 0 < x.numel() < 2 * x.size(0) * x.size(1)):
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}; it needs (batch, channels, *space) "
            f"with at least 2 elements of space, since the variance of one is 0."
        )


def _tracked(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> tuple[Tensor, Running]:
    """Batch normalisation of one sample that has every channel of every sample."""
    samples, channels = x.shape[:2]
    weight, bias = (None if a is None else a.repeat(samples) for a in (weight, bias))
    flat = x.reshape(1, samples * channels, *x.shape[2:])
    y, mean, var = whole.by_value(flat, weight, bias, job.eps)
    each = Running(running.mean.repeat(samples), running.var.repeat(samples), None)
    new = advanced(each, mean, var, job.momentum)
    mean, var = (a.view(samples, channels).mean(0) for a in (new.mean, new.var))
    return y.view(x.shape), Running(mean, var, running.count)


def _composed(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> tuple[Tensor, Running]:
    """The equation, whose pool and center give the statistics of each channel of each sample."""
    out = normalize(x, "instance", eps=job.eps, weight=weight, bias=bias, mask=job.mask)
    full = (*x.shape[:2], 1)
    if job.mask is None:
        count = out.pool.new_full(full, x[0, 0].numel())
    else:
        count = job.mask.flatten(2).sum(2, keepdim=True).to(out.pool)
    mean, var = out.center.reshape(full), out.pool.reshape(full)
    enough = count > 1
    var = var * (count / (count - 1).clamp_min(1))
    channel = _average(mean, count), _average(var, torch.where(enough, count, 0.0))
    return out.y, advanced(running, *channel, job.momentum, enough.any(0).flatten())


def _average(values: Tensor, count: Tensor) -> Tensor:
    return ((values * count).sum(0) / count.sum(0).clamp_min(1)).flatten()


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
