"""The operators of the C++ library as Python calls them: what they take, and the shapes they return.

Each is stated by a function that computes on tensors without values. The library may be older or newer than
this file: it is used where every operator takes and returns what is stated here.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from normlab.kernels.layouts import beside, channels_last
from normlab.kernels.thresholds import PLACES

Maybe = Tensor | None
Two = tuple[Tensor, Tensor]
WIDE: dict[str, Any] = {"dtype": torch.float64}


def unlike() -> str:
    """The first operator of the loaded library that is not as it is called here; "" where all are."""
    for stated in STATED:
        found = getattr(torch.ops.normlab, stated.__name__, None)
        if found is None or str(found.default._schema).partition("(")[2] != _schema(stated):
            return stated.__name__
    return ""


def describe() -> None:
    """Tell torch the shapes that the operators return, for tensors without values."""
    for stated in STATED:
        torch.library.register_fake(f"normlab::{stated.__name__}", stated)


def _schema(stated: Callable[..., Any]) -> str:
    """Arguments and results in the words of torch, after the first bracket."""
    text = torch.library.infer_schema(stated, mutates_args=())
    return text.replace("SymInt", "int").partition("(")[2]


def batch(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> Two:
    return _of_channels(x)


def batch_backward(g: Tensor, x: Tensor, weight: Maybe, stats: Tensor, eps: float) -> Two:
    gx, sums = _of_channels(x)
    return gx, sums if weight is None else sums.to(weight.dtype)


def rms(x: Tensor, width: int, weight: Maybe, eps: float) -> Tensor:
    return x.new_empty(x.shape)


def rms_backward(g: Tensor, x: Tensor, width: int, weight: Maybe, eps: float, learns: bool) -> Two:
    return x.new_empty(x.shape), x.new_empty(width if learns else 0, **WIDE)


def divide(
    x: Tensor,
    offset: Tensor,
    weight: Maybe,
    bias: Maybe,
    total: bool,
    centered: bool,
    size: int,
    taps: Maybe,
    neighbours: int,
    gain: float,
    m: float,
    n: float,
    p: float,
    keep: bool,
) -> Two:
    usual = n == 2 and (m, p) in ((2, 1), (1, 0.5)) and total and not neighbours
    kept = keep and usual and beside(x) >= PLACES and x.numel()
    many = (3 if centered else 1) if kept else 0
    wide = x.dtype if x.dtype == torch.float64 else torch.float32
    return _in_order(x), x.new_empty((many, len(x) * math.prod(x.shape[2:])), dtype=wide)


def divide_backward(
    g: Tensor,
    x: Tensor,
    pool: Tensor,
    offset: Tensor,
    weight: Maybe,
    total: bool,
    centered: bool,
    size: int,
    taps: Maybe,
    neighbours: int,
    gain: float,
    m: float,
    n: float,
    p: float,
    sums: bool,
) -> Two:
    return _in_order(x), x.new_empty((3, x.shape[1] if sums else 0), **WIDE)


def mix(
    x: Tensor,
    matrix: Tensor,
    offset: Tensor,
    weight: Maybe,
    bias: Maybe,
    m: float,
    n: float,
    p: float,
    keep: bool,
    strict: bool,
) -> Two:
    return _in_order(x), matrix.new_empty(x.numel() if keep else 0)


def mix_backward(
    g: Tensor,
    x: Tensor,
    s: Tensor,
    matrix: Tensor,
    weight: Maybe,
    m: float,
    n: float,
    p: float,
    slopes: bool,
    sums: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    c = x.shape[1]
    square = matrix.new_empty((c, c) if slopes else (0, 0))
    return _in_order(x), square, x.new_empty((3, c if sums else 0), **WIDE)


def moments(x: Tensor) -> Tensor:
    return x.new_empty((x.shape[1], 8), **WIDE)


STATED = (
    batch,
    batch_backward,
    rms,
    rms_backward,
    divide,
    divide_backward,
    mix,
    mix_backward,
    moments,
)


def _in_order(x: Tensor) -> Tensor:
    """As x, in the order that the kernels write."""
    return torch.empty_like(x.contiguous() if channels_last(x) is None else x)


def _of_channels(x: Tensor) -> Two:
    return _in_order(x), x.new_empty((2, x.shape[1]), **WIDE)
