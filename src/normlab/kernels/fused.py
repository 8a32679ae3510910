"""The equation with σ inside the power in one pass over memory, by the C++ kernels where they fit.

They keep x alone for backward. A pass that is to be differentiated again, transformed, traced or
recorded, and what they do not cover, runs on the twin in `divisive.py`, which has the same numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from normlab.equation.pooling import held, window_taps
from normlab.equation.pools import Axes, Both, ChannelWindow, Pool, Surround
from normlab.kernels import divisive, mixed, native
from normlab.kernels.layouts import beside
from normlab.kernels.slopes import added, by_channel, learns, summed_onto, through
from normlab.kernels.thresholds import PLACES
from normlab.tracing import values_known

Maybe = Tensor | None
Less = Callable[[Tensor], Tensor]
CENTERED = 1, 2, 0.5  # powers with which a kernel may subtract the pool


@dataclass(frozen=True)
class Shape:
    """A pool as the kernels know it: channels summed, a window over space, a window over channels."""

    total: bool = False
    centered: bool = False  # its pool is subtracted from x first
    size: int = 0
    taps: tuple[float, ...] | None = None
    neighbours: int = 0
    gain: float = 1.0


def divided(
    x: Tensor,
    e: Maybe,
    plan: divisive.Division,
    *,
    offset: Tensor,
    powers: tuple[Any, Any, Any],
    pool_weight: Maybe = None,
    weight: Maybe = None,
    bias: Maybe = None,
    valid: Maybe = None,
    counted: Maybe = None,
    less_center: Less | None = None,
) -> Tensor:
    """`divisive.divided` of x, or of what `less_center` leaves of x, by whichever of the two fits."""
    own: dict[str, Any] = {"offset": offset, "weight": weight, "bias": bias, "powers": powers}
    rest: dict[str, Any] = {"pool_weight": pool_weight, "valid": valid, "counted": counted}
    if not values_known(x):
        x = x if less_center is None else less_center(x)
        return divisive.divided(x, e, plan, **own, **rest)
    mixes = mixed.holds(plan)
    shape = None if mixes or x.dim() < 2 else _shape(plan, x)
    why = _refused(x, e, powers, valid) or (
        mixed.refused(x, offset, pool_weight, weight, bias)
        if mixes
        else "there is no kernel for this pool"
        if shape is None
        else native.refused(x, offset, weight, bias)
    )
    native.noted(why)
    if less_center is not None:
        if not why and shape is not None and powers == CENTERED and centers(shape, x):
            shape = centered(shape)
        else:
            x, less_center = less_center(x), None
    if why:
        return divisive.divided(x, e, plan, **own, **rest)
    m, n, p = map(float, powers)
    if shape is None:
        assert pool_weight is not None
        return mixed.divided(x, offset, pool_weight, weight, bias, mixed.Job((m, n, p), plan))
    return run(x, offset, weight, bias, Job(shape, (m, n, p), plan, less_center))


def _refused(x: Tensor, e: Maybe, powers: tuple[Any, ...], valid: Maybe) -> str:
    """What of a call the kernels do not cover."""
    if e is not None or valid is not None:
        return "there is a mask or a pool_input"
    if any(isinstance(power, Tensor) for power in powers):
        return "a power is learned"
    return "x has more than 3 axes of space" if x.dim() > 5 else ""


def centers(shape: Shape, x: Tensor) -> bool:
    """Whether a kernel, with the powers `CENTERED`, subtracts this pool of x: a window over all channels."""
    whole = shape.total and shape.size > 0 and shape.neighbours == 0
    return whole and beside(x) >= PLACES


def centered(shape: Shape) -> Shape:
    return replace(shape, centered=True)


def _shape(plan: divisive.Division, x: Tensor) -> Shape | None:
    return shape_of(plan.pool, plan.settings, x.shape[1], x.dim() - 2)


def shape_of(pool: Pool, settings: Mapping[str, Any], channels: int, rank: int) -> Shape | None:
    """The pool for the kernels; None where they have none for it."""
    if isinstance(pool, ChannelWindow):
        return Shape(neighbours=held(pool.size, settings), gain=_gain(pool, settings))
    if isinstance(pool, Axes):
        whole = pool.touches in ({"g", "c"}, {"c"}) and pool.groups == 1 and pool.shape is None
        gain = 1.0 if pool.reduce == "sum" else 1 / max(channels, 1)
        return Shape(total=True, gain=gain) if whole else None
    if isinstance(pool, Surround):
        return _surround(pool, settings, channels) if rank else None
    if isinstance(pool, Both) and rank and isinstance(pool.channels, ChannelWindow):
        return _both(pool.space, pool.channels, settings, channels)
    return None


def _both(
    space: Axes | Surround, across: ChannelWindow, settings: Mapping[str, Any], channels: int
) -> Shape | None:
    first = _surround(space, settings, channels) if isinstance(space, Surround) else None
    if first is None:
        return None
    size = held(across.size, settings)
    return replace(first, neighbours=size, gain=_gain(across, settings))


def _gain(pool: ChannelWindow, settings: Mapping[str, Any]) -> float:
    if pool.gain is None:
        return 1.0
    return float(held(pool.gain, settings)) / held(pool.size, settings)


def _surround(pool: Surround, settings: Mapping[str, Any], channels: int) -> Shape | None:
    rows = window_taps(pool, settings)
    mean = pool.channels and pool.reduce == "mean"
    gain = 1 / max(channels, 1) if mean else 1.0
    if isinstance(rows, int):
        return Shape(total=pool.channels, size=rows, gain=gain)
    taps, *others = rows  # one for each width
    return None if others else Shape(total=pool.channels, size=len(taps), taps=taps, gain=gain)


@dataclass(frozen=True)
class Job:
    """What of a call carries no gradient, for the kernels and for their twin."""

    shape: Shape
    powers: tuple[float, float, float]
    plan: divisive.Division
    less_center: Less | None = None

    def arguments(self) -> tuple[Any, ...]:
        s = self.shape
        taps = None if s.taps is None else _taps(s.taps)
        return s.total, s.centered, s.size, taps, s.neighbours, s.gain, *self.powers

    def by_twin(self, x: Tensor, offset: Tensor, weight: Maybe) -> Tensor:
        """y without its bias."""
        own = {"offset": offset, "weight": weight}
        x = x if self.less_center is None else self.less_center(x)
        return divisive.divided(x, None, self.plan, powers=self.powers, **own)


@lru_cache(64)
def _taps(values: tuple[float, ...]) -> Tensor:
    """A window's weights as the kernels take them, which never write to them."""
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float64, device="cpu")


