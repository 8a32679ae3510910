"""The arithmetic of the pools: each returns values that broadcast against what was pooled."""

import math
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab.equation.pools import Axes, ChannelWindow, Learned, Pool, Surround
from normlab.errors import SettingError, ShapeError


@singledispatch
def pooled(pool: Pool, a: Tensor, valid: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
    """Pool the values a, which are 0 wherever `valid` (a boolean of a's shape) is false.

    The mean of no element at all is 0, as is their sum.
    """
    raise TypeError(f"{type(pool).__name__} is not a pool")


def held(value: Any, settings: Mapping[str, Any]) -> Any:
    """A column's value: itself, or the setting it names."""
    return settings[value] if isinstance(value, str) else value


def per_channel(value: Tensor, rank: int) -> Tensor:
    """A vector of one value per channel, shaped to broadcast against x of that rank."""
    return value.reshape(-1, *[1] * (rank - 2))


def positions(pool: Axes, x: Tensor, settings: Mapping[str, Any]) -> tuple[int, ...]:
    """The dimensions an ungrouped `Axes` pool runs over."""
    shape = held(pool.shape, settings) if pool.shape else None
    if shape is not None:
        return _last_dimensions(x, tuple(shape) if isinstance(shape, list | tuple) else (shape,))
    named = {"n": (0,), "g": (1,), "c": (1,), "s": tuple(range(2, x.dim()))}
    return tuple(sorted({dim for axis in pool.over.split() for dim in named[axis]}))


def _last_dimensions(x: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    if tuple(x.shape[-len(shape) :]) != tuple(shape):
        raise ShapeError(
            f"normalized_shape={tuple(shape)} but x has shape {tuple(x.shape)}; it must equal the "
            f"last dimensions of x, here {tuple(x.shape[-len(shape) :])}."
        )
    return tuple(range(x.dim() - len(shape), x.dim()))


@pooled.register
def _axes(pool: Axes, a: Tensor, valid: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
    groups = held(pool.groups, settings)
    if isinstance(pool.groups, str):
        return _grouped(pool, a, valid, groups)
    return _reduce(pool, a, valid, positions(pool, a, settings))


def _grouped(pool: Axes, a: Tensor, valid: Tensor | None, groups: int) -> Tensor:
    """View the channels as (groups, channels in a group), pool, and repeat over each group."""
    if a.shape[1] % groups:
        raise ShapeError(
            f"num_groups={groups} does not divide the {a.shape[1]} channels of x (shape "
            f"{tuple(a.shape)}). Choose one of {_divisors(a.shape[1])}."
        )
    split = (groups, a.shape[1] // groups)
    named = {"n": (0,), "g": (1,), "c": (2,), "s": tuple(range(3, a.dim() + 1))}
    dims = tuple(sorted(dim for axis in pool.over.split() for dim in named[axis]))
    view = a.unflatten(1, split)
    out = _reduce(pool, view, None if valid is None else valid.unflatten(1, split), dims)
    return out.expand(-1, *split, *[-1] * (out.dim() - 3)).flatten(1, 2)


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _reduce(pool: Axes, a: Tensor, valid: Tensor | None, dims: tuple[int, ...]) -> Tensor:
    total = a.sum(dims, keepdim=True)
    if pool.reduce == "sum":
        return total
    if valid is None:
        return total / max(math.prod(a.shape[dim] for dim in dims), 1)
    return total / valid.sum(dims, keepdim=True).clamp_min(1)


@pooled.register
def _window(
    pool: ChannelWindow, a: Tensor, valid: Tensor | None, settings: Mapping[str, Any]
) -> Tensor:
    size = held(pool.size, settings)
    return channel_window_sum(a, size) * (held(pool.gain, settings) / size)


def channel_window_sum(a: Tensor, size: int) -> Tensor:
    """Sum of `size` neighbouring channels, zeros beyond; an even window reaches further back."""
    channels = a.shape[1]
    padded = F.pad(a, [0, 0] * (a.dim() - 2) + [size // 2, (size - 1) // 2])
    total = padded.narrow(1, 0, channels)
    for start in range(1, size):
        total = total + padded.narrow(1, start, channels)
    return total


@pooled.register
def _learned(pool: Learned, a: Tensor, valid: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
    weight = held(pool.weight, settings)
    if weight is None:
        weight = 0.1 * torch.eye(a.shape[1], dtype=a.dtype)
    weight = torch.as_tensor(weight, dtype=a.dtype, device=a.device)
    if weight.dim() != 2 or weight.shape[1] != a.shape[1]:
        raise ShapeError(
            f"pool_weight has shape {tuple(weight.shape)}; it must be (channels out, "
            f"{a.shape[1]}), one column for each pooled channel."
        )
    return torch.einsum("oc,nc...->no...", weight, a)


@pooled.register
def _surround(
    pool: Surround, a: Tensor, valid: Tensor | None, settings: Mapping[str, Any]
) -> Tensor:
    counted = torch.ones_like(a) if valid is None else valid.to(a.dtype)
    channels = a.shape[1]
    if pool.channels:
        a, counted = a.sum(1, keepdim=True), counted.sum(1, keepdim=True)
    taps = window_taps(pool, settings, a)
    inside = _blur(counted, taps)
    mean = _blur(a, taps) / torch.where(inside > 0, inside, torch.ones_like(inside))
    return mean * channels if pool.reduce == "sum" and pool.channels else mean


def window_taps(pool: Surround, settings: Mapping[str, Any], like: Tensor) -> Tensor:
    """The window's weights along one axis, summing to 1: (1 or output channels, size)."""
    size, width = held(pool.size, settings), held(pool.width, settings)
    if size is None and width is None:
        raise SettingError("a window needs its size or its width, in samples; give one of them.")
    if size is None:
        size = 2 * math.ceil(3 * float(torch.as_tensor(width, dtype=torch.float64).max())) + 1
    offsets = torch.arange(size, dtype=like.dtype, device=like.device) - size // 2
    if held(pool.window, settings) == "box":
        return torch.full_like(offsets, 1 / size).unsqueeze(0)
    width = size / 4 if width is None else width
    width = torch.as_tensor(width, dtype=like.dtype, device=like.device)
    taps = torch.exp(-0.5 * (offsets / width.reshape(-1, 1)) ** 2)
    return taps / taps.sum(1, keepdim=True)


def _blur(a: Tensor, taps: Tensor) -> Tensor:
    """Weighted window sum along every spatial axis in turn, zeros beyond the edges."""
    channels = max(a.shape[1], taps.shape[0])
    if taps.shape[0] not in (1, channels) or a.shape[1] not in (1, channels):
        raise ShapeError(
            f"{taps.shape[0]} window widths given for {a.shape[1]} channels; give one width, or "
            f"one for each channel."
        )
    size = taps.shape[1]
    kernel = taps.expand(channels, size).unsqueeze(1)
    a = a.expand(-1, channels, *a.shape[2:])
    if a.numel() == 0:
        return a
    for dim in range(2, a.dim()):
        lines = a.movedim((dim, 1), (-1, -2))
        flat = F.pad(lines.reshape(-1, channels, a.shape[dim]), (size // 2, size - 1 - size // 2))
        out = F.conv1d(flat, kernel, groups=channels)
        a = out.reshape(lines.shape).movedim((-1, -2), (dim, 1))
    return a
