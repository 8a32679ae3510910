"""Batch normalisation as functions: torch's own, and one that returns the statistics it computed."""

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.masks import check_valid, hide
from normlab.equation.pooling import per_channel
from normlab.errors import DataError, SettingError, ShapeError
from normlab.functional.running import Running, advanced, write
from normlab.kernels import batch as kernel
from normlab.kernels import columns
from normlab.kernels.processes import Processes
from normlab.tracing import in_forward_mode, recorded, values_known

Single = Literal["raise", "running"]


@recorded
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    mask: Tensor | None = None,
) -> Tensor:
    """Batch normalisation of each channel over the batch and space.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *); running_mean, running_var, weight, bias (C,).
    Statistics: of the batch (biased variance) when `training`, else the running ones. When training,
        running ← (1 − momentum)·running + momentum·batch, with the unbiased variance, in place.
    mask: boolean, True = valid, broadcastable to input or (N, *); statistics are of the valid elements,
        masked places are 0 and may hold anything.
    Errors: ShapeError for one value per channel in training; in evaluation without statistics.
    Limits: a constant channel → bias; in training a batch of one value has no variance.
    Source: Ioffe & Szegedy 2015, algorithm 1.  Same as: torch.nn.functional.batch_norm

    >>> import torch
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True).flatten()
    tensor([-1.0000,  1.0000])
    """
    check_valid("batch_norm", input, mask)
    running = Running(running_mean, running_var, None)
    if not training:
        return evaluated("batch_norm: training=False", input, running, weight, bias, eps, mask)
    check_batch(input)
    if mask is None and not in_forward_mode():
        return F.batch_norm(input, running_mean, running_var, weight, bias, True, momentum, eps)
    y, new = trained(
        input, running, weight, bias, Job("batch_norm", eps, momentum, mask, None, "raise")
    )
    write(running, new)
    return y


def check_batch(x: Tensor, name: str = "batch_norm", single: Single = "raise") -> None:
    """Refuse one value per channel, whose variance is 0."""
    if single == "raise" and x.dim() >= 2 and x.numel() == x.shape[1]:
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}, one value per channel, whose variance is 0; "
            f"in training give at least 2, or evaluate with running statistics."
        )


@recorded
def batch_norm_with_stats(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = True,
    momentum: float | None = 0.1,
    eps: float = 1e-5,
    *,
    num_batches_tracked: Any = 0,
    mask: Tensor | None = None,
    process_group: Any = None,
    single: Single = "raise",
) -> tuple[Tensor, Tensor | None, Tensor | None, Any]:
    """Batch normalisation that returns its new statistics and writes to nothing.

        y = weight · (x − mean) / √(var + eps) + bias
        running ← (1 − momentum)·running + momentum·batch;   momentum=None: the average of all batches

    Returns (y, new running mean, new running var, new num_batches_tracked); None stays None.
    Shapes: input (N, C, *); running_mean, running_var, weight, bias (C,); mask, boolean, as in
        `normlab.normalize`.
    Statistics: of the valid elements of all processes of the group ("world", or a ProcessGroup; None:
        this one), each element weighing the same; normalised with the biased, stored with the unbiased
        variance. With training=False the running ones, returned as they are.
    Dtype: half types are computed in float32; masked or synchronised moments are merged in float64.
    single: "raise" for a channel with one valid element, or "running" to use the running statistics.
    Errors: ShapeError, DtypeError, DataError, SettingError.
    Limits: a constant channel → bias; no element at all → the statistics as they were.
    Source: Ioffe & Szegedy 2015, algorithm 1; merging: Chan, Golub & LeVeque 1983.

    >>> import torch
    >>> x, mean, var = torch.tensor([[1.0], [3.0]]), torch.zeros(1), torch.ones(1)
    >>> batch_norm_with_stats(x, mean, var)
    (tensor([[-1.0000],
            [ 1.0000]]), tensor([0.2000]), tensor([1.1000]), 1)
    """
    running = Running(running_mean, running_var, num_batches_tracked)
    group = None if process_group is None else Processes(process_group).group
    check_valid("batch_norm_with_stats", input, mask, empty=group is not None)
    if not training:
        y = evaluated(
            "batch_norm_with_stats: training=False", input, running, weight, bias, eps, mask
        )
        return y, running.mean, running.var, running.count
    job = Job("batch_norm_with_stats", eps, momentum, mask, group, single)
    y, new = trained(input, running, weight, bias, job)
    return y, new.mean, new.var, new.count


