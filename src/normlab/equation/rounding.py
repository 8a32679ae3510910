"""How far a computation in some dtype may be from float64, element by element."""

import torch
from torch import Tensor

from normlab.equation.reference import Normalized

_EACH = 3.0  # roundings of the division, and of weight and bias, about half an eps each


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
