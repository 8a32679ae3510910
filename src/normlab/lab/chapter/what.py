"""Section 1: what normalisation is, and why normalised data are easier for numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from normlab.lab.chapter.catalogue import EASIER
from normlab.lab.chapter.drawings import curves, points
from normlab.lab.chapter.parts import ROWS, moments, varies
from normlab.lab.chapter.setup import Setup, arrays, thinned
from normlab.moments import Moments
from normlab.report.page import Ask, Block, Formula, Note, Numbers, Picture, Prose

TARGET = 1e-3


@dataclass(frozen=True)
class Standard:
    """What standardises: from each column its mean, divided by its (biased) standard deviation.

    moving: which columns vary; the others become 0.
    """

    mean: Tensor
    spread: Tensor
    moving: Tensor

    @classmethod
    def of(cls, found: Moments, moving: Tensor) -> "Standard":
        spread = found.std(0).cpu()
        return cls(found.mean.cpu(), torch.where(spread > 0, spread, 1.0), moving.cpu())

    def __call__(self, x: Tensor) -> Tensor:
        return torch.where(self.moving, (x.double() - self.mean) / self.spread, 0.0)


def standardise(x: Tensor) -> Tensor:
    """Zero mean and unit (biased) variance in each column; a constant column becomes 0."""
    return Standard.of(moments(x), varies(x))(x)


def curvatures(x: Tensor) -> Tensor:
    """Eigenvalues of the Hessian of a mean-square regression on x with an intercept, descending.

    Directions along which the loss is flat, as between a column and its copy, cost nothing and are left
    out; how many there are is told in standard units.
    """
    return spectra(x, Standard.of(moments(x), varies(x)))["raw"]


def spectra(x: Tensor, standard: Standard) -> dict[str, Tensor]:
    """The curvatures of x and of x standardised.

    The squares of singular values have twice the digits that eigenvalues of the Hessian would; those of
    z with a column of ones are those of R in (z, 1) = QR, which is small however many rows x has, and
    those of x are those of R B, for (x, 1) = (z, 1) B.
    """
    moving = standard.moving
    r = _triangle(_design(standard(part)[:, moving]) for part in x.split(ROWS)) / len(x) ** 0.5
    back = torch.diag(torch.cat([standard.spread[moving], r.new_ones(1)]))
    back[-1, :-1] = standard.mean[moving]
    after, raw = (torch.linalg.svdvals(part) for part in (r, r @ back))
    least = max(len(x), len(after)) * torch.finfo(r.dtype).eps * after[0]
    rank = int((after > least).sum())
    return {"raw": raw[:rank].square(), "standardised": after[:rank].square()}


def _design(z: Tensor) -> Tensor:
    return torch.cat([z, z.new_ones(len(z), 1)], 1)


def _triangle(parts: Iterable[Tensor]) -> Tensor:
    """R of all rows, from that of each part."""
    each = torch.cat([torch.linalg.qr(part, mode="r").R for part in parts])
    return torch.linalg.qr(each, mode="r").R


def excess_loss(values: Tensor, steps: Tensor) -> Tensor:
    """Mean over starting points of the loss above its minimum, relative to its start.

    In the eigenbasis a step at rate 1/λ_max multiplies each error by 1 − λ/λ_max, so that after t
    steps the loss is Σ λ (1 − λ/λ_max)^2t c². The start is spread evenly over the loss: λ c² = 1/k.
    """
    # 1 − λ/λ_max itself may round to 1; its log at λ_max is −∞, which 0 steps must not multiply
    shrink = torch.log1p(-values / values[0]).clamp_min(-1e3)
    return (2 * steps * shrink[:, None]).exp().mean(0)


def steps_to(values: Tensor, target: float) -> float:
    """Steps until the excess loss is below the target: bisection, for it only falls."""

    def above(steps: int) -> bool:
        return excess_loss(values, values.new_tensor([float(steps)])).item() > target

    low, high = 0, 1
    while above(high):
        low, high = high, high * 2
        if high > 2**200:
            return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return high


# what is said, with the numbers that it is said of
_TEXT = {
    "intro": "To normalise is to bring values to a common scale. Take from every feature its mean, "
    "and divide by its standard deviation: whatever the units were, the numbers now say how "
    "many standard deviations a point lies from the middle.",
    "same axes": "{which} before and after they are "
    "standardised, in equal axes: the cloud moves to the origin and is stretched or squeezed until "
    "each feature has variance 1. Every correlation stays.",
    "same axes, seen": "Two scatter plots in equal axes: before, the cloud lies off the origin; after, it is "
    "centred on it.",
    "condition": "condition number of the Hessian of a regression on the inputs, with intercept",
    "steps": f"steps of gradient descent at rate 1/λ_max until the excess loss is {TARGET:g} of its start",
    "easier": "Why it is easier: a regression on the raw inputs has a loss that is steep in one direction "
    "and flat in another (left). One learning rate must serve both, so descent crawls along the "
    "flat one (right).",
    "easier, seen": "Bars of the Hessian's eigenvalues, far apart for raw and equal for standardised inputs; "
    "curves of the loss falling within few steps for standardised inputs, late for raw.",
    "table": f"One small regression (with intercept): steps until the excess loss is {TARGET:g} of its start",
    "question": "A regression is fitted by gradient descent, once on the raw inputs and once on the "
    "standardised ones. Which needs more steps, and by what factor?",
    "answer": "{which}: {raw} against "
    "{standard} for the standardised. The largest learning rate is set by the steepest "
    "direction, and the number of steps by the flattest: their ratio is the condition number.",
    "exact": "The descent is exact, not simulated: for a quadratic loss each step multiplies the error "
    "along every eigenvector by $1 - \\lambda/\\lambda_{max}$. The start is a point whose "
    "excess loss is shared equally by all directions.",
}


def section(setup: Setup) -> None:
    standard = Standard.of(setup.moments, setup.moving)
    picture = _same_axes(setup, standard)
    found = spectra(setup.x.cpu(), standard)
    setup.record.section(
        "What normalisation is",
        Prose(_TEXT["intro"]),
        Formula(r"y = \frac{x - \mu}{\sigma}"),
        picture,
        *_easier(setup, found),
    )


def _same_axes(setup: Setup, standard: Standard) -> Picture:
    shown = thinned(setup.x).cpu()
    which = "The first two features" if setup.x.shape[1] > 2 else "The data"
    return setup.record.figure(
        "what",
        points.same_axes,
        _TEXT["same axes"].format(which=which),
        _TEXT["same axes, seen"],
        before=arrays(shown.double()),
        after=arrays(standard(shown)),
        names=setup.shown,
    )


def _easier(setup: Setup, found: dict[str, Tensor]) -> list[Block]:
    """Condition number and gradient descent, on the raw and on the standardised inputs."""
    numbers = {name: _numbers(setup, name, values) for name, values in found.items()}
    raw, standard = numbers["raw"][1], numbers["standardised"][1]
    setup.record.claim(EASIER, standard / raw, detail="a regression with intercept on these inputs")
    which = "The raw ones" if raw > standard else "Not the raw ones"
    told = {"which": which, "raw": _count(raw), "standard": _count(standard)}
    picture = _descent(setup, found, raw)
    table = Numbers(
        _TEXT["table"],
        ("inputs", "condition number", "steps of gradient descent"),
        tuple((name, condition, _count(steps)) for name, (condition, steps) in numbers.items()),
    )
    ask = Ask(_TEXT["question"], _TEXT["answer"].format(**told))
    return [ask, picture, table, Note(_TEXT["exact"])]


def _numbers(setup: Setup, name: str, values: Tensor) -> tuple[float, float]:
    """Condition number and steps of descent on one kind of inputs."""
    condition = setup.record.number(
        f"inputs.condition.{name}", values[0] / values[-1], _TEXT["condition"]
    )
    steps = setup.record.number(f"inputs.steps.{name}", steps_to(values, TARGET), _TEXT["steps"])
    return condition, steps


def _descent(setup: Setup, found: dict[str, Tensor], raw: float) -> Picture:
    """Eigenvalues, and the loss over about three times the steps that the raw inputs need."""
    reach = min(max(3 * raw, 10), 1e30)
    steps = torch.logspace(0, math.log10(reach), 200, dtype=torch.float64)
    return setup.record.figure(
        "easier",
        curves.descent,
        _TEXT["easier"],
        _TEXT["easier, seen"],
        eigenvalues={name: arrays(values) for name, values in found.items()},
        losses={name: arrays(excess_loss(values, steps)) for name, values in found.items()},
        steps=np.asarray(steps),
    )


def _count(steps: float) -> str:
    """
    >>> _count(8056.0), _count(3.2e15)
    ('8,056', '3.2e+15')
    """
    return f"{steps:,.0f}" if steps < 1e9 else f"{steps:.2g}"
