"""Straight lines by least squares, many at once."""

import numpy as np

from normlab.responses.parameters import Array

_NONE = 1e-28  # of its squares: x that varies no more is constant but for rounding


def line(
    x: Array, y: Array, weight: Array, rise: Array | float, base: Array | float
) -> tuple[Array, Array]:
    """The rise and the base for which rise · x + base is nearest to y along the last axis.

    rise and base: NaN where they are sought, or known. Where x is constant the rise is 0.
    """
    share = weight / weight.sum(-1, keepdims=True)
    seek_rise, seek_base = np.isnan(rise).all(), np.isnan(base).all()
    x_mean, y_mean = (np.sum(share * a, -1, keepdims=True) for a in (x, y))
    from_x, from_y = (x - x_mean, y - y_mean) if seek_base else (x, y - base)
    if seek_rise:
        squares = np.sum(share * from_x**2, -1)
        products = np.sum(share * from_x * from_y, -1)
        flat = squares <= _NONE * np.sum(share * x**2, -1)
        rise = np.where(flat, 0.0, products / np.where(flat, 1.0, squares))
    rise = np.broadcast_to(rise, x.shape[:-1])
    found = y_mean[..., 0] - rise * x_mean[..., 0] if seek_base else base
    return rise, np.broadcast_to(found, x.shape[:-1])
