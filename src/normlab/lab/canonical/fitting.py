"""Contrast responses of the experiments fitted without a baseline: the curve and search of normlab.fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from normlab.errors import DataError
from normlab.responses.curve import Curve
from normlab.responses.noise import KINDS, Observed
from normlab.responses.parameters import Array, Estimate
from normlab.responses.search import Problem, profiled

LEVEL = 0.95
NAMES = ("rmax", "c50", "power")
_FREE = np.arange(len(NAMES))


@dataclass(frozen=True)
class Fit:
    """A Naka–Rushton curve: rmax in units of the response, c50 in those of contrast, power n."""

    rmax: Estimate
    c50: Estimate
    power: Estimate

    def curve(self, contrast: ArrayLike) -> Array:
        c = np.asarray(contrast, dtype=np.float64) ** self.power.value
        return self.rmax.value * c / (self.c50.value**self.power.value + c)


def fit(
    contrast: ArrayLike,
    response: ArrayLike,
    seconds: float | None = None,
    intervals: Sequence[str] = NAMES,
) -> Fit:
    """Maximum likelihood for rmax, c50 and n, with 95 % intervals of profile likelihood.

    contrast: ascending; response: one for each. seconds: how long each of Poisson counts lasted, of which
    the responses are rates; without it the noise is gaussian, of unknown size.
    intervals: of which an interval is searched for; that of the others is NaN.

    Errors: DataError for fewer than four contrasts, values that are negative or not finite, responses
    that are all 0, or, where an interval is searched for, a curve that fits better the further c50 goes.
    Limits: data that do not bound a parameter give an interval without an end.
    """
    c, r = _checked(contrast, response)
    noise = KINDS["gaussian" if seconds is None else "poisson"]
    curve = Curve(c, noise.counts, bent=False)
    parameters = curve.parameters(r)
    rmax_c50_n, off = [np.nan] * len(_FREE), (parameters[3].inner(0.0), parameters[4].inner(1.0))
    fixed = np.array([*rmax_c50_n, *off])  # no baseline, s = 1
    seen = Observed(r, np.ones_like(r), np.zeros_like(r), seconds or 1.0)
    problem = Problem(curve.mean, parameters, seen, noise)
    start = curve.start(seen, noise, fixed)
    bounded = np.array([i for i in _FREE if NAMES[i] in intervals], int)
    with np.errstate(all="ignore"):  # the search goes as far as floating point does
        best, _, ends = profiled(
            problem, start, _FREE, LEVEL, lambda *_: None, lambda *_: None, bounded
        )
    known = dict(zip(bounded.tolist(), ends, strict=True))
    inner = [(best[i], *known.get(i, (np.nan, np.nan))) for i in _FREE]
    found = (map(p.outer, each) for p, each in zip(parameters, inner, strict=False))
    return Fit(*(Estimate(value, low, high) for value, low, high in found))


def _checked(contrast: ArrayLike, response: ArrayLike) -> tuple[Array, Array]:
    c, r = (np.asarray(values, dtype=np.float64) for values in (contrast, response))
    if c.ndim != 1 or c.shape != r.shape or len(np.unique(c)) < 4:
        raise DataError(
            f"contrast has shape {c.shape} and response {r.shape}; give two vectors of one length, with "
            f"four different contrasts or more: three numbers are fitted."
        )
    if not (np.isfinite(c).all() and np.isfinite(r).all() and (c >= 0).all() and (r >= 0).all()):
        raise DataError(
            "contrast or response holds a value that is negative or not finite; leave it out."
        )
    if not r.max() > 0:
        raise DataError("every response is 0: there is no curve to fit.")
    return c, r
