"""The best parameters by scipy's Levenberg–Marquardt, and how far each may move before the fit is worse."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.errors import DataError
from normlab.responses.noise import Noise, Observed
from normlab.responses.parameters import Array, Parameter, Places

Mean = Callable[[Array], tuple[Array, Array]]  # inner parameters → means (M,), derivatives (M, P)
_CLOSE = 1e-4  # of an interval's end, relative to half its width
_WORSE = 1e3  # a root of the rise beyond which it does not matter how bad a fit is
_TRIES = 40
_BEYOND = 0.3  # s = 1.09


@dataclass(frozen=True)
class Problem:
    """What is fitted: a model's mean, its parameters, and what was seen with which noise."""

    mean: Mean
    parameters: Sequence[Parameter]
    seen: Observed
    noise: Noise

    def at(self, inner: Array) -> tuple[Array, Array]:
        """Residuals (M,) and their derivatives (M, P)."""
        mu, slopes = self.mean(inner)
        residuals, by_mean = self.noise.residuals(self.seen, mu)
        return residuals, by_mean[:, None] * slopes

    def deviance(self, inner: Array) -> float:
        return float(np.sum(self.at(inner)[0] ** 2))


def minimised(problem: Problem, start: Array, free: Places) -> tuple[Array, float]:
    """The parameters of least deviance, of which only `free` (indices) move; and that deviance.

    A parameter that is one or more has no slope at 1, and would stay there: it is also tried beyond.
    """
    ended = [i for i in free if problem.parameters[i].kind == "one or more"]
    if not ended:
        return _descended(problem, start, free)
    at_end, beyond = start.copy(), start.copy()
    at_end[ended] = [problem.parameters[i].inner(problem.parameters[i].low) for i in ended]
    straight = _descended(problem, at_end, np.setdiff1d(free, ended))
    beyond[:] = straight[0]
    beyond[ended] = _BEYOND
    tried = [straight, _descended(problem, beyond, free), _descended(problem, start, free)]
    return min(tried, key=lambda pair: np.nan_to_num(pair[1], nan=np.inf))


def _descended(problem: Problem, start: Array, free: Places) -> tuple[Array, float]:
    if not len(free):
        return start, problem.deviance(start)
    from scipy.optimize import leastsq

    kept = _Kept(problem, start, free)
    with np.errstate(all="ignore"):
        found = leastsq(
            kept.residuals, start[free], Dfun=kept.slopes, full_output=True,
            ftol=1e-12, xtol=1e-10, gtol=0.0, maxfev=100 * (len(free) + 1),
        )  # fmt: skip
    return kept.whole(found[0]), float(np.sum(kept.residuals(found[0]) ** 2))


class _Kept:
    """scipy asks for residuals and derivatives apart; they are computed together."""

    def __init__(self, problem: Problem, start: Array, free: Places):
        self.problem, self.start, self.free = problem, start, free
        self._at: Array | None = None
        self._found: tuple[Array, Array] | None = None

    def whole(self, moved: Array) -> Array:
        inner = self.start.copy()
        inner[self.free] = moved
        return inner

    def _both(self, moved: Array) -> tuple[Array, Array]:
        if self._found is None or self._at is None or not np.array_equal(self._at, moved):
            residuals, slopes = self.problem.at(self.whole(moved))
            self._found = _finite(residuals, 1e150), _finite(slopes[:, self.free], 0.0)
            self._at = moved.copy()
        return self._found

    def residuals(self, moved: Array) -> Array:
        return self._both(moved)[0]

    def slopes(self, moved: Array) -> Array:
        return self._both(moved)[1]


def _finite(values: Array, instead: float) -> Array:
    """NaN replaced, infinities by the largest numbers; mostly there are none, which is quickly seen."""
    return values if np.isfinite(values).all() else np.nan_to_num(values, nan=instead)


class Better(Exception):  # noqa: N818
    """No error: a profile came upon parameters that fit better, and the search goes on from there."""

    def __init__(self, inner: Array):
        super().__init__("a better fit was found")
        self.inner = inner


def profiled(
    problem: Problem,
    start: Array,
    free: Places,
    level: float,
    check: Callable[[Array, float], None],
    tell: Callable[[int, int], None],
    bounded: Places | None = None,
) -> tuple[Array, float, list[tuple[float, float]]]:
    """The best parameters, their deviance, and for each free one the ends of its interval (inner).

    check: refuses what is known of the best parameters to be of no use, before the search for ends.
    bounded: the free ones whose ends are searched for, None for all.
    """
    wanted = free if bounded is None else bounded
    for _ in range(_TRIES):
        best, deviance = minimised(problem, start, free)
        check(best, deviance)
        best = _within(problem, best, free)
        deviance = problem.deviance(best)
        profile = _Profile(problem, best, deviance, free, level)
        try:
            ends = []
            for place, i in enumerate(wanted):
                tell(place, len(wanted))
                ends.append((profile.end(i, -1), profile.end(i, +1)))
            return best, deviance, ends
        except Better as found:
            start = found.inner
    raise DataError(
        "the fit finds no best parameters: it goes on getting better; fix one of them, or give more data."
    )


