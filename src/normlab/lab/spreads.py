"""A mean over images, seeds or samples, with the half-width of its confidence interval."""

import numpy as np
from numpy.typing import ArrayLike


def mean_and_spread(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The mean, and half the width of Student's interval for it (NaN for fewer than two values).

    >>> mean, spread = mean_and_spread([1.0, 2.0, 3.0])
    >>> mean, round(spread, 3)  # t(2) = 4.303, standard error 1/√3
    (2.0, 2.484)
    """
    from scipy.stats import t

    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2:
        return float(found.mean()), float("nan")
    error = found.std(ddof=1) / len(found) ** 0.5
    return float(found.mean()), float(t.ppf((1 + level) / 2, len(found) - 1) * error)
