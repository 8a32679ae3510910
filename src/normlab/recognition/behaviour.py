"""What a normaliser does, whatever its numbers: whom an element influences, centring, scaling degree."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]
_FAR = 1e3  # times x: there σ and eps no longer count


@dataclass(frozen=True)
class Behaviour:
    """`reach` lists, for a few elements, which outputs change with them."""

    reach: tuple[tuple[bool, ...], ...]
    centered: bool
    degree: float

    @property
    def alone(self) -> bool:
        """Whether every element moves its own output, or none."""
        return all(sum(reached) <= 1 for reached in self.reach)

    def like(self, other: "Behaviour") -> bool:
        same = (self.reach, self.centered) == (other.reach, other.centered)
        return same and abs(self.degree - other.degree) <= 0.1

    def __str__(self) -> str:
        reached = sum(map(sum, self.reach)) / len(self.reach)
        constant = "does not change y" if self.centered else "changes y"
        grows = "no power of x" if math.isnan(self.degree) else f"x to the power {self.degree:g}"
        return (
            f"one input changes {reached:.0f} of {len(self.reach[0])} outputs, a constant added to x "
            f"{constant}, and y grows as {grows}"
        )


def behaviour(function: Function, x: Tensor) -> Behaviour:
    """Measured in float64, by changing x; no gradient is needed, so a detach() hides nothing."""
    with torch.no_grad():
        y = function(x)
        moved = function(x + 10.0 * x.abs().amax())
        centered = bool((moved - y).abs().amax() < 1e-3 * y.abs().amax())
        return Behaviour(_reach(function, x, y), centered, _degree(function, x))


def _reach(function: Function, x: Tensor, y: Tensor) -> tuple[tuple[bool, ...], ...]:
    """For the first, a middle and the last element."""
    found = []
    for place in sorted({0, x.numel() // 2, x.numel() - 1}):
        other = x.clone()
        other.view(-1)[place] += 1.0 + x.abs().amax()
        changed = (function(other) - y).abs() > 1e-9 * y.abs().amax()
        found.append(tuple(changed.flatten().tolist()))
    return tuple(found)


def spread(function: Function, x: Tensor, draws: int) -> tuple[frozenset[int], ...]:
    """Along each axis, the places where outputs change with one element in the middle.

    draws: of other inputs that the same is asked of, where a step such as ReLU hides some changes.
    """
    place = tuple(size // 2 for size in x.shape)
    changed = torch.zeros(x.shape, dtype=torch.bool, device=x.device)
    with torch.no_grad():
        for draw in range(draws):
            base = x.roll(draw // 2, 0) * (-1) ** draw
            y = function(base)
            for far in (5.0, -7.0):
                other = base.clone()
                other[place] += far * x.abs().amax()
                changed |= (function(other) - y).abs() > 1e-6 * y.abs().amax()
    return tuple(frozenset(axis.unique().tolist()) for axis in changed.nonzero().unbind(1))


def _degree(function: Function, x: Tensor) -> float:
    """d where y(λx) = λ^d · y(x), to one decimal; a bias is gone in the difference to y(−x)."""
    sizes = [(function(a * x) - function(-a * x)).norm().item() for a in (_FAR, 2 * _FAR)]
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        return math.nan
    return round(math.log2(sizes[1] / sizes[0]), 1) + 0.0
