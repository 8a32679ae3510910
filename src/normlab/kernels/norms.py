"""Batch and RMS normalisation by the C++ kernels, where they fit and are faster than torch.

They keep x alone, and sum about a value near the mean: no mean is so large that digits are lost. What they
refuse runs on torch's operators. So does a second derivative, and of RMS norm a backward pass that is
transformed.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.kernels import native, slopes
from normlab.kernels import thresholds as at
from normlab.kernels.layouts import channels_last
from normlab.kernels.operators import torchs_are_known
from normlab.kernels.slopes import learns
from normlab.tracing import plain

Maybe = Tensor | None
Statistics = tuple[Tensor, Tensor]
_KNOWN = torchs_are_known()


def batch(
    x: Tensor,
    weight: Maybe,
    bias: Maybe,
    eps: float,
    held: Statistics | None = None,
    momentum: float = 0.0,
) -> Statistics | None:
    """(y, mean and biased variance of the batch, float64 (2, C)); None where torch is to do it.

    held: running statistics, which are moved.
    """
    # plain first: a traced size is not a number
    if not plain(x) or x.numel() == 0 or native.refused(x, weight, bias):
        return None
    return usual_batch(x, _flat(weight), _flat(bias), eps, held, momentum)


def usual_batch(
    x: Tensor, weight: Maybe, bias: Maybe, eps: float, held: Statistics | None, momentum: float
) -> Statistics | None:
    """The same of ordinary tensors on the CPU in an ordinary call, weight and bias (C,)."""
    if not native.ready() or not _fits(x):
        return None
    native.noted("")
    if weight is None:
        weight = x.new_ones(x.size(1))
    # autograd keeps the statistics, but no backward reads them: theirs is not the version that is checked
    moved = None if held is None else (_memory(held[0]), _memory(held[1]))
    mean, var = moved or (None, None)
    # the operator of torch that has a backward in C++ and, for the CPU, our kernel
    y, _, _, own = torch.cudnn_batch_norm(x, weight, bias, mean, var, True, momentum, eps)
    for old, new in zip(held or (), moved or (), strict=True):
        if native.written(old):
            torch.autograd.graph.increment_version(old)
        else:
            old.copy_(new)
    return y, own


def _memory(a: Tensor) -> Tensor:
    """The values of a statistic where the kernel may move them: its own memory, or a copy."""
    return a.data if native.written(a) else a.detach().clone(memory_format=torch.contiguous_format)


def _fits(x: Tensor) -> bool:
    """Whether the channels lie in memory as the kernels read them faster than torch."""
    if not _KNOWN:
        return False
    if not x.is_contiguous():
        return _kept(x, at.CHANNELS_LAST) and channels_last(x) is not None
    if x.dim() == 2:
        wide = x.size(1) > at.CHANNELS and x.numel() * x.element_size() > at.LARGE
        return not wide and _kept(x, at.CONTIGUOUS)
    places = x.numel() // (x.size(0) * x.size(1))
    return (places == 1 or places >= at.PLACES) and _kept(x, at.CONTIGUOUS)


def _kept(x: Tensor, left: dict[str, tuple[torch.dtype, ...]]) -> bool:
    """Whether x's dtype is not left to torch by the set in use."""
    return x.element_size() > 2 or x.dtype not in left.get(native.in_use() or "", ())


def rms(x: Tensor, shape: list[int], weight: Maybe, eps: float) -> Tensor | None:
    """RMS normalisation over the last dimensions; None where torch's operators are to run."""
    if not plain(x) or x.numel() < at.LEAST["rms"] or not shape:
        return None
    if list(x.shape[-len(shape) :]) != shape or native.refused(x, weight):
        return None
    width = math.prod(shape)
    if width < at.WIDTH or (weight is not None and list(weight.shape) != shape):
        return None
    native.noted("")
    return (_RMS.apply if learns(x, weight) else _rms)(x, weight, width, eps)


def _flat(a: Maybe) -> Maybe:
    """A parameter, flat."""
    return a if a is None or a.dim() == 1 else a.flatten()


def _rms(x: Tensor, weight: Maybe, width: int, eps: float) -> Tensor:
    return torch.ops.normlab.rms.default(x, width, _flat(weight), eps)


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
        given = grads[0], x, ctx.width, _flat(weight), ctx.eps, wanted[1]
        gx, sums = torch.ops.normlab.rms_backward.default(*given)
        gw = slopes.summed_onto(sums, weight) if wanted[1] else None
        return gx if wanted[0] else None, gw, None, None


def rms_composed(x: Tensor, weight: Maybe, width: int, eps: float) -> Tensor:
    """The twin of the kernel, of torch's operators, in the dtype computed in."""
    kind = computed_in(x.dtype)
    rows = x.to(kind).reshape(-1, width)
    own = None if weight is None else weight.to(kind).flatten()
    return F.rms_norm(rows, [width], own, eps).to(x.dtype).view(x.shape)
