"""Batch and RMS normalisation by the C++ kernels, where they fit and are faster than torch.

They keep x alone, and sum about a value near the mean: no mean is so large that digits are lost. What they
refuse runs on torch's operators. A backward pass that is differentiated again or transformed goes through
these too.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.kernels import batch as twin
from normlab.kernels import native, slopes
from normlab.kernels.layouts import channels_last
from normlab.tracing import plain

Maybe = Tensor | None
# Elements from which on a kernel is faster than torch, by normlab bench --only batch (rms); of RMS norm
# without kernels, from which on a backward in blocks is faster than torch's, step by step
LEAST = {"batch": 1 << 20, "rms": 1 << 14, "rms in blocks": 1 << 17}
CHANNELS = 128  # of a table, up to which the same holds
PLACES = 16  # of a contiguous image: with fewer its rows do not fill the processor's registers
WIDTH = 8  # of rows; narrower ones are left to torch
HALF = (torch.bfloat16, torch.float16)  # whose contiguous batches torch takes as fast


def batch(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> tuple[Tensor, Tensor] | None:
    """(y, mean and biased variance of the batch, float64 (2, C)); None where torch is to do it."""
    # plain first: a traced size is not a number
    if not plain(x) or x.numel() < LEAST["batch"] or not _dense(x):
        return None
    if native.refused(x, weight, bias):
        return None
    return _with_slopes(_Batch, _batch, x, weight, bias, eps)


def _dense(x: Tensor) -> bool:
    """Whether the channels lie in memory as the kernels read them faster than torch."""
    if x.is_contiguous():
        if x.dtype in HALF or (x.dim() == 2 and x.size(1) > CHANNELS):
            return False
        places = x.numel() // (x.size(0) * x.size(1))
        return places == 1 or places >= PLACES
    return channels_last(x) is not None


def rms(x: Tensor, shape: list[int], weight: Maybe, eps: float) -> Tensor | None:
    """RMS normalisation over the last dimensions; None where torch's operators are to run."""
    if not plain(x) or x.numel() < LEAST["rms"] or not shape:
        return None
    if list(x.shape[-len(shape) :]) != shape or native.refused(x, weight):
        return None
    if torch.Size(shape).numel() < WIDTH or (weight is not None and list(weight.shape) != shape):
        return None
    return _with_slopes(_RMS, _rms, x, weight, torch.Size(shape).numel(), eps)


def _with_slopes(function: Any, forward: Any, x: Tensor, *given: Any):
    native.noted("")
    learns = any(isinstance(a, Tensor) and a.requires_grad for a in (x, *given))
    if learns and torch.is_grad_enabled():
        return function.apply(x, *given)
    return forward(x, *given)


def _wide(a: Maybe) -> Maybe:
    """A parameter, flat, in a dtype that the kernels read."""
    if a is None or (a.dim() == 1 and a.dtype in native.WIDE):
        return a
    return a.to(computed_in(a.dtype)).flatten()


def _batch(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> tuple[Tensor, Tensor]:
    return torch.ops.normlab.batch(x, _wide(weight), _wide(bias), eps)


class _Batch(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Maybe, bias: Maybe, eps: float):
        y, stats = _batch(x, weight, bias, eps)
        ctx.eps = eps
        ctx.save_for_backward(x, weight, bias, stats)
        ctx.mark_non_differentiable(stats)
        return y, stats

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight, bias, stats = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:3]
        if native.second_order():

            def composed(x: Tensor, weight: Maybe, bias: Maybe) -> Tensor:
                return twin.composed(x, weight, bias, twin.PoolOptions(None, ctx.eps, None))[0]

            return *slopes.through(composed, grads[0], (x, weight, bias), wanted), None
        g = grads[0]
        gx, sums = torch.ops.normlab.batch_backward(g, x, _wide(weight), stats, ctx.eps)
        return *_slopes(gx, sums, (weight, bias), wanted), None


def _slopes(gx: Tensor, sums: Any, own: Sequence[Maybe], wanted: Any) -> list[Maybe]:
    found: list[Maybe] = [gx if wanted[0] else None]
    for i, a in enumerate(own):
        found.append(sums[i].to(a.dtype).view(a.shape) if wanted[i + 1] and a is not None else None)
    return found


def _rms(x: Tensor, weight: Maybe, width: int, eps: float) -> Tensor:
    return torch.ops.normlab.rms(x, width, _wide(weight), eps)


class _RMS(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Maybe, width: int, eps: float):
        ctx.width, ctx.eps = width, eps
        ctx.save_for_backward(x, weight)
        return _rms(x, weight, width, eps)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if native.second_order():

            def composed(x: Tensor, weight: Maybe) -> Tensor:
                return rms_composed(x, weight, ctx.width, ctx.eps)

            return *slopes.through(composed, grads[0], (x, weight), wanted), None, None
        given = grads[0], x, ctx.width, _wide(weight), ctx.eps, wanted[1]
        gx, sums = torch.ops.normlab.rms_backward(*given)
        return *_slopes(gx, (sums,), (weight,), wanted), None, None


def rms_composed(x: Tensor, weight: Maybe, width: int, eps: float) -> Tensor:
    """The twin of the kernel, of torch's operators, in the dtype computed in."""
    kind = computed_in(x.dtype)
    rows = x.to(kind).reshape(-1, width)
    own = None if weight is None else weight.to(kind).flatten()
    return F.rms_norm(rows, [width], own, eps).to(x.dtype).view(x.shape)
