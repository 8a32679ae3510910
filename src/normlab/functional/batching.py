"""A batch normalised by torch's operator, by ours, or with running statistics, and what is refused of it."""

import math
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from normlab.equation.masks import check_valid, hide
from normlab.equation.pooling import per_channel
from normlab.errors import DataError, SettingError, ShapeError
from normlab.functional.checks import (
    check_arguments,
    check_eps,
    check_pair,
    check_sizes,
    of_nothing,
)
from normlab.functional.running import Running, advanced, store
from normlab.kernels import batch as kernel
from normlab.kernels import norms, whole
from normlab.kernels.native import KINDS, ORDINARY
from normlab.tracing import (
    begun,
    in_backward,
    in_forward_mode,
    in_transform,
    values_known,
    watching,
)

Single = Literal["raise", "running"]
with _disable_current_modes():  # normlab may be imported inside FakeTensorMode
    # made once: to make it of a number takes as long as to add it
    ONE = torch.tensor(1, device="cpu")

# what to do without running statistics, by what asks for them
INSTEAD = {
    "training=False": "set training=True to normalise with the batch's own",
    "use_input_stats=False": "set use_input_stats=True to normalise with each sample's own",
    "evaluation": "set track_running_stats=False to normalise with each sample's own",
    "single='running'": "give at least 2 values per channel",
}


class BatchOptions(NamedTuple):
    """How to normalise: who asks, with which settings, mask and processes."""

    name: str
    eps: float
    momentum: float | None = None
    mask: Tensor | None = None
    group: Any = None
    single: Single = "raise"


def plainly(
    x: Tensor,
    running: tuple[Any, Any, Any],
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float | None,
    eps: float,
    training: bool,
    channels: int | None = None,
    layer: str = "",
) -> Tensor | None:
    """The common case after one short test, by torch's operator; None where anything is unusual.

    Without mask, processes, transforms or tracing, all in one dtype, with more than one value a channel.
    channels: how many x must have, where the caller has not looked. layer: how it is shown by `explain`.
    """
    kind, shape, (mean, var, count) = x.dtype, x.shape, running
    if kind not in KINDS or len(shape) < 2 or not 0.0 <= eps < math.inf:
        return None
    width = shape[1]
    if not 0 < width < x.numel() or (channels is not None and width != channels):
        return None
    vector = (width,)
    for own in (weight, bias, mean, var):
        if own is None:
            continue
        if own.dtype is not kind or own.shape != vector or type(own) not in ORDINARY:
            return None
        if not own.is_cpu:
            return None
    if (var is None) is not (mean is None):
        return None
    if not training:
        if mean is None:
            return None
        if watching and layer:
            begun(layer)
        return torch.batch_norm(x, weight, bias, mean, var, False, 0.0, eps, False)
    if mean is not None and (momentum is None or in_backward()):
        return None
    if watching and layer:
        begun(layer)
    held = None if mean is None else (mean, var)
    y = whole.in_place(x, held, weight, bias, momentum or 0.0, eps, norms.usual_batch)
    if y is None:
        job = BatchOptions("batch_norm", eps, momentum)
        y, new = trained(x, Running(*running), weight, bias, job)
        store(job.name, Running(*running), new)
    elif count is not None:
        count.add_(ONE)
    return y


def normalized(
    x: Tensor,
    running: Running,
    weight: Tensor | None,
    bias: Tensor | None,
    job: BatchOptions,
    evaluates: str = "",
) -> Tensor:
    """The one decision: by running statistics (`evaluates` says why), by torch's operator, or by ours.

    In training the running statistics are moved in place.
    """
    if evaluates:
        return evaluated(x, running, weight, bias, job, evaluates)
    job = checked(x, running, weight, bias, job)
    y = _in_place(x, running, weight, bias, job)
    if y is None:
        y, new = trained(x, running, weight, bias, job)
        store(job.name, running, new)
    return y