def run(x: Tensor, offset: Tensor, weight: Maybe, bias: Maybe, job: Job) -> Tensor:
    given = x, offset, weight, bias
    if learns(*given):
        return _Fused.apply(*given, job)  # pyright: ignore[reportReturnType]
    return forward(*given, job)[0]


def forward(
    x: Tensor, offset: Tensor, weight: Maybe, bias: Maybe, job: Job, keep: bool = False
) -> tuple[Tensor, Tensor]:
    """y, and with `keep` what of the pool is small enough to be kept for backward."""
    own = (by_channel(a, x.shape[1]) for a in (weight, bias))
    return torch.ops.normlab.divide(x, offset.flatten(), *own, *job.arguments(), keep)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, offset: Tensor, weight: Maybe, bias: Maybe, job: Job
    ) -> Tensor:
        ctx.job, ctx.bias = job, added(bias)
        y, pool = forward(x, offset, weight, bias, job, keep=True)
        ctx.save_for_backward(x, offset, weight, pool)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        *given, pool = ctx.saved_tensors
        wanted, g = ctx.needs_input_grad[:4], grads[0]
        if native.second_order():
            found = through(ctx.job.by_twin, g, given, wanted[:3])
            return *found, ctx.bias.slope(g) if wanted[3] else None, None
        return *slopes(g, [*given, ctx.bias], pool, wanted, ctx.job), None


def slopes(g: Tensor, given: Any, pool: Tensor, wanted: tuple[bool, ...], job: Job) -> list[Maybe]:
    x, offset, weight, _ = given
    own = by_channel(weight, x.shape[1])
    gx, sums = torch.ops.normlab.divide_backward(
        g, x, pool, offset.flatten(), own, *job.arguments(), any(wanted[1:])
    )
    found: list[Maybe] = [gx if wanted[0] else None]
    for row, a, want in zip((2, 0, 1), given[1:], wanted[1:], strict=True):
        found.append(summed_onto(sums[row], a) if want else None)
    return found
