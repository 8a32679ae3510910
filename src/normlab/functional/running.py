"""Running statistics as values: what a batch makes of them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from normlab.errors import TransformError
from normlab.tracing import in_backward, in_transform


class Running(NamedTuple):
    """Running mean and variance, tensors, and number of batches; None where nothing is tracked."""

    mean: Any
    var: Any
    count: Any


UNTRACKED = Running(None, None, None)


def advanced(
    running: Running,
    mean: Tensor,
    var: Tensor,
    momentum: float | None,
    enough: Tensor | None = None,
) -> Running:
    """The running statistics after a batch."""
    if running.mean is None or running.var is None:
        return running
    count = None if running.count is None else running.count + 1
    share: Any = momentum
    if momentum is None:
        share = 1.0 / torch.as_tensor(count, device=running.mean.device).to(running.mean)
    return Running(
        _blended(running.mean, mean, share, enough),
        _blended(running.var, var, share, enough),
        count,
    )


def store(name: str, buffers: Running, new: Running) -> None:
    """Write the new statistics, unless a checkpoint is only computing its forward pass again."""
    if new.mean is None or in_backward():
        return
    try:
        _write(buffers, new)
    except RuntimeError as error:
        if not in_transform():
            raise
        raise TransformError(
            f"{name}: a transform of torch.func has captured the running statistics, which training "
            f"updates. Pass parameters and buffers to the transformed function and call "
            f"torch.func.functional_call with them, or use "
            f"normlab.functional.batch_norm_with_stats, or call eval() first."
        ) from error


def _write(buffers: Running, new: Running) -> None:
    """Put the new statistics into the tensors that hold the old ones."""
    for old, value in zip(buffers, new, strict=True):
        if old is not None and value is not None and old is not value:
            old.copy_(value)


def _blended(old: Tensor, new: Tensor, share: Any, enough: Tensor | None) -> Tensor:
    out = ((1.0 - share) * old + share * new.detach()).to(old.dtype)
    return out if enough is None else torch.where(enough, out, old)
