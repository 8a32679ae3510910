"""Normalising whole arrays, without a mask: torch's operators, where their rounding does not show in y."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.dtypes import computed_in
from normlab.kernels import columns, norms, steady
from normlab.kernels import thresholds as at
from normlab.kernels.layouts import channels_last
from normlab.kernels.norms import Statistics
from normlab.kernels.slopes import learns

Maybe = Tensor | None
SQUARES = 0.5  # |mean| / deviation from which on E[x²] − E[x]² loses digits that show
_CUDNN = torch.backends.cudnn


def by_torch(
    x: Tensor, held: Statistics | None, weight: Maybe, bias: Maybe, momentum: float, eps: float
) -> Tensor:
    """torch's y, and the running statistics held are moved."""
    mean, var = (None, None) if held is None else held
    return torch.batch_norm(x, weight, bias, mean, var, True, momentum, eps, _CUDNN.enabled)


def evaluated(x: Tensor, held: Statistics, weight: Maybe, bias: Maybe, eps: float) -> Tensor:
    """torch's y by the running statistics held; not its function, which refuses eps = 0 in older versions."""
    return torch.batch_norm(x, weight, bias, *held, False, 0.0, eps, _CUDNN.enabled)


def in_place(
    x: Tensor,
    held: Statistics | None,
    weight: Maybe,
    bias: Maybe,
    momentum: float,
    eps: float,
    by_kernel: Callable[..., Statistics | None] = norms.batch,
) -> Tensor | None:
    """The same on the CPU; None, and nothing moved, where torch's sums are not exact enough."""
    found = None if _few(x) else by_kernel(x, weight, bias, eps, held, momentum)
    if found is not None:
        return found[0]
    mean, var = (None, None) if held is None else held
    in_columns = columns.holds(x)
    if in_columns and x.dim() > 2 and columns.long(x):
        return None
    old = torch.cat(held) if held is not None and in_columns else None
    y, own, rate = torch.native_batch_norm(x, weight, bias, mean, var, True, momentum, eps)
    if not steady.shows(own, rate, eps, columns.SHARE if in_columns else steady.far(own)):
        return y
    if held is None or in_columns:
        for now, before in zip(held or (), () if old is None else old.chunk(2), strict=True):
            now.copy_(before)
        return None
    return by_value(x, weight, bias, eps)[0]  # the statistics are exact, and have moved


def _few(x: Tensor) -> bool:
    """Whether torch's operator is faster for so few elements, and loses no digits."""
    if x.element_size() == 2:
        return x.numel() < at.LEAST["batch, half types"]
    return x.numel() < at.LEAST["batch"] and x.is_contiguous()


def by_value(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """y, mean and unbiased variance of the batch."""
    found = norms.batch(x, weight, bias, eps)
    if found is not None:
        y, own = found
        count, kind = x.numel() // x.size(1), computed_in(x.dtype)
        return y, own[0].to(kind), (own[1] * (count / (count - 1))).to(kind)
    seen = steady.seen(x)
    y, mean, var, rate = _once(x, weight, bias, eps, seen)
    cut = seen and columns.holds(x) and not columns.long(x)
    if not seen or not steady.shows(mean, rate, eps, columns.SHARE if cut else steady.far(mean)):
        return y, mean, var
    d, center = steady.about_center(x, "batch")
    y, mean, var, _ = _once(d, weight, bias, eps, seen)
    return y.to(x.dtype), mean + center.flatten(), var


def _once(x: Tensor, weight: Maybe, bias: Maybe, eps: float, seen: bool) -> tuple[Tensor, ...]:
    mean, var = (x.new_zeros(x.shape[1], dtype=computed_in(x.dtype)) for _ in range(2))
    weight, bias = _as(mean, weight, bias)  # torch wants them and the statistics in one dtype
    if seen and columns.holds(x) and columns.long(x):
        return columns.normalized(x, weight, bias, eps)
    if not seen:
        return by_torch(x, (mean, var), weight, bias, 1.0, eps), mean, var, mean
    y, _, rate = torch.native_batch_norm(x, weight, bias, mean, var, True, 1.0, eps)
    return y, mean, var, rate


def layer_norm(x: Tensor, shape: list[int], weight: Maybe, bias: Maybe, eps: float) -> Tensor:
    """Over the last dimensions."""
    if x.numel() == 0 or not steady.seen(x):
        return F.layer_norm(x, shape, weight, bias, eps)
    return layer_norm_seen(x, shape, weight, bias, eps)


def layer_norm_seen(
    x: Tensor, shape: Sequence[int], weight: Maybe, bias: Maybe, eps: float
) -> Tensor:
    """`layer_norm` of elements whose statistics may be looked at."""
    y, mean, rate = torch.native_layer_norm(x, shape, weight, bias, eps)
    if not steady.shows_in(x, mean, rate, eps):
        return y
    d, _ = steady.about_center(x, "layer", normalized_shape=list(shape))
    weight, bias = _as(d, weight, bias)
    return F.layer_norm(d, shape, weight, bias, eps).to(x.dtype)


def group_norm(x: Tensor, groups: int, weight: Maybe, bias: Maybe, eps: float) -> Tensor:
    """Over each group of channels and space."""
    if not steady.seen(x):
        return F.group_norm(x, groups, weight, bias, eps)
    return group_norm_seen(x, groups, weight, bias, eps)


def group_norm_seen(x: Tensor, groups: int, weight: Maybe, bias: Maybe, eps: float) -> Tensor:
    """`group_norm` where statistics may be looked at."""
    kind = channels_last(x)
    if kind is not None and _apart(x, groups, weight, bias):
        y = group_norm_seen(x.contiguous(), groups, weight, bias, eps)
        return y.contiguous(memory_format=kind)
    x = x.contiguous(memory_format=kind or torch.contiguous_format)
    if kind is None and in_both_layouts(x):
        return group_norm_seen(x.flatten(2), groups, weight, bias, eps).view(x.shape)
    samples, channels = x.size(0), x.size(1)
    places = x.numel() // (samples * channels)
    y, mean, rate = torch.native_group_norm(x, weight, bias, samples, channels, places, groups, eps)
    # in channels_last its variance is E[x²] − E[x]²
    if not steady.shows_in(x, mean, rate, eps, steady.FAR if kind is None else SQUARES):
        return y
    return group_norm_about_center(x, groups, weight, bias, eps)


def group_norm_about_center(
    x: Tensor, groups: int, weight: Maybe, bias: Maybe, eps: float
) -> Tensor:
    d, _ = steady.about_center(x, "group", num_groups=groups)
    weight, bias = _as(d, weight, bias)
    return F.group_norm(d, groups, weight, bias, eps).to(x.dtype)


def in_both_layouts(x: Tensor) -> bool:
    """Whether a contiguous x, of one channel or one place, has strides that torch reads as channels_last."""
    return x.dim() > 3 and x.stride(1) == 1


def _apart(x: Tensor, groups: int, weight: Maybe, bias: Maybe) -> bool:
    """Whether channels_last is to be avoided in group norm.

    torch's backward is slow there with one channel to a group. With gradients of weight or bias alone it
    reads memory that is not its own (seen in 2.13.0).
    """
    alone = not x.requires_grad and learns(weight, bias)
    return alone or (groups == x.size(1) and learns(x, weight, bias))


def _as(x: Tensor, *own: Maybe) -> list[Maybe]:
    """Weights and biases in x's dtype."""
    return [None if a is None else a.to(x.dtype) for a in own]