def checked(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> BatchOptions:
    """The job with its mask in x's shape, once the arguments are known to agree."""
    check_arguments(job.name, x, weight, bias, running.mean, running.var)
    check_pair(job.name, running.mean, running.var)
    check_eps(job.name, "batch", job.eps)
    check_sizes(job.name, x, weight, bias, running.mean, running.var)
    if x.dim() < 2 and x.numel():
        raise ShapeError(
            f"{job.name}: x has shape {tuple(x.shape)}; it must be (batch, channels, *)."
        )
    if job.mask is None:
        return job
    return job._replace(mask=check_valid(job.name, x, job.mask, empty=job.group is not None))


def evaluated(
    x: Tensor,
    running: Running,
    weight: Tensor | None,
    bias: Tensor | None,
    job: BatchOptions,
    why: str = "this layer",
) -> Tensor:
    """Normalised with the running statistics; masked places are 0."""
    valid = checked(x, running, weight, bias, job._replace(group=None)).mask
    if running.mean is None:
        instead = f", or {INSTEAD[why]}" if why in INSTEAD else ""
        raise SettingError(
            f"{job.name}: {why} needs running_mean and running_var; give both{instead}."
        )
    if x.numel() == 0:
        return of_nothing(x, weight, bias)
    work = x if valid is None else torch.where(valid, x, 0.0)
    y = whole.evaluated(work, (running.mean, running.var), weight, bias, job.eps)
    return y if valid is None else torch.where(valid, y, 0.0)


def _in_place(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> Tensor | None:
    """By torch's operator, which moves the statistics in place; None where that does not do all of it."""
    count, averages = x.numel(), job.momentum is None and running.mean is not None
    if job.mask is not None or job.group is not None or averages or count == 0:
        return None
    known = values_known(x)
    if count == x.size(1) or (not known and in_transform()) or in_forward_mode():
        return None
    held, again = None, False
    if running.mean is not None:
        held, again = (running.mean, running.var), in_backward()
        if again:  # by a checkpoint: on copies that nobody keeps
            held = running.mean.clone(), running.var.clone()
    way = whole.in_place if known and x.is_cpu else whole.by_torch
    y = way(x, held, weight, bias, job.momentum or 0.0, job.eps)
    if y is not None and running.count is not None and not again:
        running.count.add_(1)
    return y


def check_batch(x: Tensor, name: str) -> None:
    """Refuse one value per channel, whose variance is 0."""
    if x.numel() == x.shape[1]:
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}, one value per channel, whose variance is 0; "
            f"in training give at least 2, or evaluate with running statistics."
        )


def trained(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> tuple[Tensor, Running]:
    """Normalised with the batch's own statistics, and the running ones after it; nothing is written."""
    if job.group is None and x.numel() == 0:
        return of_nothing(x, weight, bias), running
    alone = job.group is None and x.numel() == x.shape[1]  # other processes may hold more values
    if alone and job.single == "running":
        return evaluated(x, running, weight, bias, job, "single='running'"), running
    if alone:
        check_batch(x, job.name)
    if job.mask is None and job.group is None and not in_forward_mode():
        y, mean, var = whole.by_value(x, weight, bias, job.eps)
        return y, advanced(running, mean, var, job.momentum)
    return _valid_only(x, running, weight, bias, job)


def _valid_only(
    x: Tensor, running: Running, weight: Tensor | None, bias: Tensor | None, job: BatchOptions
) -> tuple[Tensor, Running]:
    """The valid elements of all processes; a channel with fewer than two of them learns nothing."""
    work, valid = hide(x, job.mask)
    known = values_known(x)
    way = kernel.normalized if known and not in_forward_mode() else kernel.composed
    y, count, mean, var = way(work, weight, bias, kernel.PoolOptions(valid, job.eps, job.group))
    enough = count > 1
    if known and not bool(enough.all()):
        y = _without_variance(y, x, running, weight, bias, job, count)
    var = var * (count / (count - 1).clamp_min(1))
    new = advanced(running, mean, var, job.momentum, enough)
    return y, (running if known and not bool(enough.any()) else new)


def _without_variance(
    y: Tensor,
    x: Tensor,
    running: Running,
    weight: Tensor | None,
    bias: Tensor | None,
    job: BatchOptions,
    count: Tensor,
) -> Tensor:
    """y, where channels with one valid element take the running statistics if they may."""
    if job.group is not None and x.shape[1] and not bool(count.any()):
        raise DataError(
            f"{job.name}: no process of the group has a valid element; give at least one of them data."
        )
    lone = count == 1
    if not bool(lone.any()):
        return y
    if job.single == "raise":
        raise ShapeError(
            f"{job.name}: channel {int(lone.nonzero()[0])} has one valid element, whose variance is 0; "
            f"in training give at least 2, or set single='running' to use running statistics."
        )
    other = evaluated(x, running, weight, bias, job, "single='running'")
    return torch.where(per_channel(lone, x.dim()), other, y)
