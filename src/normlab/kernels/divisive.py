"""The equation with σ inside the power, keeping for its backward x (and e) and the scale alone.

Everything else is computed again, a few samples at a time, so that it never leaves the cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import widened, without_autocast
from normlab.equation import steps as linear
from normlab.equation.pooling import steps
from normlab.equation.pools import Pool
from normlab.kernels.blocks import in_blocks
from normlab.kernels.powers import (
    drive,
    drive_slope,
    energy,
    energy_slope,
    inverse_power,
    log_or_zero,
)
from normlab.kernels.slopes import reduced
from normlab.tracing import wants_operators

Maybe = Tensor | None


@dataclass(frozen=True)
class Division:
    """What of a pool carries no gradient: its kind, its plain settings, the channels it gives."""

    pool: Pool
    settings: Mapping[str, Any]
    channels: int

    def steps(self, a: Tensor, valid: Maybe, weight: Maybe) -> tuple[list[linear.Step], float]:
        """The pool's steps, and the number that multiplies what they give."""
        path = steps(self.pool, a, valid, self.settings, weight)
        last = path[-1]
        if isinstance(last, linear.Times) and isinstance(last.factor, float):
            return path[:-1], last.factor
        return path, 1.0

    def blocks(self, x: Tensor) -> Tensor:
        """What may be cut into blocks of samples: nothing where the pool runs over them."""
        return x[:1] if "n" in self.pool.touches else x


def divided(
    x: Tensor,
    e: Maybe,
    plan: Division,
    *,
    offset: Tensor,
    pool_weight: Maybe = None,
    weight: Maybe = None,
    bias: Maybe = None,
    powers: tuple[Any, Any, Any],
    valid: Maybe = None,
    counted: Maybe = None,
) -> Tensor:
    """weight · sgn(x)|x|^m / (offset + pool(|e|^n))^p + bias in x's dtype, powers = (m, n, p).

    Shapes: e None (x is pooled), or as x in all but the channels; offset, weight and bias of x's rank;
        valid and counted booleans in the shapes of x and e.
    """
    m, n, p = powers
    m = None if m is n else m  # a tracer wants every tensor given once
    counted = None if counted is valid else counted
    given = x, e, offset, pool_weight, weight, bias, m, n, p, valid, counted, plan
    y, _ = (_Divided.forward if wants_operators() else _Divided.apply)(*given)
    assert y is not None
    return y


