"""Batch and RMS normalisation by the C++ kernels, where they fit and are faster than torch.

They keep x alone, and sum about a value near the mean: no mean is so large that digits are lost. What they
refuse runs on torch's operators. A backward pass that is differentiated again or transformed goes through
these too.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.kernels import batch as twin
from normlab.kernels import columns, native, slopes
from normlab.kernels import thresholds as at
from normlab.kernels.layouts import channels_last
from normlab.kernels.slopes import learns
from normlab.tracing import plain

Maybe = Tensor | None


def batch(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> tuple[Tensor, Tensor] | None:
    """(y, mean and biased variance of the batch, float64 (2, C)); None where torch is to do it."""
    # plain first: a traced size is not a number
    if not plain(x):
        return None
    size, trains = x.numel(), learns(x, weight, bias)
    kind = "batch, half types" if x.element_size() == 2 else "batch"
    enough = size >= at.LEAST[kind if trains else f"{kind}, without gradients"]
    # torch loses digits of long columns, however few they are
    if not enough and not (x.dim() > 2 and columns.holds(x) and columns.long(x)):
        return None
    if size == 0 or not _fits(x) or native.refused(x, weight, bias):
        return None
    native.noted("")
    if not trains:
        return _batch(x, weight, bias, eps)
    held: list[Tensor] = []  # an output less for autograd to wrap
    return _Batch.apply(x, weight, bias, eps, held), held[0]  # pyright: ignore[reportReturnType]


def _fits(x: Tensor) -> bool:
    """Whether the channels lie in memory as the kernels read them faster than torch."""
    if not x.is_contiguous():
        return _kept(x, at.CHANNELS_LAST) and channels_last(x) is not None
    if not _kept(x, at.CONTIGUOUS):
        return False
    if x.dim() == 2 and x.size(1) > at.CHANNELS and x.numel() * x.element_size() > at.LARGE:
        return False
    places = x.numel() // (x.size(0) * x.size(1))
    return places == 1 or places >= at.PLACES


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


def _batch(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> tuple[Tensor, Tensor]:
    return torch.ops.normlab.batch.default(x, _flat(weight), _flat(bias), eps)


class _Batch(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Maybe, bias: Maybe, eps: float, held: list[Tensor]
    ) -> Tensor:
        y, stats = _batch(x, weight, bias, eps)
        ctx.eps, ctx.stats = eps, stats  # nobody can write to stats: no version to be checked
        ctx.bias = slopes.added(bias)
        ctx.save_for_backward(x, weight)
        held.append(stats)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight = ctx.saved_tensors
        wanted, g = ctx.needs_input_grad[:3], grads[0]
        if native.second_order():

            def composed(x: Tensor, weight: Maybe) -> Tensor:
                return twin.composed(x, weight, None, twin.PoolOptions(None, ctx.eps, None))[0]

            found = slopes.through(composed, g, (x, weight), wanted[:2])
            return *found, ctx.bias.slope(g.double()) if wanted[2] else None, None, None
        gx, sums = torch.ops.normlab.batch_backward.default(g, x, _flat(weight), ctx.stats, ctx.eps)
        return *_slopes(gx, sums, (weight, ctx.bias), wanted), None, None


def _slopes(
    gx: Tensor, sums: Any, own: Sequence[Tensor | slopes.Added | None], wanted: Any
) -> list[Maybe]:
    found: list[Maybe] = [gx if wanted[0] else None]
    for i, a in enumerate(own):
        found.append(_as(sums[i], a) if a is not None and wanted[i + 1] else None)
    return found


def _as(row: Tensor, a: Tensor | slopes.Added) -> Tensor:
    fits = row.dtype is a.dtype and len(a.shape) == 1
    return row if fits else row.to(a.dtype).view(a.shape)


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
        return *_slopes(gx, (sums,), (weight,), wanted), None, None


def rms_composed(x: Tensor, weight: Maybe, width: int, eps: float) -> Tensor:
    """The twin of the kernel, of torch's operators, in the dtype computed in."""
    kind = computed_in(x.dtype)
    rows = x.to(kind).reshape(-1, width)
    own = None if weight is None else weight.to(kind).flatten()
    return F.rms_norm(rows, [width], own, eps).to(x.dtype).view(x.shape)
