"""The usual call of GDN by the C++ kernels: from the raw parameters to y in one step of autograd."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.table import find
from normlab.kernels import mixed, native, sigma_inside
from normlab.kernels.slopes import through
from normlab.nn.nonnegative import descends, lower
from normlab.tracing import begun, plain


class Form(NamedTuple):
    """The settings of a layer: σ is at least `least`."""

    least: float
    simplified: bool
    inverse: bool

    def powers(self) -> tuple[float, float, float]:
        n, p = (1.0, 1.0) if self.simplified else (2.0, 0.5)
        return 1.0, n, -p if self.inverse else p

    def by_steps(self, x: Tensor, sigma: Tensor, weight: Tensor) -> Tensor:
        """The same by `normlab.functional.gdn`."""
        row = find("gdn1" if self.simplified else "gdn")
        used = {"sigma": lower(sigma, self.least), "pool_weight": lower(weight)}
        return sigma_inside.normalized(x, row, inverse=self.inverse, **used)


def usual(x: Tensor, channels: int, sigma: Tensor, weight: Tensor, form: Form) -> Tensor | None:
    """y; None where anything but the values of x is to be looked at, which the function does."""
    if not plain(x) or not 2 <= x.dim() <= 5 or x.size(1) != channels or x.numel() == 0:
        return None
    if mixed.refused(x, sigma, weight, None, None):
        return None
    learns = torch.is_grad_enabled() and (
        x.requires_grad or sigma.requires_grad or weight.requires_grad
    )
    if not all(a.detach().amax().item() < math.inf for a in (sigma, weight)):
        return None
    begun("gdn")
    native.noted("")
    if learns:
        return _Fused.apply(x, sigma, weight, form)  # pyright: ignore[reportReturnType]
    return _forward(x, _used(x, sigma, weight, form), form, keep=False)[0]


class _Used(NamedTuple):
    """What the kernels take, in the dtype computed in."""

    sigma: Tensor
    offset: Tensor
    weight: Tensor


def _used(x: Tensor, sigma: Tensor, weight: Tensor, form: Form) -> _Used:
    kind = computed_in(x.dtype)
    sigma = sigma.clamp_min(form.least).to(kind)
    return _Used(sigma, sigma if form.simplified else sigma * sigma, weight.clamp_min(0.0).to(kind))


def _forward(x: Tensor, used: _Used, form: Form, *, keep: bool) -> tuple[Tensor, Tensor]:
    given = x, used.weight, used.offset, None, None, *form.powers(), keep
    return torch.ops.normlab.mix.default(*given)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, sigma: Tensor, weight: Tensor, form: Form) -> Tensor:
        y, s = _forward(x, _used(x, sigma, weight, form), form, keep=True)
        ctx.form = form
        ctx.save_for_backward(x, sigma, weight, s)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, sigma, weight, s = ctx.saved_tensors
        wanted, form, g = ctx.needs_input_grad, ctx.form, grads[0]
        if native.second_order():
            return *through(form.by_steps, g, (x, sigma, weight), wanted[:3]), None
        used = _used(x, sigma, weight, form)
        given = g, x, s, used.weight, None, *form.powers(), wanted[2], wanted[1]
        gx, slopes, rows = torch.ops.normlab.mix_backward.default(*given)
        up = None
        if wanted[1]:
            up = rows[2] if form.simplified else rows[2] * (2 * used.sigma)
            up = descends(up.to(sigma.dtype), sigma >= form.least)
        own = descends(slopes.to(weight.dtype), weight >= 0.0) if wanted[2] else None
        return gx if wanted[0] else None, up, own, None
