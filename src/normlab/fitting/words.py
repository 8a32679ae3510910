"""A fit in words and as plain data."""

import math
from typing import TYPE_CHECKING, Any

from normlab.responses.noise import KINDS
from normlab.responses.parameters import Estimate

if TYPE_CHECKING:
    from normlab.fitting.fit import Fit


def number(value: float) -> str:
    """Four digits, or what stands for an end that is open.

    >>> number(0.123456), number(float("inf")), number(-0.0)
    ('0.1235', '∞', '0')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:.4g}".replace("-", "−")


def interval(estimate: Estimate) -> str:
    """The interval's ends in words."""
    if estimate.fixed:
        return "fixed"
    return f"{number(estimate.low)} to {number(estimate.high)}"


def quality(fit: "Fit") -> list[str]:
    """How well the model does, in sentences."""
    lines = [f"R² of the mean responses: {number(fit.r_squared)}."]
    if not math.isnan(fit.cross_validated):
        gain = fit.cross_validated - fit.cross_validated_constant
        lines.append(
            f"Log likelihood of held-out observations: {number(fit.cross_validated)} nats each, "
            f"{number(abs(gain))} {'more' if gain >= 0 else 'less'} than a constant has."
        )
    if not math.isnan(fit.dispersion):
        lines.append(f"Variance of the counts, relative to Poisson: {number(fit.dispersion)}.")
    return lines


def asked_for(fit: "Fit") -> dict[str, Estimate]:
    """The parameters without those that were not asked for: a baseline of 0, an s of 1."""
    off = {"baseline": 0.0, "s": 1.0}
    return {
        name: e
        for name, e in fit.parameters.items()
        if not (e.fixed and e.value == off.get(name.partition(".")[0]))
    }


def table(fit: "Fit") -> str:
    """What the command prints."""
    shown = asked_for(fit)
    width = max(9, *map(len, shown))
    lines = [
        f"{fit.model}: {fit.source.model.words}",
        f"{fit.observations:,} observations, {KINDS[fit.noise].words}",
        "",
        f"{'':{width}}  {'value':>9}  {100 * fit.level:.4g} % interval",
    ]
    lines += [f"{n:{width}}  {number(e.value):>9}  {interval(e)}" for n, e in shown.items()]
    return "\n".join([*lines, "", *quality(fit), *fit.notes])


def as_json(fit: "Fit") -> dict[str, Any]:
    """Plain data of what the fit found."""
    parameters = {
        name: {"value": e.value, "low": _finite(e.low), "high": _finite(e.high), "fixed": e.fixed}
        for name, e in fit.parameters.items()
    }
    numbers = (
        "r_squared",
        "log_likelihood",
        "cross_validated",
        "cross_validated_constant",
        "dispersion",
    )
    return {
        "model": fit.model,
        "noise": fit.noise,
        "level": fit.level,
        "observations": fit.observations,
        "parameters": parameters,
        **{name: _finite(getattr(fit, name)) for name in numbers},
        "notes": list(fit.notes),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
