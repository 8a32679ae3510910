"""How responses scatter about a model: what is minimised, and which rise of it an interval allows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from normlab.responses.parameters import Array, Places

_EXACT = 1e-6  # responses that a model meets as closely, relative to the largest, have no noise


@dataclass(frozen=True)
class Observed:
    """Responses as the fit sees them: the mean at each place, and in how many observations.

    within: at each place, the sum of squares about the mean, of which no model explains anything.
    seconds: how long each observation lasted, for counts.
    """

    mean: Array
    trials: Array
    within: Array
    seconds: float = 1.0

    @classmethod
    def of(cls, places: Places, response: Array, size: int, seconds: float = 1.0) -> "Observed":
        """Means of single observations by place, whole numbers below size; 0 where there are none."""
        trials = np.bincount(places, minlength=size).astype(np.float64)
        mean = np.bincount(places, response, size) / np.maximum(trials, 1.0)
        within = np.bincount(places, (response - mean[places]) ** 2, size).astype(np.float64)
        return cls(mean, trials, within, seconds)

    def every(self, step: int) -> "Observed":
        """One place of each so many."""
        mean, trials, within = (a[::step] for a in (self.mean, self.trials, self.within))
        return replace(self, mean=mean, trials=trials, within=within)

    @property
    def count(self) -> float:
        return float(self.trials.sum())


@dataclass(frozen=True)
class Noise:
    """A kind of scatter; `scaled`: its size is estimated from the residuals, so that intervals are Student's.

    counts: responses are whole numbers of spikes, whose variance grows with their mean.
    """

    name: str
    counts: bool
    scaled: bool
    words: str

    def residuals(self, seen: Observed, mu: Array) -> tuple[Array, Array]:
        """Residuals (places,) whose squares sum to the deviance, and their derivatives by the mean."""
        if not self.counts:
            root = np.sqrt(seen.trials)
            return root * (seen.mean - mu), -root
        time = seen.trials * seen.seconds
        y, m = seen.mean * time, np.maximum(mu * time, 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            half = np.where(y > 0, y * np.log(y / m), 0.0) - (y - m)
        size = np.sqrt(2 * np.maximum(half, 0.0))
        signed = np.where(y >= m, size, -size)
        near = np.abs(y - m) <= 1e-6 * m
        slope = np.where(near, -1 / np.sqrt(m), (1 - y / m) / np.where(near, 1.0, signed))
        return signed, slope * time

    def scale(self, seen: Observed, mu: Array, deviance: float, free: int) -> float:
        """What a rise of the deviance is measured in: the variance of one observation; of counts,
        relative to that of Poisson counts.
        """
        if not self.scaled:
            return 1.0
        if self.counts:
            return max(dispersion(seen, mu, free), 1e-12)
        smallest = _EXACT * float(np.max(np.abs(seen.mean), initial=0.0))
        left = max(seen.count - free, 1.0)
        return max((deviance + float(seen.within.sum())) / left, smallest**2, 1e-300)

    def log_likelihood(self, response: Array, mu: Array, seconds: float, scale: float) -> Array:
        """Of single observations, in nats."""
        if not self.counts:
            return -0.5 * (np.log(2 * math.pi * scale) + (response - mu) ** 2 / scale)
        from scipy.special import gammaln

        y, m = response * seconds, np.maximum(mu * seconds, 1e-300)
        return y * np.log(m) - m - gammaln(y + 1)

    def reach(self, freedom: float, level: float) -> float:
        """How far the signed root of the deviance's rise may be from 0 within an interval."""
        from scipy.special import ndtri, stdtrit  # a hundred times faster than scipy.stats

        share = (1 + level) / 2
        return float(stdtrit(freedom, share) if self.scaled else ndtri(share))

    def tells(self, rise: float, scale: float, free: int, freedom: float, level: float) -> bool:
        """Whether so many more parameters lower the deviance by more than chance does."""
        from scipy.stats import chi2, f

        if self.scaled:
            return rise / scale / free > float(f.ppf(level, free, freedom))
        return rise > float(chi2.ppf(level, free))


def dispersion(seen: Observed, mu: Array, free: int) -> float:
    """The variance of counts about their model, relative to Poisson counts: Pearson's χ² by its freedom."""
    squares = (seen.trials * (seen.mean - mu) ** 2 + seen.within) * seen.seconds
    return float(np.sum(squares / np.maximum(mu, 1e-300))) / max(seen.count - free, 1.0)


KINDS: Mapping[str, Noise] = {
    noise.name: noise
    for noise in (
        Noise("gaussian", False, True, "Gaussian noise of one variance"),
        Noise("poisson", True, False, "Poisson counts"),
        Noise("quasi-poisson", True, True, "counts whose variance is a multiple of their mean"),
    )
}