class Job(NamedTuple):
    """How to normalise with the batch's own statistics."""

    name: str
    eps: float
    momentum: float | None
    mask: Tensor | None
    group: Any
    single: Single


def evaluated(why: str, x: Tensor, running: Running, weight, bias, eps: float, mask) -> Tensor:
    """Normalised with the running statistics; masked places are 0."""
    if running.mean is None or running.var is None:
        raise SettingError(
            f"{why} needs running_mean and running_var; give both, or normalise with the statistics "
            f"of a batch of more than one value (training=True)."
        )
    x, valid = hide(x, mask)
    y = F.batch_norm(x, running.mean, running.var, weight, bias, False, 0.0, eps)
    return y if valid is None else torch.where(valid, y, 0.0)


def trained(x: Tensor, running: Running, weight, bias, job: Job) -> tuple[Tensor, Running]:
    """Normalised with the batch's own statistics, and the running ones after it."""
    alone = job.group is None and x.numel() == x.shape[1]  # other processes may hold more values
    if alone and job.single == "running":
        return evaluated(
            f"{job.name}: single='running'", x, running, weight, bias, job.eps, job.mask
        ), running
    if alone:
        check_batch(x, job.name)
    if job.mask is None and job.group is None and x.numel() and not in_forward_mode():
        y, mean, var = _plain(x, weight, bias, job.eps)
        return y, advanced(running, mean, var, job.momentum)
    return _valid_only(x, running, weight, bias, job)


def _plain(x: Tensor, weight, bias, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """y, mean and unbiased variance of the whole batch."""
    if values_known(x) and columns.suits(x):
        mean, var = x.new_zeros(2, x.shape[1]).unbind()
        y = None if x.dim() > 2 else columns.of_table(x, weight, bias, mean, var, 1.0, eps)
        return columns.normalized(x, weight, bias, eps) if y is None else (y, mean, var)
    kind = computed_in(x.dtype)
    mean, var = (x.new_zeros(x.shape[1], dtype=kind) for _ in range(2))
    # torch wants parameters and statistics in one dtype
    weight, bias = (None if a is None else a.to(kind) for a in (weight, bias))
    return F.batch_norm(x, mean, var, weight, bias, True, 1.0, eps), mean, var


def _valid_only(x: Tensor, running: Running, weight, bias, job: Job) -> tuple[Tensor, Running]:
    """The valid elements of all processes; a channel with fewer than two of them learns nothing."""
    work, valid = hide(x, job.mask)
    known = values_known(x)
    way = kernel.normalized if known and not in_forward_mode() else kernel.composed
    y, count, mean, var = way(work, weight, bias, kernel.Job(valid, job.eps, job.group))
    enough = count > 1
    if known and not bool(enough.all()):
        y = _without_variance(y, x, running, weight, bias, job, count)
    var = var * (count / (count - 1).clamp_min(1))
    new = advanced(running, mean, var, job.momentum, enough)
    return y, (running if known and not bool(enough.any()) else new)


def _without_variance(y: Tensor, x: Tensor, running, weight, bias, job: Job, count) -> Tensor:
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
    other = evaluated(f"{job.name}: single='running'", x, running, weight, bias, job.eps, job.mask)
    return torch.where(per_channel(lone, x.dim()), other, y)
