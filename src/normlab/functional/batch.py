"""Batch normalisation as functions: torch's own, and one that returns the statistics it computed."""

import torch.nn.functional as F
from torch import Tensor

from normlab.errors import SettingError, ShapeError


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch normalisation of each channel over the batch and space.

        y = weight · (x − mean) / √(var + eps) + bias

    Shapes: input (N, C, *); running_mean, running_var, weight, bias (C,).
    Statistics: of the batch (biased variance) when `training`, else the running ones. When training,
        running ← (1 − momentum)·running + momentum·batch, with the unbiased variance, in place.
    Errors: ShapeError for one value per channel in training; in evaluation without statistics.
    Limits: a constant channel → bias; in training a batch of one value has no variance.
    Source: Ioffe & Szegedy 2015, algorithm 1.  Same as: torch.nn.functional.batch_norm

    >>> import torch
    >>> batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True).flatten()
    tensor([-1.0000,  1.0000])
    """
    if training:
        check_batch(input)
    elif running_mean is None or running_var is None:
        raise SettingError(
            "batch_norm: training=False needs running_mean and running_var; give them, or "
            "training=True to use the batch's own statistics."
        )
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def check_batch(x: Tensor, name: str = "batch_norm") -> None:
    """Refuse one value per channel, whose variance is 0."""
    if x.dim() >= 2 and x.numel() == x.shape[1]:
        raise ShapeError(
            f"{name}: x has shape {tuple(x.shape)}, one value per channel, whose variance is 0; "
            f"in training give at least 2, or evaluate with running statistics."
        )
