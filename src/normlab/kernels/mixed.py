"""A pool with weights between channels, by the C++ kernels: GDN, learned weights, weights of a distance.

A tile of places is read, multiplied by the weights and divided before the next one is read, so that the
pool never passes through memory. For backward x and the scale before its power are kept, as by the twin.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.equation.pools import ChannelDecay, Learned
from normlab.kernels import divisive, native, thresholds
from normlab.kernels.slopes import added, by_channel, learns, summed_onto, through

Maybe = Tensor | None


def holds(plan: divisive.Division) -> bool:
    """Whether the pool is nothing but weights between channels."""
    return isinstance(plan.pool, Learned | ChannelDecay)


def refused(x: Tensor, offset: Tensor, matrix: Maybe, weight: Maybe, bias: Maybe) -> str:
    """Why torch's operators must compute this; "" where the kernels may."""
    if matrix is None or len(matrix) != matrix.shape[1]:
        return "the weights have another number of channels than x"
    if x.is_contiguous() and x.dim() > 2 and 1 < x.shape[2:].numel() < thresholds.PLACES:
        return f"an image has fewer than {thresholds.PLACES} places"
    return native.refused(x, offset, matrix, weight, bias)


@dataclass(frozen=True)
class Job:
    """What of a call carries no gradient."""

    powers: tuple[float, float, float]
    plan: divisive.Division

    def by_twin(self, x: Tensor, offset: Tensor, matrix: Tensor, weight: Maybe) -> Tensor:
        """y without its bias."""
        own: dict[str, Any] = {"offset": offset, "weight": weight}
        return divisive.divided(x, None, self.plan, powers=self.powers, pool_weight=matrix, **own)


def divided(
    x: Tensor, offset: Tensor, matrix: Tensor, weight: Maybe, bias: Maybe, job: Job
) -> Tensor:
    """weight · sgn(x)|x|^m / (offset + matrix · |x|^n)^p + bias."""
    given = x, offset, matrix, weight, bias
    if learns(*given):
        return _Mixed.apply(*given, job)  # pyright: ignore[reportReturnType]
    return _forward(*given, job, keep=False)[0]


def _forward(
    x: Tensor, offset: Tensor, matrix: Tensor, weight: Maybe, bias: Maybe, job: Job, *, keep: bool
) -> tuple[Tensor, Tensor]:
    own = (by_channel(a, x.shape[1]) for a in (weight, bias))
    return torch.ops.normlab.mix(x, matrix, offset.flatten(), *own, *job.powers, keep, False)


class _Mixed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, offset: Tensor, matrix: Tensor, weight: Maybe, bias: Maybe, job: Job
    ):
        y, s = _forward(x, offset, matrix, weight, bias, job, keep=True)
        ctx.job, ctx.bias = job, added(bias)
        ctx.save_for_backward(x, offset, matrix, weight, s)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        *given, s = ctx.saved_tensors
        wanted, g = ctx.needs_input_grad[:5], grads[0]
        if native.second_order():
            found = through(ctx.job.by_twin, g, given, wanted[:4])
            return *found, ctx.bias.slope(g) if wanted[4] else None, None
        return *_slopes(g, [*given, ctx.bias], s, wanted, ctx.job), None


def _slopes(
    g: Tensor, given: list[Any], s: Tensor, wanted: tuple[bool, ...], job: Job
) -> list[Maybe]:
    x, offset, matrix, weight, bias = given
    own, sums = by_channel(weight, x.shape[1]), any((wanted[1], *wanted[3:]))
    gx, slopes, rows = torch.ops.normlab.mix_backward(
        g, x, s, matrix, own, *job.powers, wanted[2], sums
    )
    found: list[Maybe] = [gx if wanted[0] else None, None, None, None, None]
    found[2] = slopes.to(matrix.dtype) if wanted[2] else None
    for place, row, a in ((1, 2, offset), (3, 0, weight), (4, 1, bias)):
        found[place] = summed_onto(rows[row], a) if wanted[place] else None
    return found
