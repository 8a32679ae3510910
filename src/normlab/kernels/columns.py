"""Batch normalisation of channels that lie next to each other in memory: channels_last, and (N, C).

torch sums such columns in their own precision from the first row to the last, and its statistics are
up to 100 times less exact than those of contiguous images. Long columns are taken as many short ones:
(M, C) in memory is also (ROWS, M/ROWS · C). Their moments, exact enough, are merged in float64.
"""

from typing import Any

import torch
from torch import Tensor

from normlab.kernels.batch import local_moments
from normlab.kernels.layouts import CHANNELS_LAST
from normlab.moments import merged
from normlab.tracing import fake

ROWS = 128  # shorter sums gain no more digits, and cost more time
SHORT = 16  # rows of a table up to which its sums are as exact as those of an image
SHARE = 1.0  # |mean| / deviation from which on torch's sums over columns show in y
STEEP = 100.0  # … from which on the rounding of a short column's own mean shows in its variance


def holds(x: Tensor) -> bool:
    """Whether torch would sum columns that lose digits: float32, all channels of a place together."""
    if x.dtype != torch.float32:
        return False
    if x.numel() == x.size(0) * x.size(1):  # a table, with axes of one place or without
        return x.size(0) > SHORT
    if x.is_contiguous() or x.stride(1) != 1:
        return False
    kind = CHANNELS_LAST.get(x.dim())
    return x.is_contiguous(memory_format=kind) if kind else x.movedim(1, -1).is_contiguous()


def long(x: Tensor) -> bool:
    """Whether the columns are long enough to be cut."""
    return x.numel() >= 2 * ROWS * x.size(1)


def normalized(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(y, mean, unbiased variance, 1 / √(var + eps)) of the batch, as torch's own but exact."""
    return _Columns.apply(x, weight, bias, eps)  # pyright: ignore[reportReturnType]


class _Columns(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float):
        mean, var = _moments(x.movedim(1, -1).reshape(-1, x.shape[1]))
        y = torch.batch_norm(x, weight, bias, mean, var, False, 0.0, eps, False)
        rows = x.numel() // x.shape[1]
        unbiased, rate = var * (rows / (rows - 1)), (var + eps).rsqrt()
        ctx.eps = eps
        ctx.save_for_backward(x, weight, mean, rate)
        ctx.mark_non_differentiable(mean, unbiased, rate)
        return y, mean, unbiased, rate

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight, mean, rate = ctx.saved_tensors
        wanted = list(ctx.needs_input_grad[:3])
        found = torch.ops.aten.native_batch_norm_backward(
            grads[0], x, weight, None, None, mean, rate, True, ctx.eps, wanted
        )
        return *(g if want else None for g, want in zip(found, wanted, strict=True)), None


def _moments(table: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each column of (M, C)."""
    parts = len(table) // ROWS
    body, rest = table[: ROWS * parts], table[ROWS * parts :]
    found = [_short(body.view(ROWS, -1), ROWS, parts), _short(rest, len(rest), 1)]
    _, mean, m2 = merged(*(torch.cat(each) for each in zip(*found, strict=True)))
    if not fake(mean) and bool((mean.abs() > STEEP * (m2 / len(table)).sqrt()).any()):
        _, mean, m2 = local_moments(table, None)
    return mean.to(table.dtype), (m2 / len(table)).to(table.dtype)


def _short(columns: Tensor, rows: int, parts: int) -> tuple[Tensor, Tensor, Tensor]:
    """(count, mean, M2) float64 of short columns, `parts` of them for each channel."""
    if rows == 0:
        none = columns.new_zeros(0, columns.shape[1], dtype=torch.float64)
        return none[:, :1], none, none
    mean, var = torch.batch_norm_update_stats(columns, None, None, 0.0)
    count = columns.new_full((parts, 1), float(rows), dtype=torch.float64)
    return count, mean.view(parts, -1).double(), var.view(parts, -1).double() * rows
