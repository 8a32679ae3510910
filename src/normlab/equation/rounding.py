"""How far rounding may take a computation in some dtype from the right numbers.

Each of these follows from where roundings enter and how they add up: `check`, `grade` and the chapter's
claims read them from here.
"""

import torch
from torch import Tensor

from normlab.equation.reference import Normalized

_FEW = 16.0  # roundings of an element on its way from x to y, with room for an order of summation
_EACH = 3.0  # roundings of the division, and of weight and bias, about half an eps each


def walk(dtype: torch.dtype, terms: float) -> float:
    """One rounding, and the random walk of those in a sum of that many terms: ε √n.

    >>> walk(torch.float32, 4) == 2 * torch.finfo(torch.float32).eps
    True
    """
    return torch.finfo(dtype).eps * terms**0.5


def of_largest(dtype: torch.dtype, pooled: int, spread: float) -> float:
    """What rounding may do to any element, as a share of the largest: 16 ε √(pool size) max(1, spread).

    spread: the largest |x| by the least divisor, where something is subtracted from x: what is left of a
    difference keeps the rounding of what was subtracted.
    """
    return _FEW * walk(dtype, pooled) * max(1.0, spread)


def of_elements(x: Tensor, scale: Tensor, y: Tensor, pooled: int) -> Tensor:
    """What rounding may do to each element: ε √(pool size) (1 + |x|/scale + |y|).

    The center carries a relative error of about ε√n in |x|, which the division magnifies by 1/scale;
    the scale carries one of ε√n, which touches y.
    """
    return walk(x.dtype, pooled) * (1 + x.abs() / scale + y.abs())


def of_term(dtype: torch.dtype, pooled: int, term: float, far: float) -> float:
    """One rounding of the largest term of a sum whose terms may cancel: ε √(pool size) (1 + far) term.

    far: the largest |x|/scale where a center is subtracted, which carries the rounding of x.
    """
    return max(walk(dtype, pooled) * (1 + far) * term, torch.finfo(dtype).tiny)


def of_output(
    x: Tensor, out: Normalized, dtype: torch.dtype, computed: torch.dtype, weight: Tensor | None
) -> Tensor:
    """Rounding of y.

    A center is rounded to the dtype computed in, so y is off by eps·|x|/scale, which no
    implementation that returns its mean in that dtype can avoid; a sum over n elements adds √n.
    """
    fine, coarse = torch.finfo(computed).eps, torch.finfo(dtype).eps
    gain = _slope(x, out)
    shaken = (x.double().abs() * gain).amax() if out.row.center else out.y.abs().amax()
    pooled = max(1.0, x.numel() / max(out.pool.numel(), 1)) ** 0.5
    inner = fine * (x.double().abs() * gain + shaken + pooled * out.y.abs())
    steep = 1.0 if weight is None else weight.detach().double().abs().amax().clamp_min(1.0)
    return steep * inner + (_EACH * fine + (coarse if dtype != computed else 0.0)) * (
        1.0 + out.y.abs()
    )


def of_gradient(x: Tensor, out: Normalized, gradient: Tensor, dtype: torch.dtype) -> Tensor:
    """Rounding of a gradient: that of the normalised values in it, and √n for a sum of n of them."""
    steep = 1.0 + (x.double().abs() / out.scale.abs().clamp_min(1e-300)).amax()
    summed = max(1.0, x.numel() / max(gradient.numel(), 1)) ** 0.5
    size = gradient.abs().amax() + summed if gradient.numel() else gradient.sum()
    return (8 * torch.finfo(dtype).eps * steep * size).expand(gradient.shape)


def _slope(x: Tensor, out: Normalized) -> Tensor:
    """|y / d| where that is defined: what an error of d becomes in y."""
    return (1.0 / out.scale.abs().clamp_min(1e-300)).expand(x.shape)