def _within(problem: Problem, inner: Array, free: Places) -> Array:
    """Within the limits, beyond which an optimum at a domain's end is infinitely far; roots are positive."""
    limits = [(p.inner(p.low), p.inner(p.high)) for p in problem.parameters]
    low, high = np.array(limits).T
    folded = np.where([p.kind == "one or more" for p in problem.parameters], np.abs(inner), inner)
    held = inner.copy()
    held[free] = np.clip(folded, low, high)[free]
    return held


class _Profile:
    """The signed root of the deviance's rise as one parameter moves and the others follow it."""

    def __init__(self, problem: Problem, best: Array, deviance: float, free: Places, level: float):
        self.problem, self.best, self.deviance, self.free = problem, best, deviance, free
        noise, seen = problem.noise, problem.seen
        mu, _ = problem.mean(best)
        self.scale = noise.scale(seen, mu, deviance, len(free))
        self.reach = noise.reach(seen.count - len(free), level)
        slopes = problem.at(best)[1][:, free]
        self.covariance = np.linalg.pinv(slopes.T @ slopes, hermitian=True) * self.scale
        self.improved = 1e-9 * deviance + 1e-4 * self.scale

    def end(self, i: int, side: int) -> float:
        """The inner value at which the rise reaches its bound; ±inf where it does not before the limit."""
        parameter = self.problem.parameters[i]
        limit = parameter.inner(parameter.high if side > 0 else parameter.low)
        place = int(np.flatnonzero(self.free == i)[0])
        center = float(self.best[i])
        if (limit - center) * side <= 0:
            return side * math.inf
        step = math.sqrt(max(self.covariance[place, place], 0.0)) * self.reach
        if not 0 < step < math.inf:
            step = 1e-3 * abs(limit - center)
        return self._crossing(i, place, center, side, step, limit)

    def _crossing(
        self, i: int, place: int, center: float, side: int, step: float, limit: float
    ) -> float:
        """Outwards until the bound is passed, then back to it."""
        inside, lack_inside = center, -self.reach
        at = center + side * min(step, abs(limit - center))
        follow = self.best
        for _ in range(_TRIES):
            follow, rise = self._rise(i, place, at, follow)
            if rise >= self.reach:
                return self._between(i, place, {inside: lack_inside, at: rise - self.reach}, follow)
            if at == limit:
                break
            inside, lack_inside = at, rise - self.reach
            further = min(max(self.reach / max(rise, 1e-3), 1.2), 3.0)
            at = center + side * min(abs(at - center) * further, abs(limit - center))
        return side * math.inf

    def _between(self, i: int, place: int, known: dict[float, float], follow: Array) -> float:
        """Where the bound is, between two places of which it is known how far beyond it they are."""
        from scipy.optimize import brentq

        def beyond(at: float) -> float:
            nonlocal follow
            if at not in known:
                follow, rise = self._rise(i, place, at, follow)
                known[at] = rise - self.reach
            return min(known[at], _WORSE)

        inside, outside = known
        close = _CLOSE * abs(outside - float(self.best[i]))
        root: Any = brentq(
            beyond, inside, outside, xtol=close
        )  # a number, since no report is asked for
        return root

    def _rise(self, i: int, place: int, at: float, follow: Array) -> tuple[Array, float]:
        """Where the others go, and the signed root's size, with one parameter held."""
        others = self.free[self.free != i]
        found, deviance = minimised(self.problem, self._begin(i, place, at, follow), others)
        if deviance < self.deviance - self.improved:
            raise Better(found)
        if not deviance < math.inf:
            return follow, math.inf
        return found, math.sqrt(max(deviance - self.deviance, 0.0) / self.scale)

    def _begin(self, i: int, place: int, at: float, follow: Array) -> Array:
        """The better of two beginnings: the others as they were, or the way that the curvature says."""
        still = follow.copy()
        still[i] = at
        if not self.covariance[place, place] > 0:
            return still
        moved = self.best.copy()
        along = self.covariance[:, place] / self.covariance[place, place]
        moved[self.free] += along * (at - self.best[i])
        moved = _within(self.problem, moved, self.free)
        moved[i] = at
        return min(
            still, moved, key=lambda inner: np.nan_to_num(self.problem.deviance(inner), nan=np.inf)
        )