class _Divided(torch.autograd.Function):
    """y and the scale s before the power p; s is an output so that it can be differentiated again."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, e, offset, pool_weight, weight, bias, m, n, p, valid, counted, plan: Division):
        def part(x: Tensor, e: Maybe, valid: Maybe, counted: Maybe, out):
            work, counted = prepared(x, valid), valid if counted is None else counted
            a = energy(work if e is None else prepared(e, counted), n)
            path, gain = plan.steps(a, counted, pool_weight)
            s = torch.add(offset, linear.forward(path, a), alpha=gain, out=out[1])
            rate = inverse_power(_safe(s, valid), p)
            rate = rate if weight is None else rate * weight
            plain = bias is None and valid is None and work is x
            y = torch.mul(drive(work, n if m is None else m), rate, out=out[0] if plain else None)
            return y if plain else back(y if bias is None else y + bias, x, valid), s

        with without_autocast(x):
            return in_blocks(part, plan.blocks(x), (True, True), x, e, valid, counted)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        x, e, offset, pool_weight, weight, bias, m, n, p, valid, counted, ctx.plan = inputs
        ctx.set_materialize_grads(False)
        ctx.numbers = [None if isinstance(power, Tensor) else power for power in (m, n, p)]
        learned = [power if isinstance(power, Tensor) else None for power in (m, n, p)]
        ctx.shapes = [tuple(offset.shape), None if bias is None else tuple(bias.shape)]
        ctx.save_for_backward(x, e, pool_weight, weight, output[1], valid, counted, *learned)

    @staticmethod
    def backward(ctx: Any, *grads: Maybe) -> tuple[Maybe, ...]:
        if all(g is None for g in grads):
            return (None,) * 12
        x, e, pool_weight, weight, s, valid, counted, *learned = ctx.saved_tensors
        powers = [n if t is None else t for n, t in zip(ctx.numbers, learned, strict=True)]
        slopes = _Slopes(ctx.plan, pool_weight, weight, powers, ctx.shapes, ctx.needs_input_grad)
        with without_autocast(x):
            joined = (True, True, *[False] * 7)
            like = ctx.plan.blocks(x)
            found = in_blocks(slopes.part, like, joined, *grads, x, e, s, valid, counted)
        return *found, None, None, None


@dataclass(frozen=True)
class _Slopes:
    """The gradients of one block of samples, in the order of the inputs they are for."""

    plan: Division
    pool_weight: Maybe
    weight: Maybe
    powers: list[Any]
    shapes: list[tuple[int, ...]]
    needs: tuple[bool, ...]

    def part(self, g, gs, x, e, s, valid, counted, out) -> tuple[Maybe, ...]:
        work, counted = prepared(x, valid), valid if counted is None else counted
        gx, h, scalar, own = (
            (None, torch.zeros_like(s), 1.0, (None,) * 4)
            if g is None
            else self._through_y(g, work, s, valid)
        )
        h, scalar = (h, scalar) if gs is None else (h * scalar + gs, 1.0)
        pool = work if e is None else prepared(e, counted)
        through = self._through_s(h, scalar, pool, counted)
        gx = through.onto(gx, out[0] if work is x and valid is None else None) if e is None else gx
        ge = None if e is None else back(through.onto(None, None), e, counted)
        weight, bias, m, p = own
        gx = gx if gx is None or gx is out[0] else back(gx, x, valid)
        m, n = (m, through.n) if self.powers[0] is not None else (None, _sum(m, through.n))
        return gx, ge, through.offset, through.pool_weight, weight, bias, m, n, p

    def _through_y(self, g: Tensor, work: Tensor, s: Tensor, valid: Maybe):
        """Of y = weight·d·s^(−p) + bias: for x; h and a number, whose product is for s; for the rest."""
        m, n, p = self.powers
        for_weight, for_bias, for_m, for_n, for_p = self.needs[4:9]
        m, for_m = (n, for_n) if m is None else (m, for_m)
        g, top, safe = prepared(g, valid), drive(work, m), _safe(s, valid)
        gr = g * inverse_power(safe, p)
        gw = gr if self.weight is None else gr * self.weight
        up = gw * top
        own = (
            reduced(gr * top, self.weight.shape)
            if for_weight and self.weight is not None
            else None,
            reduced(g, self.shapes[1]) if for_bias else None,
            (up * log_or_zero(work)).sum() if for_m else None,
            -(up * safe.log()).sum() if for_p else None,
        )
        h = reduced(up, s.shape) / (s if valid is None else torch.where(s == 0, 1.0, s))
        slope = drive_slope(work, m)
        h, scalar = (-p * h, 1.0) if isinstance(p, Tensor) else (h, -p)
        return gw if slope is None else gw * slope, h, scalar, own

    def _through_s(self, h: Tensor, scalar: float, pool: Tensor, counted: Maybe) -> "_Through":
        """Of s = offset + pool(|e|^n), with scalar·h for s."""
        n, (for_offset, for_weights), for_n = self.powers[1], self.needs[2:4], self.needs[7]
        path, gain = self.plan.steps(pool, counted, self.pool_weight)
        gain *= scalar
        into = h.sum(1, keepdim=True) if self.plan.channels == 1 and h.shape[1] > 1 else h
        u, (slope, factor) = linear.adjoint(path, into), energy_slope(pool, n)
        return _Through(
            u,
            slope,
            gain * factor,
            scalar * reduced(h, self.shapes[0]) if for_offset else None,
            gain * linear.weight_gradient(path, into, energy(pool, n)) if for_weights else None,
            gain * (u * energy(pool, n) * log_or_zero(pool)).sum() if for_n else None,
        )


@dataclass(frozen=True)
class _Through:
    """The gradient for e as u · slope · factor, and those for the pool's parameters."""

    u: Tensor
    slope: Tensor
    factor: float
    offset: Maybe
    pool_weight: Maybe
    n: Maybe

    def onto(self, gx: Maybe, out: Maybe) -> Tensor:
        if gx is None:
            return self.u * self.slope * self.factor
        return torch.addcmul(gx, self.u, self.slope, value=self.factor, out=out)


def prepared(x: Tensor, valid: Maybe) -> Tensor:
    """x in the dtype computed in, with masked places at 0."""
    x = widened(x)
    return x if valid is None else torch.where(valid, x, 0.0)


def back(g: Tensor, x: Tensor, valid: Maybe) -> Tensor:
    """A result in x's dtype, 0 at masked places."""
    return (g if valid is None else torch.where(valid, g, 0.0)).to(x.dtype)


def _sum(a: Maybe, b: Maybe) -> Maybe:
    return b if a is None else a if b is None else a + b


def _safe(s: Tensor, valid: Maybe) -> Tensor:
    """s, and 1 where nothing is divided: there it may be 0."""
    return s if valid is None else torch.where(valid, s, 1.0)
