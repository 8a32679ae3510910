"""Whether the data tell the parameters, in words where they do not."""

import math
from collections.abc import Mapping

import numpy as np

from normlab.errors import DataError
from normlab.fitting.inputs import Asked, Given
from normlab.responses.noise import Observed, dispersion
from normlab.responses.parameters import Array, Estimate, Places
from normlab.responses.search import Problem

# (parameter, whether its upper end is open) → what the data lack, what to do
_OPEN: Mapping[tuple[str, bool], str] = {
    ("rmax", True): "the responses do not saturate at the contrasts shown (up to {most:g}), so that rmax and "
    "c50 can be arbitrarily large; show higher contrasts, or fix c50 or rmax",
    ("rmax", False): "the responses hardly rise, so that rmax can be arbitrarily small; give more trials",
    ("c50", False): "the responses are saturated at the lowest contrast shown ({least:g}) already, so that "
    "c50 can be arbitrarily small; show lower contrasts, or fix c50",
    ("sigma", True): "the responses do not saturate with the drives given, so that sigma and gamma can be "
    "arbitrarily large; show stronger stimuli, or fix sigma",
    ("sigma", False): "sigma cannot be distinguished from 0; show weaker stimuli, or fix sigma",
    ("n", True): "the responses jump from their lowest to their highest between two contrasts, so that the "
    "exponent n can be arbitrarily large; show contrasts between these two, or fix n",
    ("n", False): "the exponent n cannot be distinguished from 0; show more contrasts, or fix n",
    ("kappa", True): "the responses do not show how narrow the pool is; show stimuli that drive the cells "
    "differently, such as one grating on another, or fix kappa",
    ("gamma", True): "{name} can be arbitrarily large: no stimulus drives that cell enough; leave it out",
    ("gamma", False): "{name} can be arbitrarily small: that cell does not respond; leave it out",
}  # fmt: skip
_EARLY = _OPEN["c50", False]
_SAME = {("c50", True): ("rmax", True), ("kappa", False): ("kappa", True)}
_STRANGE = 0.01  # the probability below which the scatter is not that of Poisson counts


def refuse_impossible(asked: Asked, problem: Problem, start: Array) -> None:
    """DataError for spikes where the model can have none, which no parameters can explain."""
    mu, _ = problem.mean(start)
    if asked.noise.counts and (problem.seen.mean[mu <= 0] > 0).any():
        raise DataError(
            "spikes were counted where nothing drove the cell, which a baseline of 0 rules out; fit the "
            "baseline, or leave these stimuli out."
        )


def refuse_limits(given: Given, problem: Problem, inner: Array, free: Places) -> None:
    """DataError where the best value of a parameter is as far as the search goes."""
    for i in free:
        parameter, value = problem.parameters[i], inner[i]
        for upper, limit in ((True, parameter.high), (False, parameter.low)):
            words = _words(given, problem.seen, parameter.name, upper)
            if words and (value - parameter.inner(limit)) * (1 if upper else -1) >= 0:
                raise DataError(f"the data cannot tell: {words}.")


def refuse_open(given: Given, problem: Problem, estimates: Mapping[str, Estimate]) -> None:
    """DataError where an interval that the model needs has an open end."""
    for name in (p.name for p in problem.parameters if p.needed):
        found = estimates[name]
        for upper, is_open in (
            (True, found.high == math.inf),
            (False, found.low in (0, -math.inf)),
        ):
            if is_open and not found.fixed:
                words = _words(given, problem.seen, name, upper)
                raise DataError(f"the data cannot tell: {words}.")


def _words(given: Given, seen: Observed, name: str, upper: bool) -> str:
    """What the data lack where a parameter has no such end; "" where nothing is wrong with that."""
    kind = name.partition(".")[0], upper
    kind = _SAME.get(kind, kind)
    shown = given.model.shown
    words = _OPEN.get(kind, "")
    if (
        kind == ("rmax", True)
        and seen.mean[np.argmax(shown > 0)] > (seen.mean.min() + seen.mean.max()) / 2
    ):
        words = _EARLY
    positive = shown[shown > 0]
    return words.format(name=name, most=positive.max(), least=positive.min())


def refuse_constant(
    asked: Asked, given: Given, problem: Problem, inner: Array, deviance: float, free: int
) -> None:
    """DataError where a model that knows no stimulus does as well."""
    seen = problem.seen
    scale = asked.noise.scale(seen, problem.mean(inner)[0], deviance, free)
    residuals, _ = asked.noise.residuals(seen, constant(given, seen))
    rise = float(np.sum(residuals**2)) - deviance
    more = max(free - len(np.unique(given.groups)), 1)
    if not asked.noise.tells(rise, scale, more, seen.count - free, asked.level):
        raise DataError(
            f"the data cannot tell: a constant fits the responses as well as the model does "
            f"({100 * asked.level:g} % test), so there is no curve to fit. The model rises from the "
            "baseline; give more trials, or leave this cell out."
        )


def constant(given: Given, seen: Observed) -> Array:
    """At each place the mean response of its group."""
    total = np.bincount(given.groups, seen.mean * seen.trials)
    return (total / np.bincount(given.groups, seen.trials))[given.groups]


def notes(
    asked: Asked, given: Given, mu: Array, estimates: Mapping[str, Estimate], free: int
) -> list[str]:
    """What a reader should know of the fit besides its numbers."""
    found, seen = [given.doubt] if given.doubt else [], given.seen()
    if asked.noise.counts and not asked.noise.scaled:
        from scipy.stats import chi2

        size, freedom = dispersion(seen, mu, free), seen.count - free
        if freedom > 0 and chi2.sf(size * freedom, freedom) < _STRANGE:
            found.append(
                f"The counts vary {size:.2g} times as much as Poisson counts would: these intervals are too "
                "narrow. Noise quasi-poisson allows for it."
            )
    for name, estimate in estimates.items():
        open_ends = [
            w
            for w, end in (("below", estimate.low), ("above", estimate.high))
            if not math.isfinite(end)
        ]
        if open_ends and not estimate.fixed:
            found.append(f"The data do not bound {name} from {' or '.join(open_ends)}.")
    if "s" in estimates and not estimates["s"].fixed and estimates["s"].low == 1:
        found.append(
            "The interval of s reaches 1, the smallest value that s can have. For cells whose s is 1, such "
            f"intervals contain it in {50 * (1 + asked.level):.4g} % of cases, not {100 * asked.level:.4g} %."
        )
    return found
