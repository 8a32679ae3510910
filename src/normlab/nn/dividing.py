"""The usual call of local response, local contrast and divisive norm by the C++ kernels.

From a layer's raw σ to y in one step of autograd. What depends on the settings alone is made once.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import NormlabError
from normlab.functional.divisive import equation
from normlab.kernels import fused, native, sigma_inside
from normlab.kernels.slopes import added, learns, through
from normlab.nn.nonnegative import descends, lower
from normlab.tracing import begun

Maybe = Tensor | None
Settings = Mapping[str, Any]
# what a plan may depend on: values that do not change meanwhile
_HELD = frozenset((int, float, str, bool, type(None)))
# the row and its settings, by the function that a layer calls; σ is given at each call
_ROWS: Mapping[str, Callable[[dict[str, Any]], tuple[Norm, Settings]]] = {
    "local_response_norm": lambda given: (find("local_response"), given),
    "local_contrast_norm": lambda given: (find("local_contrast"), given),
    "divisive_norm": lambda given: equation(sigma=1.0, pool_weight=None, **given),
}


class Form(NamedTuple):
    """The function that a layer calls and its settings; σ is at least `least`."""

    name: str
    settings: tuple[tuple[str, Any], ...]
    least: float = 0.0


class Plan(NamedTuple):
    """What a layer's settings mean for the kernels: the same for every x of so many channels and axes."""

    row: Norm
    values: Settings
    least: float
    job: fused.Job

    def offset(self, raw: Maybe, kind: torch.dtype) -> Tensor:
        """σⁿ, or the number added as it is."""
        if raw is None:
            return _constant(self.values[self.row.sigma.setting], kind)
        sigma = self.sigma(raw.detach(), kind)
        return sigma * sigma if self.squares else sigma

    def sigma(self, raw: Tensor, kind: torch.dtype) -> Tensor:
        return (raw if raw.dtype is kind else raw.to(kind)).clamp_min(self.least)

    @property
    def squares(self) -> bool:
        return self.row.sigma.raised and self.job.powers[1] == 2

    def by_steps(self, x: Tensor, raw: Tensor, weight: Maybe) -> Tensor:
        """y without its bias, by the function of all rows whose σ stands inside the power."""
        sigma = lower(raw, self.least)
        own = {self.row.sigma.setting: sigma.squeeze(0) if len(sigma) == 1 else sigma}
        return sigma_inside.normalized(x, self.row, weight=weight, **{**self.values, **own})


def usual(
    x: Tensor,
    form: Form,
    channels: int | None = None,
    raw: Maybe = None,
    weight: Maybe = None,
    bias: Maybe = None,
) -> Tensor | None:
    """y of a plain x; None where more is to be looked at, which the function does."""
    if not 2 <= x.dim() <= 5 or x.numel() == 0:
        return None
    own = x.shape[1]
    if (channels is not None and own != channels) or native.refused(x, raw, weight, bias):
        return None
    kind = computed_in(x.dtype)
    if any(a is not None and (a.dtype is not kind or a.shape != (own,)) for a in (weight, bias)):
        return None
    if raw is not None and raw.shape not in ((own,), (1,)):
        return None
    try:
        plan = _planned(form, tuple([type(value) for _, value in form.settings]), own, x.dim())
    except (NormlabError, TypeError):  # the function says what is wrong; a list or a tensor
        return None
    if plan is None or (plan.row.center and not fused.centers(plan.job.shape, x)):
        return None
    y = _divided(x, raw, weight, bias, plan)
    if y is not None:
        begun(form.name)
        native.noted("")
    return y


def _divided(x: Tensor, raw: Maybe, weight: Maybe, bias: Maybe, plan: Plan) -> Tensor | None:
    offset = plan.offset(raw, computed_in(x.dtype))
    if not math.isfinite(offset.sum().item()):
        return None
    if raw is None:
        return fused.run(x, offset, weight, bias, plan.job)
    if learns(x, raw, weight, bias):
        return _FromRaw.apply(x, raw, weight, bias, offset, plan)  # pyright: ignore[reportReturnType]
    return fused.forward(x, offset, weight, bias, plan.job)[0]


@lru_cache(256)
def _planned(form: Form, kinds: tuple[type, ...], channels: int, rank: int) -> Plan | None:
    """None where the kernels have nothing for it. Nothing is kept of a call that raises.

    kinds: of the settings, since 7 and 7.0 are equal.
    """
    if not _HELD.issuperset(kinds):
        raise TypeError("a setting may change while its plan is kept")
    row, given = _ROWS[form.name](dict(form.settings))
    values = row.resolve(given)
    n, p = (float(row.number(column, values)) for column in ("n", "p"))
    m = n if row.m == row.n else float(row.number("m", values))
    if row.sigma.raised and n not in (1.0, 2.0):
        return None
    division = sigma_inside.division(row, values, channels)
    shape = fused.shape_of(division.pool, division.settings, channels, rank - 2)
    if shape is None or division.channels not in (1, channels):
        return None
    if row.center and (m, n, p) != fused.CENTERED:
        return None
    shape = fused.centered(shape) if row.center else shape
    return Plan(row, values, form.least, fused.Job(shape, (m, n, p), division))


@lru_cache(64)
def _constant(value: float, kind: torch.dtype) -> Tensor:
    with torch.inference_mode(False):
        return torch.tensor([value], dtype=kind, device="cpu")


class _FromRaw(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, raw: Tensor, weight: Maybe, bias: Maybe, offset: Tensor, plan: Plan
    ) -> Tensor:
        y, pool = fused.forward(x, offset, weight, bias, plan.job, keep=True)
        ctx.plan, ctx.bias = plan, added(bias)
        ctx.save_for_backward(x, raw, weight, offset, pool)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor):
        x, raw, weight, offset, pool = ctx.saved_tensors
        wanted, g, plan = ctx.needs_input_grad[:4], grads[0], ctx.plan
        if native.second_order():
            found = through(plan.by_steps, g, (x, raw, weight), wanted[:3])
            return *found, ctx.bias.slope(g) if wanted[3] else None, None, None
        given = x, offset, weight, ctx.bias
        gx, up, *own = fused.slopes(g, given, pool, wanted, plan.job)
        if up is not None:
            up = up * plan.sigma(raw, up.dtype) * 2 if plan.squares else up
            up = descends(up.to(raw.dtype), raw >= plan.least)
        return gx, up, *own, None, None
