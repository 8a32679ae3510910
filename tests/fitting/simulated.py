"""Cells that answer as the model says, with noise: for tests of recovery and of coverage."""

from collections.abc import Iterator, Mapping

import numpy as np

import normlab
from normlab.errors import DataError

CONTRAST = np.array([0, 0.03, 0.06, 0.1, 0.15, 0.22, 0.33, 0.5, 0.75, 1.0])
TRIALS = 20
SPREAD = 6.0  # standard deviation of gaussian noise, spikes/s
POOL_TRIALS, POOL_SPREAD = 10, 4.0  # of populations
OVERDISPERSED = 1.8  # of quasi-Poisson counts, the variance over the mean


def curve(contrast, rmax, c50, n, baseline, s=1.0):
    return baseline + rmax * contrast**n / (c50 ** (s * n) + contrast ** (s * n))


def neuron(generator, bent=False) -> dict[str, float]:
    """Parameters of a cell as they are found in cortex: baselines of 2 to 10 spikes/s, c50 of 10 to 35 %.

    bent: s is above 1.
    """
    height, c50, n, baseline = generator.uniform((20, 0.1, 1.5, 2), (80, 0.35, 3.5, 10)).tolist()
    s = generator.uniform(1.2, 1.6) if bent else 1.0
    return {"rmax": height * c50 ** (n * (s - 1)), "c50": c50, "n": n, "baseline": baseline, "s": s}


def session(generator, truth: Mapping[str, float], noise: str, trials: int = TRIALS):
    """Responses (contrasts, trials)."""
    mean = np.repeat(curve(CONTRAST, **truth)[:, None], trials, 1)
    if noise == "gaussian":
        return generator.normal(mean, SPREAD)
    if noise == "poisson":
        return generator.poisson(mean)
    share = (
        1 / OVERDISPERSED
    )  # a negative binomial of which the variance is the mean over the share
    return generator.negative_binomial(mean * share / (1 - share), share)


def covered(
    count: int, noise: str, bent: bool = False, seed: int = 0, fit_s: bool | None = None
) -> Iterator[dict[str, bool] | None]:
    """For each cell, whether each interval contains the true value; None where the fit refuses."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        truth = neuron(generator, bent)
        response = session(generator, truth, noise)
        settings = {"noise": noise, "supersaturation": bent if fit_s is None else fit_s}
        yield _held(truth, CONTRAST, response, **settings)


def covered_pools(count: int, noise: str, seed: int = 0) -> Iterator[dict[str, bool] | None]:
    """The same of populations, fitted with the normalisation model."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        cells = Population.drawn(generator)
        mean = np.repeat(cells.mean[..., None], POOL_TRIALS, 2)
        response = (
            generator.poisson(mean) if noise == "poisson" else generator.normal(mean, POOL_SPREAD)
        )
        settings = {"model": "normalization", "tuning": cells.tuning, "noise": noise}
        yield _held(cells.truth, cells.drive, response, **settings)


def _held(truth: Mapping[str, float], *given, **settings) -> dict[str, bool] | None:
    try:
        found = normlab.fit(*given, folds=2, **settings)
    except DataError:
        return None
    fitted = {name: e for name, e in found.parameters.items() if not e.fixed}
    return {name: e.covers(truth[name]) for name, e in fitted.items()}


def shares(outcomes) -> tuple[dict[str, float], int]:
    """The share of intervals that hold each parameter, of all cells, and how many were refused."""
    told = [one for one in outcomes if one is not None]
    held: dict[str, list[bool]] = {}
    for name, inside in (pair for one in told for pair in one.items()):
        held.setdefault(name.partition(".")[0], []).append(inside)
    return {name: float(np.mean(each)) for name, each in held.items()}, len(outcomes) - len(told)


class Population:
    """Eight cells of the normalisation model, and gratings alone and on one another."""

    def __init__(self, seed: int = 0, cells: int = 8):
        generator = np.random.default_rng(seed)
        self.tuning = np.arange(cells) * 180.0 / cells
        alone = [[(c, a)] for c in (0.05, 0.1, 0.2, 0.4, 0.8) for a in (0, 45, 90, 135)]
        plaids = [
            [(c, a), (m, a + 90)] for m in (0.1, 0.4) for c in (0.1, 0.3) for a in (0, 45, 90, 135)
        ]
        self.drive = np.array([self._driven(gratings) for gratings in [[], *alone, *plaids]])
        self.sigma, self.n, self.kappa = 0.12, 2.0, 1.0
        self.gamma, self.baseline = generator.uniform(20, 60, cells), generator.uniform(2, 6, cells)

    @classmethod
    def drawn(cls, generator) -> "Population":
        """Another one, with parameters of its own."""
        made = cls(int(generator.integers(2**31)))
        made.sigma, made.n, made.kappa = generator.uniform((0.08, 1.5, 0), (0.2, 2.5, 2)).tolist()
        return made

    def _driven(self, gratings):
        sums = np.zeros(len(self.tuning))
        for contrast, angle in gratings:
            sums += contrast * np.exp(2 * np.cos(np.radians(2 * (self.tuning - angle))) - 2)
        return sums

    @property
    def mean(self):
        """Written out with loops: nothing of the package."""
        rates = np.empty_like(self.drive)
        for j, own in enumerate(self.tuning):
            weights = [
                np.exp(self.kappa * np.cos(np.radians(2 * (own - other)))) for other in self.tuning
            ]
            for i, drives in enumerate(self.drive):
                pooled = sum(w * d**self.n for w, d in zip(weights, drives, strict=True)) / sum(
                    weights
                )
                rates[i, j] = self.baseline[j] + self.gamma[j] * drives[j] ** self.n / (
                    self.sigma**self.n + pooled
                )
        return rates

    @property
    def truth(self):
        cells = range(len(self.tuning))
        return (
            {"sigma": self.sigma, "n": self.n, "kappa": self.kappa}
            | {f"gamma.{j}": self.gamma[j] for j in cells}
            | {f"baseline.{j}": self.baseline[j] for j in cells}
        )
