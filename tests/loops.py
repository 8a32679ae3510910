"""The local rows as slow loops over numpy arrays: an oracle that shares no code with the package."""

import itertools
import math

import numpy as np


def neighbours(place, shape, size):
    """(offset, neighbour) of every window place that lies inside the image."""
    steps = range(-(size // 2), size - size // 2)
    for offset in itertools.product(steps, repeat=len(shape)):
        there = tuple(i + o for i, o in zip(place, offset, strict=True))
        if all(0 <= i < length for i, length in zip(there, shape, strict=True)):
            yield offset, there


def tap(offset, width, window):
    return 1.0 if window == "box" else math.exp(-sum(o * o for o in offset) / (2 * width**2))


def window_mean(a, size, width, window, channels, out=None):
    """Weighted mean over the part of the window inside the image, and over channels if asked.

    `width` is a number, or a list with one for each of the `out` output channels.
    """
    widths = width if isinstance(width, list) else [width] * (out or a.shape[1])
    mean = np.zeros((a.shape[0], len(widths), *a.shape[2:]))
    for n, c, place in itertools.product(
        range(a.shape[0]), range(len(widths)), np.ndindex(*a.shape[2:])
    ):
        total = weight = 0.0
        for offset, there in neighbours(place, a.shape[2:], size):
            for k in range(a.shape[1]) if channels else [c]:
                share = tap(offset, widths[c], window)
                total += share * a[(n, k, *there)]
                weight += share
        mean[(n, c, *place)] = total / weight
    return mean


def local_contrast(x, sigma, size, width, window):
    """(y, local deviations): v = x − mean, y = v / √(σ² + mean v²)."""
    v = x - window_mean(x, size, width, window, True)
    spread = window_mean(v**2, size, width, window, True)
    return v / np.sqrt(sigma**2 + spread), np.sqrt(spread)


def jarrett(x, size, width, window):
    v = x - window_mean(x, size, width, window, True)
    spread = np.sqrt(window_mean(v**2, size, width, window, True))
    floor = spread.reshape(len(x), -1).mean(1).reshape(-1, *[1] * (x.ndim - 1))
    return v / np.maximum(floor, spread)


def divisive(x, sigma, power, weight=None, pool=None):
    """weight · sgn(x)|x|^power / (σ^power + Σ_k |e_k|^power), σ and weight one per channel."""
    pool = x if pool is None else pool
    y = np.zeros_like(x)
    for n, c, place in itertools.product(*map(range, x.shape[:2]), np.ndindex(*x.shape[2:])):
        total = sum(abs(pool[(n, k, *place)]) ** power for k in range(pool.shape[1]))
        drive = x[(n, c, *place)]
        top = math.copysign(abs(drive) ** power, drive)
        y[(n, c, *place)] = top / (sigma[c] ** power + total) * (1 if weight is None else weight[c])
    return y


def gdn(x, sigma, pool_weight, power):
    """x_i / (σ_i^power + Σ_j w_ij |x_j|^power)^(1/power)."""
    y = np.zeros_like(x)
    for n, i, place in itertools.product(*map(range, x.shape[:2]), np.ndindex(*x.shape[2:])):
        total = sigma[i] ** power
        for j in range(x.shape[1]):
            total += pool_weight[i][j] * abs(x[(n, j, *place)]) ** power
        y[(n, i, *place)] = x[(n, i, *place)] / total ** (1 / power)
    return y


def std_plus_eps(x, eps):
    """Batch normalisation of an (N, C) table, divided by the standard deviation plus eps."""
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        mean = math.fsum(x[:, c]) / len(x)
        std = math.sqrt(math.fsum((v - mean) ** 2 for v in x[:, c]) / len(x))
        y[:, c] = [(v - mean) / (std + eps) for v in x[:, c]]
    return y


def neighbours_pool(a, weight):
    """Σ w·a / Σ_inside w · Σ w for weight (channels out, channels in, *kernel)."""
    pool = np.zeros((a.shape[0], weight.shape[0], *a.shape[2:]))
    sides = weight.shape[2:]
    for n, i, place in itertools.product(
        range(a.shape[0]), range(weight.shape[0]), np.ndindex(*a.shape[2:])
    ):
        total = inside = 0.0
        for tap in np.ndindex(*sides):
            there = tuple(p + t - s // 2 for p, t, s in zip(place, tap, sides, strict=True))
            if all(0 <= q < length for q, length in zip(there, a.shape[2:], strict=True)):
                for j in range(a.shape[1]):
                    total += weight[(i, j, *tap)] * a[(n, j, *there)]
                    inside += weight[(i, j, *tap)]
        pool[(n, i, *place)] = total / inside * weight[i].sum()
    return pool


def miller(a, k, alpha, width, beta):
    """a²/(k(1 + α/λ Σ_j a_j² e^(−|j|/λ)))^β of the rectified a."""
    a, y = np.maximum(a, 0.0), np.zeros_like(a)
    for n, c, place in itertools.product(*map(range, a.shape[:2]), np.ndindex(*a.shape[2:])):
        total = sum(
            a[(n, j, *place)] ** 2 * math.exp(-abs(c - j) / width) for j in range(a.shape[1])
        )
        y[(n, c, *place)] = a[(n, c, *place)] ** 2 / (k * (1 + alpha / width * total)) ** beta
    return y
