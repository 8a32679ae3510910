"""Powers and their slopes, by roots and products where that does; slopes at exactly 0 are finite."""

from typing import Any

import torch
from torch import Tensor

from normlab.equation.reference import positive_power, signed_power

_QUARTERS = 16  # up to this many factors of a fourth root are faster than a power


def inverse_power(s: Tensor, p: Any) -> Tensor:
    """s^(−p) for s > 0, 0 for infinite s; of a multiple of a quarter by roots: s^(−¾) = r·√r, r = s^(−½).

    √r is 1 / r^(−½): torch's sqrt is many times slower on the CPU than its rsqrt.
    """
    quarters = 0 if isinstance(p, Tensor) else 4 * p
    if quarters != int(quarters) or not 0 < quarters <= _QUARTERS:
        return s**-p
    if quarters % 4 == 0:
        return _product([s.reciprocal()] * (int(quarters) // 4))
    root = s.rsqrt()
    odd = [root.rsqrt().reciprocal()] if quarters % 2 else []
    return _product([root] * (int(quarters) // 2) + odd)


def _product(factors: list[Tensor]) -> Tensor:
    out = factors[0]
    for factor in factors[1:]:
        out = out * factor
    return out


def drive(x: Tensor, m: Any) -> Tensor:
    """sgn(x)|x|^m."""
    if _is(m, 2):
        return x * x.abs()
    return signed_power(x, m)


def drive_slope(x: Tensor, m: Any) -> Tensor | None:
    """m|x|^(m − 1), at exactly 0 the slope of m = 1 and else 0; None for the 1 of m = 1."""
    if _is(m, 1):
        return None
    if not isinstance(m, Tensor):
        return m * positive_power(x, m - 1)
    zero = x == 0
    rest = torch.where(zero, 1.0, x.abs()) ** (m - 1)
    return m * torch.where(zero, (m == 1).to(x), rest)


def energy(e: Tensor, n: Any) -> Tensor:
    """|e|^n."""
    return positive_power(e, n)


def energy_slope(e: Tensor, n: Any) -> tuple[Tensor, float]:
    """n·sgn(e)|e|^(n − 1), 0 where e is exactly 0, as a tensor and the number that multiplies it."""
    if _is(n, 2):
        return e, 2.0
    return (torch.sgn(e) if _is(n, 1) else n * torch.sgn(e) * positive_power(e, n - 1)), 1.0


def log_or_zero(a: Tensor) -> Tensor:
    """log|a|, and 0 at exactly 0, where it multiplies a power that is 0."""
    return torch.where(a == 0, 1.0, a.abs()).log()


def _is(power: Any, number: float) -> bool:
    return not isinstance(power, Tensor) and power == number
