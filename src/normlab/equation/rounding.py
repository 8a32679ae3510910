"""How far rounding may take a computation in some dtype from the right numbers.

Each of these follows from where roundings enter and how they add up: `check`, `grade` and the chapter's
claims read them from here.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from normlab.equation.pools import Axes
from normlab.equation.reference import Normalized

_FEW = 16.0  # roundings of an element on its way from x to y, with room for an order of summation


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
    x: Tensor,
    out: Normalized,
    dtype: torch.dtype,
    computed: torch.dtype,
    gain: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """What rounding may do to y = gain · d / scale + bias, of which n numbers are pooled, element by element.

    With u half an ε of the dtype computed in: a sum of n terms by halves, as torch's, is rounded log₂ n
    times, whose random walk is off by u √log₂ n of the mean |x|, and so is the center; d keeps that, and an
    implementation that computes x · (gain/scale) − center · (gain/scale) has two roundings of each
    product. The scale is off by half of what its sum is, n numbers of one sign in any order, u √n. What is
    left are single roundings, those of the bias, and that to the dtype of y. The reference does the same in
    float64.

        |gain| u ((2 |x| + (3 + √log₂ n) max |x|) / scale + (√n / 2 + 6) |n|) + u (2 |y| + |bias|)
    """
    unit = (torch.finfo(computed).eps + torch.finfo(torch.float64).eps) / 2
    pooled = _pooled(x, out)
    steep = 1.0 if gain is None else gain.detach().double().abs().amax()
    size = out.y.detach().abs()
    far = x.detach().double().abs() * _slope(x, out) * float(out.row.center)
    off = (2 * far + (3 + math.log2(pooled) ** 0.5) * far.amax()) * steep
    powers = 1.0 if out.row.p is None else 2.0  # a pool under a power of its own, not the nth root
    off = off + (0.5 * pooled**0.5 + 6) * powers * (size + _largest(bias))
    off = off + 2 * size + _largest(bias)
    kind = torch.finfo(dtype)
    usual = size.square().mean().sqrt() + _largest(
        bias
    )  # a statistic may be kept in the dtype of y
    coarse = kind.eps * (size + usual) if dtype != computed else 0.0
    return unit * off + coarse + kind.eps * kind.tiny + torch.finfo(computed).tiny


def of_step(
    step: Callable[[Tensor], Tensor], y: Tensor, before: Tensor, computed: torch.dtype
) -> Tensor:
    """What becomes of that behind an elementwise step: as much as the step moves, and a few roundings."""
    with torch.no_grad():
        moved = torch.maximum(
            (step(y + before) - step(y)).abs(), (step(y - before) - step(y)).abs()
        )
    return torch.maximum(moved, before) + 4 * torch.finfo(computed).eps * (y.abs() + step(y).abs())


def of_solved_weights(out: Normalized, channels: int) -> Tensor:
    """What y loses whose pool has weights that were solved for in float64, from as many sums as places.

    Least squares are off by roundings of a channel's largest sum, at every place: 16 ε |y| max(sum) / sum.
    """
    sums = out.scale.detach().double().abs().expand(out.y.shape)
    sums = sums ** (1 / out.row.number("p"))
    places = [dim for dim in range(sums.dim()) if dim != channels % sums.dim()]
    small = sums.clamp_min(torch.finfo(torch.float64).tiny)
    share = sums.amax(places, keepdim=True) / small
    return _FEW * torch.finfo(torch.float64).eps * share * out.y.detach().double().abs()


def _pooled(x: Tensor, out: Normalized) -> float:
    """Numbers in one pool; of a window or of learned weights at most those of a sample."""
    if isinstance(out.row.pool, Axes):
        return max(1.0, x.numel() / max(out.pool.numel(), 1))
    return float(max(1, x[0].numel()))


def _largest(bias: Tensor | None) -> float:
    return 0.0 if bias is None else bias.detach().double().abs().amax().item()


def of_gradient(x: Tensor, out: Normalized, gradient: Tensor, dtype: torch.dtype) -> Tensor:
    """Rounding of a gradient: that of the normalised values in it, and √n for a sum of n of them."""
    steep = 1.0 + (x.double().abs() / out.scale.abs().clamp_min(1e-300)).amax()
    summed = max(1.0, x.numel() / max(gradient.numel(), 1)) ** 0.5
    size = gradient.abs().amax() + summed if gradient.numel() else gradient.sum()
    return (8 * torch.finfo(dtype).eps * steep * size).expand(gradient.shape)


def _slope(x: Tensor, out: Normalized) -> Tensor:
    """|y / d| where that is defined: what an error of d becomes in y."""
    return (1.0 / out.scale.abs().clamp_min(1e-300)).expand(x.shape)
