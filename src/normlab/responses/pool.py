"""The normalisation model of many cells, its derivatives, and where a search for it begins.

    R_j = baseline_j + γ_j · D_jⁿ / (σⁿ + Σ_k w_jk D_kⁿ),   w_jk ∝ exp(κ cos 2(θ_j − θ_k)),   Σ_k w_jk = 1

γ, σⁿ and w have a common factor that no response tells; the weights of each pool sum to 1, which fixes it.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar

import numpy as np

from normlab.responses.lines import line
from normlab.responses.noise import Noise, Observed
from normlab.responses.parameters import Array, Parameter

_FAR = 100.0
SHARED = ("sigma", "n", "kappa")


@dataclass(frozen=True)
class Pool:
    """Responses (stimuli, cells), flat, by drives of the same shape and tuning (cells,) in degrees."""

    drive: Array
    tuning: Array
    counts: bool

    name: ClassVar[str] = "normalization"
    formula: ClassVar[str] = (
        r"R_j = \text{baseline}_j + \gamma_j \frac{D_j^n}{\sigma^n + \sum_k w_{jk} D_k^n}, \quad "
        r"w_{jk} \propto e^{\kappa \cos 2(\theta_j - \theta_k)}, \quad \sum_k w_{jk} = 1"
    )
    words: ClassVar[str] = "R = baseline + gamma · Dⁿ / (sigmaⁿ + Σ w·Dⁿ), Σ w = 1"

    @property
    def shown(self) -> Array:
        """What drove the cells."""
        return self.drive

    def elsewhere(self, drive: Array) -> "Pool":
        """The same cells with other drives (stimuli, cells)."""
        return replace(self, drive=drive)

    @property
    def cells(self) -> int:
        return self.drive.shape[1]

    def parameters(self, mean: Array) -> tuple[Parameter, ...]:
        """sigma, n, kappa, then gamma of every cell and baseline of every cell."""
        seen = self.drive[self.drive > 0]
        by_cell = mean.reshape(self.drive.shape)
        ranges = np.maximum(np.ptp(by_cell, axis=0), 1e-3 * (float(np.ptp(mean)) or 1.0))
        shared = (
            Parameter("sigma", "positive", "semi-saturation, in units of the drive",
                      float(seen.min()) / _FAR, float(seen.max()) * _FAR, True),
            Parameter("n", "positive", "exponent", 0.05, 50.0, True),
            Parameter("kappa", "real", "concentration of the pool about the cell's own tuning; 0: uniform",
                      -50.0, 50.0, True),
        )  # fmt: skip
        gains = [
            Parameter(f"gamma.{j}", "positive", "gain of a cell", r / _FAR**2, r * _FAR**2, True)
            for j, r in enumerate(ranges)
        ]
        bases = [
            Parameter(f"baseline.{j}", "positive" if self.counts else "real", "response without a drive",
                      r * 1e-6 if self.counts else float(mean.min()) - _FAR * r,
                      float(mean.max()) + _FAR * r)
            for j, r in enumerate(ranges)
        ]  # fmt: skip
        return (*shared, *gains, *bases)

    def mean(self, inner: Array) -> tuple[Array, Array]:
        """Responses (stimuli · cells,), and their derivatives by the inner parameters."""
        stimuli, cells = self.drive.shape
        gain, base = np.exp(inner[3 : 3 + cells]), inner[3 + cells :]
        base = np.exp(base) if self.counts else base
        share, by_shared = self.shares(*inner[:3])
        slopes = np.zeros((stimuli, cells, 3 + 2 * cells))
        slopes[..., :3] = by_shared * gain[:, None]
        own = np.arange(cells)
        slopes[:, own, 3 + own] = share * gain
        slopes[:, own, 3 + cells + own] = base if self.counts else 1.0
        return (base + gain * share).ravel(), slopes.reshape(stimuli * cells, -1)

    def shares(self, log_sigma: float, log_n: float, kappa: float) -> tuple[Array, Array]:
        """Dⁿ / (σⁿ + Σ w Dⁿ) of (stimuli, cells), and its derivatives by ln σ, ln n and κ in a last axis."""
        n = np.exp(min(log_n, 50.0))
        log_ratio = np.log(np.maximum(self.drive, 1e-300)) - log_sigma  # in units of σ
        power = np.where(self.drive > 0, np.exp(np.minimum(n * log_ratio, 300.0)), 0.0)
        cosines = np.cos(np.radians(2 * (self.tuning[:, None] - self.tuning)))
        weights = np.exp(kappa * cosines - np.abs(kappa))
        weights /= weights.sum(1, keepdims=True)
        turned = weights * (cosines - (weights * cosines).sum(1, keepdims=True))
        scale = 1 + power @ weights.T
        share = power / scale
        by_n = n * power * log_ratio
        by_shared = (
            -n * share / scale,  # of ln σ: the drives in its units shrink, own and pooled
            (by_n - share * (by_n @ weights.T)) / scale,
            -share * (power @ turned.T) / scale,
        )
        return share, np.stack(by_shared, -1)

    def start(self, seen: Observed, noise: Noise, fixed: Array) -> Array:
        """Inner parameters near the best: the shared ones from a grid, those of cells by least squares."""
        positive = self.drive[self.drive > 0]
        tried = (
            np.log(np.geomspace(positive.min(), positive.max(), 9)),
            np.log([1.0, 1.5, 2.0, 3.0]),
            np.array([0.0, 1.0, 3.0]),
        )
        grid = [values if np.isnan(fixed[i]) else [fixed[i]] for i, values in enumerate(tried)]
        found = [self._linear(seen, noise, fixed, np.array(place)) for place in product(*grid)]
        return min(found, key=lambda pair: pair[0])[1]

    def _linear(
        self, seen: Observed, noise: Noise, fixed: Array, shared: Array
    ) -> tuple[float, Array]:
        """The best gains and baselines for given sigma, n and kappa: (sum of squares, inner parameters)."""
        share, _ = self.shares(*shared)
        means, trials = (a.reshape(self.drive.shape) for a in (seen.mean, seen.trials))
        based = np.isnan(fixed[3 + self.cells])
        range_ = float(np.ptp(means)) or 1.0
        gain, base = line(share.T, means.T, trials.T, np.nan, np.nan if based else 0.0)
        gain = np.maximum(gain, 1e-3 * range_)
        if noise.counts and based:
            base = np.maximum(base, 1e-2 * range_)
        lack = float(np.sum(trials * (means - base - gain * share) ** 2))
        with np.errstate(divide="ignore"):
            inner = np.concatenate([shared, np.log(gain), np.log(base) if noise.counts else base])
        return lack, np.where(np.isnan(fixed), inner, fixed)
