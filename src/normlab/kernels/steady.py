"""Where the rounding of a mean would show in y, and normalising about a center instead.

torch computes x·rate − mean·rate. Where |mean| is many deviations, or x does not vary and eps alone is
the divisor, that difference is rounding. It is seen in the statistics, which have few elements; then x
is taken about its center first, which no row that subtracts a mean can see.
"""

from typing import Any

import torch
from torch import Tensor

from normlab.dtypes import HALF, widened
from normlab.equation.pooling import centered_on
from normlab.equation.table import find
from normlab.kernels import native
from normlab.tracing import fake, in_make_fx, plain, values_known

FAR = 1e3  # |mean| / deviation from which on rounding shows in y: 1e-4 of it
FAR_OF_HALVES = 1.0  # … where torch keeps the mean in a half type: there it is off by |mean| / 2⁸
FLAT = 0.5  # var + eps of which eps has this share is that of values that hardly vary
ALONE = (
    1e4  # … of a single element, whose y is the bias and whose gradients, of 0, are noise in torch
)
NARROW = (
    2 / FLAT
)  # r²/width in units of eps from which on var + eps is not that of values that hardly vary
FEW = 16  # statistics that a loop tests faster than torch's operators


def seen(x: Tensor) -> bool:
    """Whether statistics may be looked at: on the CPU, where that waits for nothing, and untraced."""
    return (plain(x) and not in_make_fx()) or (x.is_cpu and values_known(x))


def far(mean: Tensor) -> float:
    """How many deviations a mean may have in batch norm, by the dtype that it was computed with in."""
    return FAR_OF_HALVES if mean.dtype in HALF else FAR


def shows(mean: Tensor, rate: Tensor, eps: float, far: float = FAR, flat: float = FLAT) -> bool:
    """Whether rounding of the mean shows in a y that is scaled by rate = 1 / √(var + eps).

    mean and rate are contiguous and of one dtype, as torch's operators return them.
    """
    test = native.shows.get(mean.dtype)
    if test is not None and type(mean) is Tensor:
        return test(mean.data_ptr(), rate.data_ptr(), mean.numel(), eps / flat, far)
    if mean.dtype in HALF:
        return shows(mean.float(), rate.float(), eps, far, flat)
    if in_make_fx() or fake(mean):
        return False
    native.in_use()  # looks for the kernels, if this is the first call
    if mean.numel() <= FEW:
        pairs = zip(mean.flatten().tolist(), rate.flatten().tolist(), strict=True)
        return any(abs(m) * r > far or (m != 0 and r * r * eps > flat) for m, r in pairs)
    most, fastest = torch.linalg.vector_norm(mean.detach(), torch.inf).item(), rate.amax().item()
    if most * fastest <= far and fastest * fastest * eps <= flat:
        return False
    still = (mean != 0) & (rate * rate * eps > flat)
    return bool((((mean * rate).abs() > far) | still).any())


def varies(x: Tensor, width: int, eps: float) -> bool:
    """Whether a few values of each row of so many say that `shows` is False; False also where they do not.

    With a value on the other side of 0, or 0, the variance is at least mean²/width: |mean| is at most √width
    deviations. Two values that are r apart make it at least r²/(2·width). x: contiguous, and plain.
    """
    test = native.varies.get(x.dtype)
    return test is not None and test(x.data_ptr(), x.numel(), width, NARROW * eps)


def shows_in(x: Tensor, mean: Tensor, rate: Tensor, eps: float, far: float = FAR) -> bool:
    """`shows`, for pools that may have a single element."""
    if not shows(mean, rate, eps, far):  # the stricter test of the two
        return False
    return mean.numel() != x.numel() or shows(mean, rate, eps, ALONE, torch.inf)


def about_center(x: Tensor, row: str, **settings: Any) -> tuple[Tensor, Tensor]:
    """x − center in the dtype computed in, and the center, which carries no gradient."""
    wide = widened(x)
    center = centered_on(find(row).pool, wide.detach(), None, settings)
    return wide - center, center
