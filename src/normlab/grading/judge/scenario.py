"""What a learner's implementation is asked to do: inputs chosen so that mistakes cannot hide.

The sizes of N, C and L differ, so that a wrong axis shows; numbers are whole and spread widely, so that
only the scenario about ε depends on ε; weights differ everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from normlab.equation.row import Norm
from normlab.grading.rows import Inputs, inputs, sized

FORMS = ("table", "sequence", "image", "volume", "several")
SLOPES = ("slope", "dweight", "dbias")  # the gradients of x, weight and bias


@dataclass(frozen=True)
class Call:
    """One call: x, whether in training, and where a gradient is asked for, that of Σ y · slope."""

    x: Tensor
    train: bool = True
    slope: Tensor | None = None


@dataclass(frozen=True)
class Scenario:
    """A few calls in a row on a fresh layer, and what is compared afterwards."""

    check: str
    steps: tuple[Call, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    weight: Tensor | None = None
    bias: Tensor | None = None
    affine: bool = False  # whether weight and bias are offered at all
    last: int | None = (
        None  # how many last dimensions normalized_shape has; None: all but the batch
    )
    tracked: bool = False  # running statistics are
    lacking: bool = False  # and the layer has none
    delicate: bool = False  # the mean is so large that a difference of squares is all rounding
    plain: bool = False  # its numbers are as plain as they get
    square: bool = False  # all sizes alike, so that what cannot be broadcast can
    start: tuple[Tensor, Tensor] | None = None  # running statistics that are given to it

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.steps[0].x.shape)

    def cut(self, value: Any) -> Any:
        """A setting that has a value for each channel, for as many channels as there are."""
        per_channel = isinstance(value, Tensor)
        return value[(slice(self.channels),) * value.dim()] if per_channel else value

    @property
    def channels(self) -> int:
        return self.shape[1]

    @property
    def normalized_shape(self) -> tuple[int, ...]:
        rank = len(self.shape)
        return self.shape[rank - (rank - 1 if self.last is None else self.last) :]

    @property
    def numbers(self) -> int:
        return sum(step.x.numel() for step in self.steps)

    def flattened(self) -> "Scenario":
        """As a table, whose rows are cut from x as they lie."""
        channels = self.channels
        steps = tuple(
            replace(
                step,
                x=step.x.reshape(-1, channels),
                slope=None if step.slope is None else step.slope.reshape(-1, channels),
            )
            for step in self.steps
        )
        return replace(self, steps=steps)

    def compared(self, index: int) -> tuple[str, ...]:
        """The quantities that count after a step."""
        if self.check == "running":
            return ("mean", "var")
        if self.check == "evaluation":
            return () if self.steps[index].train else ("y", "mean", "var")
        return SLOPES if self.check == "gradient" else ("y",)


def whole_numbers(shape: tuple[int, ...], tried: Inputs, seed: int = 0) -> Tensor:
    """Whole numbers, spread widely, whose means differ from channel to channel."""
    draw = torch.Generator().manual_seed(20 + seed)
    x = torch.randint(tried.low, tried.high + 1, shape, generator=draw, dtype=torch.float64)
    channel = torch.arange(shape[1], dtype=torch.float64) * tried.offset
    return x + channel.reshape(1, -1, *[1] * (len(shape) - 2))


def graded(count: tuple[int, ...], first: float) -> Tensor:
    """Numbers that all differ, exact in float32."""
    size = int(torch.tensor(count).prod())
    return (first + torch.arange(size, dtype=torch.float64) * 0.75).reshape(count)


def base(row: Norm, form: str, seed: int = 0, square: bool = False) -> Scenario:
    """The plainest scenario of a form."""
    held = inputs(row)
    shape = held.shapes[form]
    if square:
        shape = (4 if row.grouped else 3,) * len(shape)
    last = {"sequence": 1, "several": 2}.get(form) if sized(row) else None
    x = whole_numbers(shape, held, seed)
    return Scenario(form, (Call(x),), dict(held.settings), last=last, square=square)


def with_x(scenario: Scenario, x: Tensor, **changed: Any) -> Scenario:
    return replace(scenario, steps=(Call(x),), **changed)


def weighted(scenario: Scenario, row: Norm) -> Scenario:
    """With a weight and bias that differ everywhere."""
    size = scenario.normalized_shape if row.affine == "shape" else (scenario.channels,)
    weight, bias = graded(size, 0.5), graded(size, -2.25).flip(0)
    return replace(scenario, check="affine", weight=weight, bias=bias)
