"""The usual call of GDN by the C++ kernels: from the raw parameters to y in one step of autograd."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.table import find
from normlab.kernels import mixed, native, sigma_inside
from normlab.kernels.slopes import learns, through
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
    try:
        if learns(x, sigma, weight):
            y = _Fused.apply(x, sigma, weight, form)
        else:
            y, _ = _forward(x, *_used(x, sigma, weight, form), form, keep=False)
    except RuntimeError:  # sizes that do not fit, weights that are not finite
        return None
    begun("gdn")
    native.noted("")
    return y  # pyright: ignore[reportReturnType]


def _used(x: Tensor, sigma: Tensor, weight: Tensor, form: Form) -> tuple[Tensor, Tensor]:
    """σⁿ and the weights, in the dtype computed in; to the kernels a weight below 0 is 0."""
    kind = computed_in(x.dtype)
    sigma, weight = (a if a.dtype is kind else a.to(kind) for a in (sigma, weight))
    sigma = sigma.clamp_min(form.least)
    return sigma if form.simplified else sigma * sigma, weight


def _forward(
    x: Tensor, offset: Tensor, weight: Tensor, form: Form, *, keep: bool
) -> tuple[Tensor, Tensor]:
    given = x, weight, offset, None, None, *form.powers(), keep, True
    return torch.ops.normlab.mix.default(*given)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, sigma: Tensor, weight: Tensor, form: Form) -> Tensor:
        offset, used = _used(x, sigma, weight, form)
        y, s = _forward(x, offset, used, form, keep=True)
        ctx.form = form
        ctx.save_for_backward(x, sigma, weight, used, s)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, sigma, weight, used, s = ctx.saved_tensors
        wanted, form, g = ctx.needs_input_grad, ctx.form, grads[0]
        if native.second_order():
            return *through(form.by_steps, g, (x, sigma, weight), wanted[:3]), None
        given = g, x, s, used, None, *form.powers(), wanted[2], wanted[1]
        gx, slopes, rows = torch.ops.normlab.mix_backward.default(*given)
        up = None
        if wanted[1]:
            kept = sigma.clamp_min(form.least)
            up = rows[2] if form.simplified else rows[2] * kept * 2
            up = descends(up.to(sigma.dtype), sigma >= form.least)
        own = slopes.to(weight.dtype) if wanted[2] else None
        return gx if wanted[0] else None, up, own, None
