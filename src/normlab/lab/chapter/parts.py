"""Many rows at a time: in parts that stay in the processor's cache, and batches side by side."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from normlab.moments import Moments

ROWS = 1024  # of a part
BATCHES = 512  # of a stack


def stacks(x: Tensor, size: int) -> Iterator[Tensor]:
    """Stacks of batches (batches × rows × columns); a shorter last batch stands in one of its own."""
    whole = len(x) // size * size
    yield from x[:whole].reshape(-1, size, x.shape[1]).split(BATCHES)
    if whole < len(x):
        yield x[None, whole:]


def in_batches(call: Callable[[Tensor], Tensor], x: Tensor, size: int) -> Tensor:
    """What `call` makes of each batch: it is given many side by side, each column of each as a channel."""
    return torch.cat([_apart(call(_beside(stack)), stack.shape) for stack in stacks(x, size)])


def _beside(stack: Tensor) -> Tensor:
    return stack.transpose(0, 1).reshape(stack.shape[1], -1)


def _apart(y: Tensor, shape: torch.Size) -> Tensor:
    return y.reshape(shape[1], shape[0], shape[2]).transpose(0, 1).reshape(-1, shape[2])


def statistics(stacked: Iterator[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each batch."""
    means, variances = [], []
    for stack in stacked:
        mean = stack.mean(1, keepdim=True)
        means.append(mean[:, 0])
        variances.append((stack - mean).square_().mean(1))
    return torch.cat(means), torch.cat(variances)


def moments(x: Tensor) -> Moments:
    """Of each column, in float64."""
    found = Moments()
    for part in x.split(ROWS):
        found.update(part)
    return found


def std(x: Tensor, correction: int = 1) -> Tensor:
    """Of each column."""
    return moments(x).std(correction).to(x)


def varies(x: Tensor) -> Tensor:
    """Which columns are not constant; a standard deviation may round to something above 0."""
    return x.amax(0) > x.amin(0)
