"""Count, mean, central sums up to the fourth power, least, most and missing of each channel, in one pass.

By the C++ kernel, or by its twin of torch's operators: what moments, batch norm and data sets share.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from normlab.errors import DtypeError, ShapeError
from normlab.kernels import native
from normlab.kernels.blocks import samples_of
from normlab.kernels.layouts import channels_last
from normlab.tracing import values_known

PART = 1 << 20  # elements that the twin holds in float64 at once


class Moments(NamedTuple):
    """float64, one value for each channel; `least` and `most` of nothing are inf and −inf."""

    count: Tensor  # pyright: ignore[reportIncompatibleMethodOverride]
    mean: Tensor
    m2: Tensor
    m3: Tensor
    m4: Tensor
    least: Tensor
    most: Tensor
    missing: Tensor


def moments(x: Tensor, axis: int = 1) -> Moments:
    """Of the values that are not NaN, along every axis but `axis`:

        count, mean, Σ(x − mean)², Σ(x − mean)³, Σ(x − mean)⁴, smallest, largest, number of NaN

    Shapes: x of any rank from 1 on; each result (x.shape[axis],). For one group of all values give
        x.unsqueeze(0) and axis 0.
    Dtype: x float32, float64, bfloat16 or float16; no gradient. Short sums in float32 (float64 for
        float64) about the values' own mean, merged in float64: a mean of 1e4 costs no digit.
    Limits: of nothing count 0, mean 0. With an infinity mean is infinite or NaN, m2 to m4 are NaN.
    Errors: DtypeError for other dtypes; ShapeError for an axis that x does not have.
    Source: Pébay 2008, Sandia report 2008-6212.

    >>> found = moments(torch.tensor([[1.0], [2.0], [6.0], [torch.nan]]))
    >>> found.count.item(), found.mean.item(), found.m2.item(), found.m3.item(), found.missing.item()
    (3.0, 3.0, 14.0, 18.0, 1.0)
    """
    _check(x, axis)
    groups = _grouped(x.detach(), axis % x.dim())
    if values_known(x) and not native.refused(groups):
        return Moments(*torch.ops.normlab.moments(groups).unbind(1))
    return by_torch(groups)


def _check(x: Tensor, axis: int) -> None:
    if x.dtype not in native.KINDS:
        raise DtypeError(
            f"moments: x is {str(x.dtype).removeprefix('torch.')}; "
            f"give float32, float64, bfloat16 or float16."
        )
    if not -x.dim() <= axis < x.dim():
        raise ShapeError(f"moments: axis={axis} given, but x has shape {tuple(x.shape)}.")


def _grouped(x: Tensor, axis: int) -> Tensor:
    """x as (outer, groups, inner), without a copy where its memory allows."""
    if axis == 1 and channels_last(x) is not None:
        return x.movedim(1, -1).reshape(-1, x.shape[1], 1)
    outer, inner = x.shape[:axis].numel(), x.shape[axis + 1 :].numel()
    return x.reshape(outer, x.shape[axis], inner)


def by_torch(x: Tensor) -> Moments:
    """The same of (outer, groups, inner) by torch's operators: parts in float64, merged."""
    total = _of(x[:0].double())
    for part in x.split(samples_of(x, PART)):
        total = merged(total, _of(part.double()))
    return total


def _of(x: Tensor) -> Moments:
    there = ~x.isnan()
    count = there.sum((0, 2)).double()
    known = torch.where(there, x, 0.0)
    mean = known.sum((0, 2)) / count.clamp_min(1)
    d = torch.where(there, x - mean.unsqueeze(1), 0.0)
    slip = d.sum((0, 2)) / count.clamp_min(1)  # what rounding left in the mean
    d = torch.where(there, d - slip.unsqueeze(1), 0.0)
    m2, m3, m4 = (torch.where(mean.isfinite(), (d**n).sum((0, 2)), torch.nan) for n in (2, 3, 4))
    mean = torch.where(mean.isfinite(), mean + slip, mean)
    least, most = (
        torch.where(there, x, end).movedim(1, 0).flatten(1) for end in (torch.inf, -torch.inf)
    )
    least = torch.cat([least, torch.full_like(count, torch.inf).unsqueeze(1)], 1).amin(1)
    most = torch.cat([most, torch.full_like(count, -torch.inf).unsqueeze(1)], 1).amax(1)
    missing = (x.shape[0] * x.shape[2]) - count
    return Moments(count, mean, m2, m3, m4, least, most, missing)


def merged(a: Moments, b: Moments) -> Moments:
    """Both together (Pébay 2008); a side of nothing counts for nothing."""
    n = a.count + b.count
    d = torch.where((a.count > 0) & (b.count > 0), b.mean - a.mean, 0.0)
    e = d / n.clamp_min(1)
    share = d * e * a.count * b.count
    m4 = (
        share * e**2 * (a.count**2 - a.count * b.count + b.count**2)
        + 6 * e**2 * (a.count**2 * b.m2 + b.count**2 * a.m2)
        + 4 * e * (a.count * b.m3 - b.count * a.m3)
    )
    m3 = share * e * (a.count - b.count) + 3 * e * (a.count * b.m2 - b.count * a.m2)
    mean = torch.where(a.count > 0, a.mean + e * b.count, b.mean)
    mean = torch.where(d.isfinite(), mean, a.mean + b.mean)
    m2, m3, m4 = (
        torch.where(d.isfinite(), part, torch.nan)
        for part in (a.m2 + b.m2 + share, a.m3 + b.m3 + m3, a.m4 + b.m4 + m4)
    )
    least, most = torch.minimum(a.least, b.least), torch.maximum(a.most, b.most)
    return Moments(n, mean, m2, m3, m4, least, most, a.missing + b.missing)
