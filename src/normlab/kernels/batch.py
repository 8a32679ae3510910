"""Batch normalisation over valid elements and over processes, its backward written by hand.

The C++ kernels compute the moments, where they can. Everything else is torch's operators on a chunk of the
batch that stays in cache. A chunk's sums are taken about its own mean, in the dtype computed in, and merged
in float64: nothing cancels, and no sum is long enough to lose digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import computed_in, widened
from normlab.equation.pooling import per_channel
from normlab.kernels import native
from normlab.kernels.blocks import samples_of
from normlab.kernels.moments import moments
from normlab.kernels.processes import Group, gathered, summed
from normlab.kernels.slopes import added, through
from normlab.moments import merged
from normlab.tracing import batched, observed

CHUNK = 1 << 19  # elements: a chunk and its scratch stay in the caches, the loop costs little


@dataclass(frozen=True)
class PoolOptions:
    """What does not carry a gradient: the mask in x's shape, the row's eps, the processes."""

    valid: Tensor | None
    eps: float
    group: Group | None


def normalized(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, job: PoolOptions
) -> tuple[Tensor, ...]:
    """y, and of each channel the count of valid elements, their mean and biased variance (float64).

    y = weight · (x − mean) / √(var + eps) + bias over the valid elements of all processes, 0 elsewhere.
    """
    return _BatchNorm.apply(x, weight, bias, job)


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, job: PoolOptions):
        count, mean, m2 = merged(*gathered(local_moments(x, job.valid), job.group))
        var = m2 / count.clamp_min(1)
        ctx.job, ctx.bias = job, added(bias)
        ctx.save_for_backward(x, weight, count, mean, var)
        ctx.mark_non_differentiable(count, mean, var)
        return _affine(x, weight, bias, mean, var, job), count, mean, var

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, weight, count, mean, var = ctx.saved_tensors
        if torch.is_grad_enabled() or batched(grads[0]):
            own = (
                ctx.bias.slope(grads[0].double(), ctx.job.valid)
                if ctx.needs_input_grad[2]
                else None
            )
            return *_through_composed(grads[0], x, weight, ctx.job), own, None
        rate = (var + ctx.job.eps).rsqrt()
        d = _Centered(x, mean, ctx.job.valid)
        both = d.products(grads[0])
        gx = None
        if ctx.needs_input_grad[0]:
            total = summed(both, ctx.job.group) / count.clamp_min(1)
            slope = rate if weight is None else rate * weight.double()
            gx = d.combined(grads[0], slope, total[0] * slope, total[1] * slope * rate**2)
        gw = None if weight is None else (both[1] * rate).to(weight.dtype)
        return gx, gw, None if ctx.bias is None else both[0].to(ctx.bias.dtype), None


def local_moments(x: Tensor, valid: Tensor | None) -> Tensor:
    """(3, C) float64: count, mean and sum of squared deviations of this process's valid elements."""
    if x.numel() and not native.refused(x):
        observed(f"C++ kernels ({native.in_use()}) for the moments, torch's operators for the rest")
        return _by_kernel(x, valid)
    return by_torch(x, valid)


def _by_kernel(x: Tensor, valid: Tensor | None) -> Tensor:
    """What is not valid is shown to the kernel as missing; NaN among the valid makes the moments NaN."""
    found = moments(x if valid is None else torch.where(valid, x, torch.nan))
    count = _count(x, valid, (0, *range(2, x.dim())))
    own = torch.stack([found.mean, found.m2]).masked_fill_(found.count != count, torch.nan)
    return torch.cat([count.unsqueeze(0), own])


def by_torch(x: Tensor, valid: Tensor | None) -> Tensor:
    """The same by torch's operators."""
    parts = [_chunk_moments(a, ok) for a, ok in _pieces(x, valid)]
    if not parts:
        return torch.zeros(3, x.shape[1], dtype=torch.float64, device=x.device)
    return torch.stack(merged(*torch.stack(parts, 1)))


def _chunk_moments(a: Tensor, ok: Tensor | None) -> Tensor:
    """Two passes about the chunk's mean; the slip corrects what rounding left in it."""
    dims = (0, *range(2, a.dim()))
    count = _count(a, ok, dims)
    rough = (a.sum(dims) / count.clamp_min(1)).to(a.dtype)
    d = a - per_channel(rough, a.dim())
    d = d if ok is None else d.masked_fill_(~ok, 0.0)
    slip = d.sum(dims).double() / count.clamp_min(1)
    m2 = d.square_().sum(dims).double() - count * slip**2
    return torch.stack([count, rough.double() + slip, m2.clamp_min(0.0)])


