"""Count, mean and sum of squared deviations: exact in float64, mergeable in any order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.errors import DtypeError, ShapeError


@dataclass(eq=False)
class Moments:
    """Streaming mean and variance of any number of arrays, mergeable across shards.

        n = n₁ + n₂,   δ = mean₂ − mean₁,   mean = mean₁ + δ·n₂/n,   M2 = M2₁ + M2₂ + δ²·n₁·n₂/n

    Shapes: the dimensions left after `dims` are reduced; the first update sets them.
    Dtype: everything is accumulated in float64, whatever comes in (on the CPU where the device has
        no float64). Each array's own M2 is computed in two passes, so nothing cancels.
    Errors: ShapeError when shapes do not agree; DtypeError for complex data.
    Limits: an update or merge with nothing changes nothing; mean is NaN before the first element; var
        is NaN when count <= correction. NaN in the data makes mean and var NaN.
    Source: Chan, Golub & LeVeque 1983, eqs. 2.1a and 2.1b.

    >>> import torch
    >>> shards = torch.tensor([[1.0], [2.0]]), torch.tensor([[6.0]])
    >>> left, right = (Moments().update(shard) for shard in shards)
    >>> both = left.merge(right)
    >>> both.count, both.mean.item(), both.var().item()
    (3, 3.0, 7.0)
    """

    count: int = 0
    _mean: Tensor | None = None
    _m2: Tensor | None = None

    def update(self, x: Tensor, dims: int | Sequence[int] = 0) -> "Moments":
        """Take in an array, reducing `dims`; returns itself."""
        merged = self.merge(Moments._of(x, (dims,) if isinstance(dims, int) else tuple(dims)))
        self.count, self._mean, self._m2 = merged.count, merged._mean, merged._m2
        return self

    def merge(self, other: "Moments") -> "Moments":
        """The moments of both together; neither is changed."""
        if other._mean is None or self._mean is None:
            known = self if other._mean is None else other
            return Moments(known.count, known._mean, known._m2)
        if self._mean.shape != other._mean.shape:
            raise ShapeError(
                f"Moments of shape {tuple(self._mean.shape)} and {tuple(other._mean.shape)} do not "
                f"merge; reduce the same dimensions of arrays with the same features."
            )
        return self._combine(other)

    def _combine(self, other: "Moments") -> "Moments":
        assert self._mean is not None and self._m2 is not None
        assert other._mean is not None and other._m2 is not None
        here, count = self._mean.device, self.count + other.count
        each = self._mean.new_tensor([self.count, other.count]).view(2, *[1] * self._mean.dim())
        means = torch.stack([self._mean, other._mean.to(here)])
        _, mean, m2 = merged(each, means, torch.stack([self._m2, other._m2.to(here)]))
        return Moments(count, mean, m2)

    @classmethod
    def _of(cls, x: Tensor, dims: tuple[int, ...]) -> "Moments":
        """Two passes over one array; the second removes what rounding left in the mean."""
        if x.is_complex():
            raise DtypeError(f"Moments: x is {x.dtype}; give real numbers.")
        if x.dim() == 0:
            raise ShapeError(
                "Moments: x is a single number; give at least one dimension to reduce."
            )
        named = {dim % x.dim() for dim in dims if -x.dim() <= dim < x.dim()}
        if not dims or len(named) < len(dims):
            raise ShapeError(
                f"Moments: dims={dims} given for x of shape {tuple(x.shape)}; name one or more of "
                f"its {x.dim()} dimensions, each once."
            )
        wide = _wide(x.detach())
        count = math.prod(x.shape[dim] for dim in dims)
        if x.numel() == 0:
            return cls(0, wide.sum(dims), wide.sum(dims))
        first = _first(wide, dims)  # of equal numbers nothing is left
        mean = first + (wide - first).mean(dims, keepdim=True)
        rest = wide - mean
        slip = rest.mean(dims, keepdim=True)
        m2 = (rest - slip).square_().sum(dims)
        return cls(count, (mean + slip).reshape(m2.shape), m2)

    @property
    def mean(self) -> Tensor:
        """The mean, float64; NaN when nothing was taken in."""
        if self._mean is None:
            return torch.tensor(torch.nan, dtype=torch.float64)
        return self._mean if self.count else torch.full_like(self._mean, torch.nan)

    def var(self, correction: float = 1) -> Tensor:
        """M2 / (count − correction): unbiased by default, biased with ``correction=0``."""
        if self._m2 is None or self.count <= correction:
            return torch.full_like(self.mean, torch.nan)
        return self._m2 / (self.count - correction)

    def std(self, correction: float = 1) -> Tensor:
        """The square root of var."""
        return self.var(correction).sqrt()


def merged(count: Tensor, mean: Tensor, m2: Tensor, *higher: Tensor) -> tuple[Tensor, ...]:
    """The moments of all parts together, from those of each part along axis 0.

        n = Σ n_i,   mean = r + Σ (mean_i − r)·n_i/n,   M2 = Σ M2_i + n_i·δ_i²,   δ_i = mean_i − mean
        M3 = Σ M3_i + 3δ_i·M2_i + n_i·δ_i³,   M4 = Σ M4_i + 4δ_i·M3_i + 6δ_i²·M2_i + n_i·δ_i⁴

    r is the mean of the largest part: parts whose means are equal add nothing to M2, and all others what
    their differences do. A part of no element counts for nothing; its mean must be finite.
    `higher`: M3, or M3 and M4, where they are wanted. Source: Pébay 2008, eq. 2.1.

    >>> n, mean, m2 = merged(*torch.tensor([[[1.0], [3.0]], [[0.0], [4.0]], [[0.0], [6.0]]]))
    >>> n.item(), mean.item(), m2.item()
    (4.0, 3.0, 18.0)
    """
    total = count.sum(0)
    share = count / total.clamp_min(1)
    largest = count.expand_as(mean).argmax(0, keepdim=True)
    reference = mean.gather(0, largest)
    center = reference[0] + ((mean - reference) * share).sum(0)
    delta = mean - center
    squared = delta * delta
    sums = [m2.sum(0) + (count * squared).sum(0)]
    if higher:
        sums.append((higher[0] + delta * (3 * m2 + count * squared)).sum(0))
    if len(higher) > 1:
        rest = 4 * delta * higher[0] + squared * (6 * m2 + count * squared)
        sums.append((higher[1] + rest).sum(0))
    return total, center, *sums


def _first(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    for dim in dims:
        x = x.narrow(dim, 0, 1)
    return x


def _wide(x: Tensor) -> Tensor:
    try:
        return x.double()
    except TypeError:  # MPS has no float64
        return x.cpu().double()
