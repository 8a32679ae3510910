"""Batch normalisation as functions: torch's own, and one that returns the statistics it computed."""

from typing import Any

from torch import Tensor

from normlab.errors import SettingError
from normlab.functional.batching import BatchOptions, Single, checked, normalized, plainly, trained
from normlab.functional.checks import check_momentum
from normlab.functional.running import Running
from normlab.kernels.processes import Processes
from normlab.tracing import plain, recorded


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
    Under activation checkpointing they are updated once. On the CPU, and not compiled, channels_last and
        tables get the accuracy of contiguous images.
    Errors: ShapeError for one value per channel in training, and for weights or statistics of another
        shape; SettingError for eps < 0, in evaluation without statistics, for one of them alone, and for
        momentum=None, which `batch_norm_with_stats` takes; DtypeError for weights or statistics in dtypes
        that torch does not mix with x's or with each other.
    Limits: a constant channel → bias; in training a batch of one value has no variance.
    Source: Ioffe & Szegedy 2015, algorithm 1.  Same as: torch.nn.functional.batch_norm

    >>> import torch
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True).flatten()
    tensor([-1.0000,  1.0000])
    """
    running = Running(running_mean, running_var, None)
    if mask is None and plain(input):
        y = plainly(input, running, weight, bias, momentum, eps, training)
        if y is not None:
            return y
    if training:
        check_momentum("batch_norm", momentum, running_mean)
    job = BatchOptions("batch_norm", eps, momentum, mask)
    return normalized(input, running, weight, bias, job, "" if training else "training=False")


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
    job = BatchOptions("batch_norm_with_stats", eps, momentum, mask, group, single)
    if not training:
        y = normalized(input, running, weight, bias, job, "training=False")
        return y, running.mean, running.var, running.count
    if momentum is None and running_mean is not None and num_batches_tracked is None:
        raise SettingError(
            "batch_norm_with_stats: momentum=None averages all batches and needs their number; give "
            "num_batches_tracked."
        )
    y, new = trained(input, running, weight, bias, checked(input, running, weight, bias, job))
    return y, new.mean, new.var, new.count
