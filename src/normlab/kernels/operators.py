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
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return next((name for name in TORCHS if not has(f"aten::{name}", "CPU")), "")


def torchs_are_known() -> bool:
    """Whether the operators of torch for which the library has a kernel are those it was written for."""
    found = ((name, getattr(torch.ops.aten, name, None)) for name in TORCHS)
    return hasattr(torch, "cudnn_batch_norm") and all(
        operator is not None and str(operator.default._schema) == f"aten::{name}{TORCHS[name]}"
        for name, operator in found
    )


def describe() -> None:
    """Tell torch the shapes that the operators return, for tensors without values."""
    for stated in STATED:
        torch.library.register_fake(f"normlab::{stated.__name__}", stated)


def _schema(stated: Callable[..., Any]) -> str:
    """Arguments and results in the words of torch, after the first bracket."""
    text = torch.library.infer_schema(stated, mutates_args=())
    return text.replace("SymInt", "int").partition("(")[2]


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


# Operators whose backward torch's autograd has in C++, and for which torch has no kernel on the CPU
TORCHS = {
    "cudnn_batch_norm": (
        "(Tensor input, Tensor weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, "
        "bool training, float exponential_average_factor, float epsilon) -> (Tensor, Tensor, Tensor, Tensor)"
    ),
    "cudnn_batch_norm_backward": (
        "(Tensor input, Tensor grad_output, Tensor weight, Tensor? running_mean, Tensor? running_var, "
        "Tensor? save_mean, Tensor? save_var, float epsilon, Tensor reserveSpace) -> (Tensor, Tensor, Tensor)"
    ),
}
