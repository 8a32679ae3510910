"""A mean over images, seeds or samples, with the half-width of its confidence interval."""

import numpy as np
from numpy.typing import ArrayLike


def mean_and_spread(
    values: ArrayLike, level: float = 0.95, overlap: float = 0.0
) -> tuple[float, float]:
    """The mean, and half the width of Student's interval for it (NaN for fewer than two values).

    overlap: test examples over training examples, for values from random splits of the same data. Such
    values are alike, and the variance of their mean is (1/n + overlap) s² (Nadeau & Bengio 2003).

    >>> mean, spread = mean_and_spread([1.0, 2.0, 3.0])
    >>> mean, round(spread, 3)  # t(2) = 4.303, standard error 1/√3
    (2.0, 2.484)
    """
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2:
        return float(found.mean()), float("nan")
    error = found.std(ddof=1) * (1 / len(found) + overlap) ** 0.5
    return float(found.mean()), float(factor(len(found), level) * error)


def factor(count: int, level: float) -> float:
    """Student's factor: half the width of an interval over the standard error of a mean of `count`.

    >>> round(factor(3, 0.95), 3)
    4.303
    """
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, count - 1))
