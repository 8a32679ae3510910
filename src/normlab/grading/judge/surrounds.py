"""Windows in space as an implementation may weigh them: each axis by one line of weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Line = Callable[[Tensor, int, float], Tensor]  # of the places 0, 1, …, the size and the width


def _gaussian(distance: Tensor, width: float) -> Tensor:
    return torch.exp(-(distance**2) / (2 * width**2))


# the weights of a window along one axis, by what is said of them
LINES: Mapping[str, Line] = {
    "": lambda i, size, width: _gaussian(i - (size - 1) / 2, width),
    "weighs all places of its window alike": lambda i, size, width: torch.ones_like(i),
    "begins its Gaussian at the first place of the window, not in its middle": lambda i, size, width: (
        _gaussian(i, width)
    ),
    "puts the middle of its Gaussian at size / 2, half a place too far": lambda i, size, width: (
        _gaussian(i - size / 2, width)
    ),
    "leaves out the minus in the exponent of the Gaussian, so that far places count most": (
        lambda i, size, width: 1 / _gaussian(i - (size - 1) / 2, width)
    ),
    "takes the distance with its sign where its square is meant": (
        lambda i, size, width: torch.exp(-(i - (size - 1) / 2) / (2 * width**2))
    ),
    "takes the distance where its square is meant, −|d| / (2 · width²)": lambda i, size, width: (
        torch.exp(-(i - (size - 1) / 2).abs() / (2 * width**2))
    ),
    "takes the distance where its square is meant, −|d| / width": lambda i, size, width: torch.exp(
        -(i - (size - 1) / 2).abs() / width
    ),
}


@dataclass(frozen=True)
class Surround:
    """How a window weighs the places around its own; each field is right as it stands."""

    line: str = ""  # its weights: see LINES
    lines: int = 2  # of the last axes, along how many it reaches
    whole: bool = False  # divided by the weights of the whole window, at the edges too
    summed: bool = False  # divided by nothing
    channels: Literal["mean", "sum", "each"] = "mean"

    def pool(self, a: Tensor, size: int, width: float) -> Tensor:
        """The weighted mean of a over the window and all channels."""
        first, last = max(2, a.dim() - self.lines), a.dim()
        kernel = LINES[self.line](torch.arange(size, dtype=a.dtype), size, width)
        total, inside = a, torch.ones_like(a)
        for axis in range(first, last):
            total, inside = (_along(axis, b, kernel) for b in (total, inside))
        share = 1.0 if self.summed else kernel.sum() ** (last - first) if self.whole else inside
        found = total / share
        return found if self.channels == "each" else getattr(found, self.channels)(1, keepdim=True)


def _along(axis: int, a: Tensor, kernel: Tensor) -> Tensor:
    """The weighted sums of a along one axis, beyond whose edges there are zeros."""
    moved = a.movedim(axis, -1)
    before = len(kernel) // 2
    padded = torch.nn.functional.pad(moved, (before, len(kernel) - 1 - before))
    return (padded.unfold(-1, len(kernel), 1) * kernel).sum(-1).movedim(-1, axis)
