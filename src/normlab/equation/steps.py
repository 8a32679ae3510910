"""The linear steps a pool is made of, each with its adjoint, so that a pool's adjoint is theirs reversed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.equation.windows import weighted_window, window_sum


class Step:
    """a ↦ Pa; `adjoint` is g ↦ Pᵀg."""

    weighted = False

    def forward(self, a: Tensor) -> Tensor:
        raise NotImplementedError

    def adjoint(self, g: Tensor) -> Tensor:
        raise NotImplementedError

    def weight_gradient(self, g: Tensor, a: Tensor) -> Tensor:
        """Gradient of Σ g·Pa for the weights of a weighted step."""
        raise NotImplementedError


def forward(steps: Sequence[Step], a: Tensor) -> Tensor:
    for step in steps:
        a = step.forward(a)
    return a


def adjoint(steps: Sequence[Step], g: Tensor) -> Tensor:
    for step in reversed(steps):
        g = step.adjoint(g)
    return g


def weight_gradient(steps: Sequence[Step], g: Tensor, a: Tensor) -> Tensor:
    """Of the one weighted step, which sees a through those before it and g through those after."""
    at = next(i for i, step in enumerate(steps) if step.weighted)
    return steps[at].weight_gradient(adjoint(steps[at + 1 :], g), forward(steps[:at], a))


@dataclass(frozen=True)
class Total(Step):
    """Sum over whole dimensions, kept with length 1."""

    dims: tuple[int, ...]
    shape: tuple[int, ...]

    def forward(self, a: Tensor) -> Tensor:
        return a.sum(self.dims, keepdim=True)

    def adjoint(self, g: Tensor) -> Tensor:
        return g.expand([self.shape[d] if d in self.dims else -1 for d in range(g.dim())])


@dataclass(frozen=True)
class Repeat(Step):
    """A single channel, once for each output channel."""

    channels: int

    def forward(self, a: Tensor) -> Tensor:
        return a.expand(-1, self.channels, *[-1] * (a.dim() - 2))

    def adjoint(self, g: Tensor) -> Tensor:
        return g.sum(1, keepdim=True)


@dataclass(frozen=True, eq=False)
class Times(Step):
    """Multiplied by what does not depend on a."""

    factor: Tensor | float

    def forward(self, a: Tensor) -> Tensor:
        return a * self.factor

    def adjoint(self, g: Tensor) -> Tensor:
        return g * self.factor


@dataclass(frozen=True)
class Box(Step):
    """Sum of `size` neighbours; of an even window the extra one lies before."""

    dim: int
    size: int

    def forward(self, a: Tensor) -> Tensor:
        return window_sum(a, self.dim, self.size, self.size // 2)

    def adjoint(self, g: Tensor) -> Tensor:
        return window_sum(g, self.dim, self.size, (self.size - 1) // 2)


@dataclass(frozen=True)
class Taps(Step):
    """Weighted sum of neighbours: one row of weights, or one for each channel."""

    dim: int
    rows: tuple[tuple[float, ...], ...]

    def forward(self, a: Tensor) -> Tensor:
        return weighted_window(a, self.dim, self.rows, len(self.rows[0]) // 2)

    def adjoint(self, g: Tensor) -> Tensor:
        mirrored = tuple(row[::-1] for row in self.rows)
        return weighted_window(g, self.dim, mirrored, (len(self.rows[0]) - 1) // 2)


@dataclass(frozen=True, eq=False)
class Mix(Step):
    """Σ_j weight_ij · channel j."""

    weight: Tensor
    weighted = True

    def forward(self, a: Tensor) -> Tensor:
        return _mixed(self.weight, a)

    def adjoint(self, g: Tensor) -> Tensor:
        return _mixed(self.weight.T, g)

    def weight_gradient(self, g: Tensor, a: Tensor) -> Tensor:
        if g.dim() == 2:
            return g.T @ a
        return torch.bmm(_flat(g), _flat(a).transpose(1, 2)).sum(0)


BLOCK = 8192  # terms that are added up in one product of a table


def _mixed(weight: Tensor, a: Tensor) -> Tensor:
    if a.dim() == 2 and a.shape[1] > BLOCK:
        # a product of some processors adds a million float32 one by one, which is off in the fourth digit
        parts = zip(a.split(BLOCK, 1), weight.split(BLOCK, 1), strict=True)
        return torch.stack([F.linear(rows, columns) for rows, columns in parts]).sum(0)
    if a.dim() == 2 or a.stride(1) == 1:  # channels last: one product, and it stays so
        rows = a.movedim(1, -1)
        mixed = F.linear(rows.reshape(-1, a.shape[1]), weight)
        return mixed.reshape(*rows.shape[:-1], len(weight)).movedim(-1, 1)
    # not matmul, which would copy a to make one product of it
    mixed = torch.bmm(weight.expand(a.shape[0], -1, -1), _flat(a))
    return mixed.reshape(*mixed.shape[:2], *a.shape[2:])


def _flat(a: Tensor) -> Tensor:
    """a.flatten(2), which batched gradients (is_grads_batched) lack."""
    return a.reshape(*a.shape[:2], math.prod(a.shape[2:]))


_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_SPREAD = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


@dataclass(frozen=True, eq=False)
class Neighbours(Step):
    """Σ w·a / Σ_inside w · Σ w over channels and a window; `counted` is 1 where an element counts."""

    weight: Tensor
    counted: Tensor
    weighted = True

    def _parts(self) -> tuple[Tensor, Tensor]:
        """1 / Σ_inside w (0 where nothing is inside), and Σ w."""
        inside = self._summed(self.counted)
        share = torch.where(inside > 0, 1.0 / torch.where(inside > 0, inside, 1.0), 0.0)
        dims = tuple(range(1, self.weight.dim()))
        return share, self.weight.sum(dims).reshape(-1, *[1] * (self.weight.dim() - 2))

    def _summed(self, a: Tensor) -> Tensor:
        return _CONV[a.dim() - 2](self._wide(a), self.weight)

    def _wide(self, a: Tensor) -> Tensor:
        kernel = self.weight.shape[2:]
        return F.pad(a, [p for size in reversed(kernel) for p in (size // 2, (size - 1) // 2)])

    def forward(self, a: Tensor) -> Tensor:
        share, total = self._parts()
        return self._summed(a) * share * total

    def adjoint(self, g: Tensor) -> Tensor:
        share, total = self._parts()
        out = _SPREAD[g.dim() - 2](g * share * total, self.weight)
        for dim, size in enumerate(self.weight.shape[2:], 2):
            out = out.narrow(dim, size // 2, g.shape[dim])
        return out

    def weight_gradient(self, g: Tensor, a: Tensor) -> Tensor:
        """Through Σ w·a, through Σ_inside w and through Σ w."""
        share, total = self._parts()
        one = g * share
        both = one * self._summed(a)
        inside = self._correlated(-both * share * total, self.counted.expand(a.shape))
        dims = (0, *range(2, g.dim()))
        whole = both.sum(dims).reshape(-1, *[1] * (self.weight.dim() - 1))
        return self._correlated(one * total, a) + inside + whole

    def _correlated(self, g: Tensor, a: Tensor) -> Tensor:
        """Σ g[o]·a[j, shifted] for every pair of channels and place of the kernel."""
        rank, wide = g.dim() - 2, self._wide(a)
        ones, zeros = [1] * rank, [0] * rank
        return torch.ops.aten.convolution_backward(
            g, wide, self.weight, None, ones, zeros, ones, False, zeros, 1, [False, True, False]
        )[1]
