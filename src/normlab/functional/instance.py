"""Instance normalisation as a function, also with running statistics. See `standard` for what all share."""

import torch
from torch import Tensor

from normlab.equation.masks import check_valid
from normlab.equation.reference import normalize
from normlab.errors import ShapeError
from normlab.functional.batching import BatchOptions, evaluated
from normlab.functional.checks import (
    check_arguments,
    check_eps,
    check_momentum,
    check_pair,
    check_sizes,
    of_nothing,
)
from normlab.functional.running import Running, advanced, store
from normlab.functional.standard import grouped
from normlab.kernels import whole
from normlab.kernels.layouts import laid_out_as
from normlab.tracing import in_forward_mode, in_transform, recorded


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
    Errors: ShapeError for input without space or with a single element of it; SettingError without
        statistics to use, for one of them alone, and for momentum=None where they are to move.
    Limits: a constant channel → bias.
    Source: Ulyanov, Vedaldi & Lempitsky 2016.  Same as: torch.nn.functional.instance_norm; without
        running statistics it is group normalisation with one channel a group, which is faster.

    >>> import torch
    >>> instance_norm(torch.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    running = Running(running_mean, running_var, None)
    job = BatchOptions("instance_norm", eps, momentum, mask)
    if use_input_stats:
        check_momentum("instance_norm", momentum, running_mean)
    evaluates = "" if use_input_stats else "use_input_stats=False"
    return instance_normalized(input, running, weight, bias, job, evaluates)


def instance_normalized(
    x: Tensor,
    running: Running,
    weight: Tensor | None,
    bias: Tensor | None,
    job: BatchOptions,
    evaluates: str = "",
) -> Tensor:
    """With each channel's own statistics, which move the running ones, or with these (`evaluates`: why)."""
    check_arguments(job.name, x, weight, bias, running.mean, running.var)
    check_pair(job.name, running.mean, running.var)
    check_eps(job.name, "instance", job.eps)
    check_instance(x, job.name, not evaluates)
    check_sizes(job.name, x, weight, bias, running.mean, running.var)
    if evaluates:
        return laid_out_as(evaluated(x, running, weight, bias, job, evaluates), x)
    if x.numel() == 0:
        return of_nothing(x, weight, bias)
    if job.mask is not None:
        job = job._replace(mask=check_valid(job.name, x, job.mask))
    if job.mask is None and running.mean is None:
        return grouped(x, x.size(1), weight, bias, job.eps)
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
