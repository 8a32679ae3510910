"""The contrast response of Naka and Rushton, its derivatives, and where a search for it begins.

R = baseline + rmax · cⁿ / (c50^(s·n) + c^(s·n))
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from normlab.responses.lines import line
from normlab.responses.noise import Noise, Observed
from normlab.responses.parameters import Array, Parameter, Places

_FAR = 100.0  # beyond so many times the range of the data nothing was seen
_SOME = 500  # of many contrasts, that the search for a start looks at
_FARTHER = 1e60  # with s, rmax has units of response · contrast^(n(s − 1)), which may be anything


Shown = tuple[int, slice | Places, Array]  # contrasts; which are above 0; the logarithms of these


@dataclass(frozen=True)
class Curve:
    """One cell's response to contrasts (M,), ascending; counts: its baseline is not negative.

    bent: s is fitted too.
    """

    contrast: Array
    counts: bool
    bent: bool

    name: ClassVar[str] = "naka-rushton"

    @property
    def words(self) -> str:
        """The formula in a line of text."""
        power = ("^(s·n)", "^(s·n)") if self.bent else ("ⁿ", "ⁿ")
        return "R = baseline + rmax · cⁿ / (c50{} + c{})".format(*power)

    @property
    def formula(self) -> str:
        """The same in LaTeX."""
        power = "{s n}" if self.bent else "n"
        below = rf"{{c_{{50}}}}^{power} + c^{power}"
        return rf"R = \text{{baseline}} + \text{{rmax}} \, \frac{{c^n}}{{{below}}}"

    @property
    def shown(self) -> Array:
        """What the cell was shown."""
        return self.contrast

    def elsewhere(self, contrast: Array) -> "Curve":
        """The same cell at other contrasts."""
        return replace(self, contrast=contrast.ravel())

    def parameters(self, mean: Array) -> tuple[Parameter, ...]:
        """What is fitted, with limits from the contrasts and the mean responses at them."""
        seen = self.contrast[self.contrast > 0]
        range_ = float(np.ptp(mean)) or 1.0
        far = _FARTHER if self.bent else _FAR
        base = _FAR * range_
        return (
            Parameter("rmax", "positive", "rise of the response at saturation (with s = 1)",
                      range_ / far, range_ * far, True),
            Parameter("c50", "positive", "contrast of half that rise",
                      float(seen.min()) / _FAR, float(seen.max()) * _FAR, True),
            Parameter("n", "positive", "exponent", 0.05, 50.0),
            Parameter("baseline", "positive" if self.counts else "real", "response at contrast 0",
                      range_ * 1e-6 if self.counts else float(mean.min()) - base,
                      float(mean.max()) + base),
            Parameter("s", "one or more", "above 1 the response falls at high contrast", 1 + 1e-9, 50.0),
        )  # fmt: skip

    def mean(self, inner: Array) -> tuple[Array, Array]:
        """The response at each contrast, and its derivatives by the inner parameters (M, 5)."""
        return _respond(self._positive, inner, self.counts)

    @cached_property
    def _positive(self) -> Shown:
        seen = np.flatnonzero(self.contrast > 0)
        together = len(seen) > 0 and seen[-1] - seen[0] == len(seen) - 1
        where = slice(int(seen[0]), int(seen[-1]) + 1) if together else seen  # a slice is faster
        return len(self.contrast), where, np.log(self.contrast[where])

    def start(self, seen: Observed, noise: Noise, fixed: Array) -> Array:
        """Inner parameters near the best: c50, n and s from a grid, rmax and baseline by least squares.

        fixed: inner values that are given, NaN where a parameter is fitted.
        """
        if (step := -(-len(self.contrast) // _SOME)) > 1:
            return replace(self, contrast=self.contrast[::step]).start(
                seen.every(step), noise, fixed
            )
        positive = self.contrast[self.contrast > 0]
        tried = {
            1: np.log(np.geomspace(positive.min() / 2, positive.max() * 4, 24)),
            2: np.log([0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0]),
            4: np.sqrt([0.05, 0.3, 1.0]),
        }
        grid = [values if np.isnan(fixed[i]) else fixed[i : i + 1] for i, values in tried.items()]
        log_c50, log_n, root = (a.ravel() for a in np.meshgrid(*grid, indexing="ij"))
        return _linear(self._positive, seen, noise, fixed, log_c50, log_n, root)


def _respond(shown: Shown, inner: Array, counts: bool) -> tuple[Array, Array]:
    """The response at each contrast, and its derivatives by the inner parameters (M, 5)."""
    log_rmax, log_c50, log_n, b, root = inner.tolist()  # plain floats: numpy's scalars are slow
    baseline = float(np.exp(b)) if counts else b
    n, s = float(np.exp(min(log_n, 50.0))), 1 + root * root
    size, seen, log_c = shown
    u = s * n * (log_c - log_c50)
    share = np.exp(-np.logaddexp(0, -u))
    log_rise = log_rmax + n * log_c - s * n * log_c50 - np.logaddexp(0, u)
    rise = np.exp(np.minimum(log_rise, 600.0))
    slopes = np.zeros((size, 5))
    slopes[seen, 0] = rise
    slopes[seen, 1] = -rise * s * n * (1 - share)
    slopes[seen, 2] = rise * (n * log_c - s * n * log_c50 - share * u)
    slopes[:, 3] = baseline if counts else 1.0
    slopes[seen, 4] = -rise * n * (log_c50 + share * (log_c - log_c50)) * 2 * root
    response = np.full(size, baseline)
    response[seen] += rise
    return response, slopes


def _linear(
    shown: Shown, seen: Observed, noise: Noise, fixed: Array, log_c50: Array, log_n: Array, root: Array
) -> Array:  # fmt: skip
    """The best of these c50, n and s (P,), each with its best rmax and baseline: inner parameters."""
    size, above, log_c = shown
    n = np.exp(np.minimum(log_n, 50.0))[:, None]
    u = n * (log_c - log_c50[:, None])
    shape = np.zeros((len(log_n), size))
    shape[:, above] = np.exp(u - np.logaddexp(0, (1 + root[:, None] ** 2) * u))
    # with this rmax the shape is ½ at c50, whatever s does to the units of rmax
    unit = n[:, 0] * log_c50 * root**2
    base = np.exp(fixed[3]) if noise.counts else fixed[3]
    rise, base = line(shape, seen.mean, seen.trials, np.exp(fixed[0] - unit), base)
    range_ = float(np.ptp(seen.mean)) or 1.0
    if np.isnan(fixed[0]):
        rise = np.maximum(rise, 1e-3 * range_)
    based = np.isnan(fixed[3])
    if noise.counts and based:
        base = np.maximum(base, 1e-2 * range_)
    lack = (seen.trials * (seen.mean - base[:, None] - rise[:, None] * shape) ** 2).sum(1)
    i = np.argmin(lack)
    level = np.log(base[i]) if noise.counts and based else base[i]
    found = np.array([unit[i] + np.log(rise[i]), log_c50[i], log_n[i], level, root[i]])
    return np.where(np.isnan(fixed), found, fixed)
