"""A contrast response fitted by the equation itself, with confidence intervals."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.errors import DataError

LEVEL = 0.95
_NAMES = ("rmax", "c50", "power")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A fitted value and the ends of its confidence interval (NaN where the data do not tell)."""

    value: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2

    def covers(self, truth: float) -> bool:
        return self.low <= truth <= self.high


@dataclass(frozen=True)
class Fit:
    """A Naka–Rushton curve: rmax in units of the response, c50 in those of contrast, power n."""

    rmax: Estimate
    c50: Estimate
    power: Estimate

    def curve(self, contrast: ArrayLike) -> Array:
        logs = np.log([getattr(self, name).value for name in _NAMES])
        return naka_rushton(_tensor(contrast), torch.from_numpy(logs)).numpy()


def naka_rushton(contrast: Tensor, logs: Tensor) -> Tensor:
    """R = rmax cⁿ / (c50ⁿ + cⁿ), the divisive row of one cell that is its own pool.

    logs: natural logarithms of rmax, c50 and n, so that all three stay positive.
    """
    rmax, c50, power = logs.exp()
    x, weight = contrast[:, None], rmax[None]
    return normalize(x, "divisive", sigma=c50, power=power, weight=weight).y[:, 0]


def fit(
    contrast: ArrayLike, response: ArrayLike, variance: Callable[[Array], Array] | None = None
) -> Fit:
    """Least squares for rmax, c50 and n, with 95 % intervals from the curvature in their logarithms.

    variance: of each response, as a function of the fitted response (Poisson counts: their mean over
    the seconds observed). The fit is then weighted by it, and done again; without it the residuals tell the
    variance, and the intervals are Student's.

    Errors: DataError for fewer than four contrasts, values that are negative or not finite, or
    responses that are all 0.
    Limits: data that never saturate leave c50 open: an interval that is wide, endless or NaN.
    """
    c, r = _checked(contrast, response)
    logs, covariance = _least_squares(c, r, _start(c, r), None)
    if variance is not None:
        spread = np.sqrt(variance(naka_rushton(_tensor(c), torch.from_numpy(logs)).numpy()))
        logs, covariance = _least_squares(c, r, logs, spread)
    return Fit(*_intervals(logs, covariance, len(c) - 3 if variance is None else None))


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


def _start(c: Array, r: Array) -> Array:
    """rmax from the largest response, c50 from the contrast nearest to half of it, n = 2."""
    seen = c > 0
    half = float(c[seen][np.abs(r[seen] - r.max() / 2).argmin()])
    return np.log(np.array([1.2 * float(r.max()), half, 2.0]))


def _least_squares(c: Array, r: Array, start: Array, spread: Array | None) -> tuple[Array, Array]:
    from scipy.optimize import OptimizeWarning, curve_fit

    x = _tensor(c)

    def curve(_: Array, *logs: float) -> Array:
        return naka_rushton(x, torch.tensor(logs, dtype=torch.float64)).numpy()

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", OptimizeWarning)  # an endless covariance says it
        try:
            logs, covariance = curve_fit(curve, c, r, start, spread, spread is not None)
        except RuntimeError:  # no convergence
            return start, np.full((3, 3), np.nan)
    return logs, covariance


def _intervals(logs: Array, covariance: Array, freedom: int | None) -> list[Estimate]:
    from scipy.stats import norm, t

    far = norm.ppf((1 + LEVEL) / 2) if freedom is None else t.ppf((1 + LEVEL) / 2, freedom)
    reach = far * np.sqrt(np.diag(covariance))
    with np.errstate(over="ignore"):
        ends = np.exp([logs, logs - reach, logs + reach])
    return [Estimate(*map(float, column)) for column in ends.T]


def _tensor(values: ArrayLike) -> Tensor:
    return torch.as_tensor(np.asarray(values, dtype=np.float64))