def _count(a: Tensor, ok: Tensor | None, dims: tuple[int, ...]) -> Tensor:
    if ok is None:
        return a.new_full((a.shape[1],), a[:, 0].numel(), dtype=torch.float64)
    return ok.sum(dims).double()


def _pieces(x: Tensor, valid: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Chunks of the batch in the dtype computed in, masked places at 0, each with its mask."""
    for part in _parts(x):
        ok = None if valid is None else valid[part]
        a = widened(x[part])
        yield (a if ok is None else torch.where(ok, a, 0.0)), ok


def _parts(x: Tensor) -> Iterator[slice]:
    step = samples_of(x, CHUNK)
    return (slice(start, start + step) for start in range(0, len(x), step))


def _affine(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    var: Tensor,
    job: PoolOptions,
) -> Tensor:
    slope = (var + job.eps).rsqrt()
    slope = slope if weight is None else slope * weight.double()
    offset = torch.zeros_like(mean) if bias is None else -bias.double()
    return _Centered(x, mean, job.valid).combined(x, None, offset, -slope)


class _Centered:
    """d = x − mean chunk by chunk; the mean as two numbers of x's precision, since one may be coarse."""

    def __init__(self, x: Tensor, mean: Tensor, valid: Tensor | None):
        self.x, self.valid = x, valid
        kind = computed_in(x.dtype)
        self.high = mean.to(kind)
        self.low = (mean - self.high.double()).to(kind)

    def _shape(self, value: Tensor) -> Tensor:
        return per_channel(value.to(self.high.dtype), self.x.dim())

    def _chunks(self) -> Iterator[tuple[slice, Tensor, Tensor | None]]:
        high, low = self._shape(self.high), self._shape(self.low)
        for part, (a, ok) in zip(_parts(self.x), _pieces(self.x, self.valid), strict=True):
            yield part, (a - high).sub_(low), ok

    def products(self, g: Tensor) -> Tensor:
        """(2, C) float64: Σ g and Σ g·d over the valid elements."""
        dims = (0, *range(2, g.dim()))
        total = torch.zeros(2, g.shape[1], dtype=torch.float64, device=g.device)
        for part, d, ok in self._chunks():
            gs = _valid(g[part].to(d.dtype), ok)
            total += torch.stack([gs.sum(dims), (d * gs).sum(dims)])
        return total

    def combined(self, g: Tensor, slope: Tensor | None, shift: Tensor, tilt: Tensor) -> Tensor:
        """slope·g − shift − tilt·d at valid places, 0 elsewhere; without slope, − shift − tilt·d."""
        out = torch.empty_like(self.x)
        rise = None if slope is None else self._shape(slope)
        shift, tilt = self._shape(shift), self._shape(tilt)
        for part, d, ok in self._chunks():
            d = torch.addcmul(-shift, d, -tilt)
            d = d if rise is None else d.addcmul_(g[part].to(d.dtype), rise)
            out[part] = _valid(d, ok)
        return out


def _valid(a: Tensor, ok: Tensor | None) -> Tensor:
    return a if ok is None else torch.where(ok, a, 0.0)


def _through_composed(
    g: Tensor, x: Tensor, weight: Tensor | None, job: PoolOptions
) -> list[Tensor | None]:
    """The gradients by torch's operators, for a second derivative or a transform."""
    wanted = [a is not None and a.requires_grad for a in (x, weight)]
    return through(lambda x, weight: composed(x, weight, None, job)[0], g, (x, weight), wanted)


def composed(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, job: PoolOptions
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same as `normalized`, of torch's differentiable operators: for transforms and tracing."""
    wide, dims = x.double(), (0, *range(2, x.dim()))
    ok = job.valid
    count = _count(x, ok, dims)
    a = _valid(wide, ok)
    mean = a.sum(dims) / count.clamp_min(1)
    d = _valid(a - per_channel(mean, x.dim()), ok)
    rows = gathered(torch.stack([count, mean, d.square().sum(dims)]), job.group)
    count, mean, m2 = merged(*rows)
    var = m2 / count.clamp_min(1)
    slope = (var + job.eps).rsqrt()
    slope = slope if weight is None else slope * weight
    y = (a - per_channel(mean, x.dim())) * per_channel(slope, x.dim())
    y = y if bias is None else y + per_channel(bias, x.dim())
    return _valid(y, ok).to(x.dtype), count.detach(), mean.detach(), var.detach()
