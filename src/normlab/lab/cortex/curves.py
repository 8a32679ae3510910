"""What is read off a curve: peaks, widths, crossings. Arrays of numpy, x rising."""

import numpy as np

Curve = np.ndarray


def peak(x: Curve, y: Curve) -> float:
    """The x of the largest y.

    >>> peak(np.array([1.0, 2.0, 4.0]), np.array([0.0, 5.0, 3.0]))
    2.0
    """
    return float(x[int(np.argmax(y))])


def crossings(x: Curve, y: Curve, level: float) -> list[float]:
    """Every x at which the curve passes the level, between samples by a straight line.

    >>> crossings(np.array([0.0, 1.0, 2.0]), np.array([0.0, 4.0, 0.0]), 1.0)
    [0.25, 1.75]
    """
    above = y >= level
    at = np.flatnonzero(above[1:] != above[:-1])
    share = (level - y[at]) / (y[at + 1] - y[at])
    return [float(v) for v in x[at] + share * (x[at + 1] - x[at])]


def width(x: Curve, y: Curve, level: float | None = None) -> float:
    """Full width of the peak at half of its height (or at a level); NaN if one side never falls so far.

    >>> width(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([0.0, 0.0, 4.0, 0.0, 0.0]))
    1.0
    """
    level = float(y.max()) / 2 if level is None else level
    top, found = peak(x, y), crossings(x, y, level)
    left = [v for v in found if v < top]
    right = [v for v in found if v > top]
    return right[0] - left[-1] if left and right else float("nan")


def half_contrast(contrast: Curve, rate: Curve, blank: float) -> float:
    """The contrast of half the largest response above the blank's."""
    found = crossings(contrast, rate - blank, float(np.max(rate - blank)) / 2)
    return found[0] if found else float("nan")


def steepest(contrast: Curve, rate: Curve) -> float:
    """The contrast, midway on a log axis, where rate rises most per log unit of contrast."""
    log = np.log(contrast)
    slopes = np.diff(rate) / np.diff(log)
    i = int(np.argmax(slopes))
    return float(np.exp((log[i] + log[i + 1]) / 2))


def largest_rise(y: Curve) -> float:
    """How far a curve that should only fall climbs at most, from its lowest point so far.

    >>> largest_rise(np.array([5.0, 3.0, 3.5, 1.0]))
    0.5
    """
    return float(np.max(y - np.minimum.accumulate(y)))


def suppression(rate: Curve, alone: float) -> Curve:
    """The suppression index 1 − R(with) / R(alone)."""
    return 1 - rate / alone
