"""Sums over a sliding window along one axis: no cancellation, and a NaN stays inside its own windows."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.tracing import in_forward_mode, values_known

# From this size on two running sums within blocks are faster than the doublings, whose number grows.
BLOCKS_FROM = 512
_IN_CACHE = 1 << 16  # elements


def window_sum(a: Tensor, dim: int, size: int, before: int) -> Tensor:
    """Sum of `size` neighbours, the first `before` places earlier; zeros beyond the edges.

    The cost grows with log(size) and, from `BLOCKS_FROM` on, not at all.

    >>> import torch
    >>> window_sum(torch.tensor([1.0, 2.0, 4.0]), 0, 3, 1)
    tensor([3., 7., 6.])
    """
    length = a.shape[dim]
    if size == 1 or length == 0:
        return a
    if size < BLOCKS_FROM:
        return _doubled(_padded(a, dim, before, size - 1 - before), dim, size, length)
    return _in_blocks(a, dim, size, before)


def _doubled(a: Tensor, dim: int, size: int, length: int) -> Tensor:
    """The binary digits of the size: S_2k[i] = S_k[i] + S_k[i + k]."""
    total, reach, start = None, 1, 0
    while True:
        if size & reach:
            part = a.narrow(dim, start, length)
            total = part if total is None else total + part
            start += reach
        if start == size:
            assert total is not None
            return total
        rest = a.shape[dim] - reach
        a = a.narrow(dim, 0, rest) + a.narrow(dim, reach, rest)
        reach *= 2


def _in_blocks(a: Tensor, dim: int, size: int, before: int) -> Tensor:
    """Sum to the end of the first block and from the start of the next (van Herk; Gil & Werman)."""
    length = a.shape[dim]
    before, size = min(before, length), min(before, length) + min(size - before, length)
    blocks = -(-(length + before) // size) + 1
    lines = a.transpose(dim, -1)  # running sums are fast along the last dimension only
    lines = F.pad(lines, [before, blocks * size - before - length]).unflatten(-1, (blocks, size))
    to_end = lines.flip(-1).cumsum(-1).flip(-1).flatten(-2)
    until = F.pad(lines.cumsum(-1)[..., :-1], [1, 0]).flatten(-2)
    total = to_end[..., :length] + until[..., size : size + length]
    return total.transpose(dim, -1)


def weighted_window(a: Tensor, dim: int, taps: Sequence[Sequence[float]], before: int) -> Tensor:
    """Sum of neighbours times taps: one row of taps for all channels, or one row for each.

    >>> import torch
    >>> weighted_window(torch.tensor([[[1.0, 2.0, 4.0]]]), 2, [[0.25, 0.5, 0.25]], 1)
    tensor([[[1.0000, 2.2500, 2.5000]]])
    """
    size, length = len(taps[0]), a.shape[dim]
    if len(taps) == 1 and _worth_parts(a, dim):
        some = max(1, _IN_CACHE * a.shape[1] // a.numel())
        return torch.cat([weighted_window(p, dim, taps, before) for p in a.split(some, 1)], 1)
    padded = _padded(a, dim, before, size - 1 - before)
    if len(taps) == 1:
        total = padded.narrow(dim, 0, length) * taps[0][0]
        add = torch.add if in_forward_mode() else Tensor.add_
        for start in range(1, size):
            total = add(total, padded.narrow(dim, start, length), alpha=taps[0][start])
        return total
    rows = a.new_tensor(taps).T.reshape(size, -1, *[1] * (a.dim() - 2))
    total = padded.narrow(dim, 0, length) * rows[0]
    for start in range(1, size):
        total = total + padded.narrow(dim, start, length) * rows[start]
    return total


def _worth_parts(a: Tensor, dim: int) -> bool:
    """Whether the taps are faster on a few channels at a time, which then stay in the cache."""
    if dim % max(a.dim(), 1) < 2 or torch.is_grad_enabled() or not values_known(a):
        return False
    return a.shape[1] > 1 and a.numel() > _IN_CACHE and a.is_cpu and a.is_contiguous()


def _padded(a: Tensor, dim: int, before: int, after: int) -> Tensor:
    return F.pad(a, [0, 0] * (a.dim() - 1 - dim % a.dim()) + [before, after])
