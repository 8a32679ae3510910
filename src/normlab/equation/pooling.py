"""The arithmetic of the pools: each returns values that broadcast against what was pooled."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from normlab.equation import steps as linear
from normlab.equation.pools import (
    Axes,
    Both,
    ChannelDecay,
    ChannelWindow,
    Learned,
    Neighbours,
    Pool,
    Surround,
)
from normlab.equation.steps import Box, Mix, Repeat, Step, Taps, Times, Total
from normlab.equation.windows import weighted_window, window_sum
from normlab.errors import SettingError, ShapeError

Settings = Mapping[str, Any]


def pooled(pool: Pool, a: Tensor, valid: Tensor | None, settings: Settings) -> Tensor:
    """Pool the values a, which are 0 wherever `valid` (a boolean of a's shape) is false.

    The mean of no element at all is 0, as is their sum.
    """
    if isinstance(pool, Axes) and isinstance(pool.groups, str):
        return _grouped(pool, a, valid, settings[pool.groups])
    weight = weights(pool, a, settings)
    return linear.forward(steps(pool, a, valid, settings, weight), a)


def centered_on(pool: Pool, x: Tensor, valid: Tensor | None, settings: Settings) -> Tensor:
    """The pool of x as what is subtracted from it: of values that are all equal, exactly that value.

    A mean is rounded; where nothing varies, what is left of x − mean would be all there is. Equal
    means: over the axes of the pool, or for a window over the whole sample.
    """
    center = pooled(pool, x, valid, settings)
    if x.numel() == 0:
        return center
    known = x.detach()
    low = known if valid is None else torch.where(valid, known, torch.inf)
    high = known if valid is None else torch.where(valid, known, -torch.inf)
    low, high = _over(pool, low, settings, torch.amin), _over(pool, high, settings, torch.amax)
    slip = torch.where(low == high, low - center.detach(), 0.0)
    return center + slip


def _over(pool: Pool, x: Tensor, settings: Settings, reduce: Any) -> Tensor:
    """Reduced over the axes of the pool, or where that is a window over the whole sample."""
    if not isinstance(pool, Axes):
        return reduce(x, tuple(range(1, x.dim())), keepdim=True)
    if not isinstance(pool.groups, str):
        return reduce(x, positions(pool, x, settings), keepdim=True)
    split = (settings[pool.groups], x.shape[1] // settings[pool.groups])
    out = reduce(x.unflatten(1, split), _within_groups(pool, x), keepdim=True)
    return _onto_channels(out, split)


def _within_groups(pool: Axes, x: Tensor) -> tuple[int, ...]:
    """The dimensions of the pool where the channels are (groups, channels in a group)."""
    named = {"n": (0,), "g": (1,), "c": (2,), "s": tuple(range(3, x.dim() + 1))}
    return tuple(sorted(dim for axis in pool.over.split() for dim in named[axis]))


def _onto_channels(out: Tensor, split: tuple[int, int]) -> Tensor:
    return out.expand(-1, *split, *[-1] * (out.dim() - 3)).flatten(1, 2)


def steps(
    pool: Pool, a: Tensor, valid: Tensor | None, settings: Settings, weight: Tensor | None
) -> list[Step]:
    """The pool of arrays like a as linear steps; `weight` as `weights` gives it."""
    return _STEPS[type(pool)](pool, a, valid, settings, weight)


def weights(pool: Pool, a: Tensor, settings: Settings) -> Tensor | None:
    """The weights between channels (and over a window) of a pool that has any, checked against a."""
    pool = pool.channels if isinstance(pool, Both) else pool
    if isinstance(pool, ChannelDecay):
        return _decay(settings[pool.width], a)
    if not isinstance(pool, Learned | Neighbours):
        return None
    weight = settings[pool.weight]
    if weight is None:
        return 0.1 * torch.eye(a.shape[1], dtype=a.dtype, device=a.device)
    weight = torch.as_tensor(weight, dtype=a.dtype, device=a.device)
    rank = 2 if isinstance(pool, Learned) else a.dim()
    if weight.dim() != rank or weight.shape[1] != a.shape[1]:
        window = ", *window" if rank > 2 else ""
        raise ShapeError(
            f"pool_weight has shape {tuple(weight.shape)}; it must be (channels out, "
            f"{a.shape[1]}{window}), one column for each pooled channel."
        )
    return weight


def _decay(width: Any, a: Tensor) -> Tensor:
    places = torch.arange(a.shape[1], dtype=a.dtype, device=a.device)
    width = torch.as_tensor(width, dtype=a.dtype, device=a.device)
    return torch.exp(-(places.unsqueeze(1) - places).abs() / width)


def channels_out(pool: Pool, channels: int, settings: Settings, weight: Tensor | None) -> int:
    """The channels of the pool of an array with so many."""
    if weight is not None:
        return len(weight)
    if isinstance(pool, Surround) and pool.channels:
        width = held(pool.width, settings)
        return 1 if width is None else len(_numbers(width))
    return 1 if isinstance(pool, Axes) and pool.touches & {"c", "g"} else channels


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


def _grouped(pool: Axes, a: Tensor, valid: Tensor | None, groups: int) -> Tensor:
    """View the channels as (groups, channels in a group), pool, and repeat over each group."""
    if a.shape[1] % groups:
        raise ShapeError(
            f"num_groups={groups} does not divide the {a.shape[1]} channels of x (shape "
            f"{tuple(a.shape)}). Choose one of {_divisors(a.shape[1])}."
        )
    split = (groups, a.shape[1] // groups)
    view = a.unflatten(1, split)
    counted = None if valid is None else valid.unflatten(1, split)
    path = _reduced(pool, view, counted, _within_groups(pool, a))
    return _onto_channels(linear.forward(path, view), split)


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _reduced(pool: Axes, a: Tensor, valid: Tensor | None, dims: tuple[int, ...]) -> list[Step]:
    total = Total(dims, tuple(a.shape))
    if pool.reduce == "sum":
        return [total]
    if valid is None:
        count: Any = max(math.prod([a.shape[dim] for dim in dims]), 1)
        # torch.jit.trace has tensors for sizes, which would be divided in float32
        return [total, Times(1 / (count.to(a.dtype) if isinstance(count, Tensor) else count))]
    return [total, Times(1 / valid.sum(dims, keepdim=True).clamp_min(1).to(a.dtype))]


def _axes(pool: Axes, a, valid, settings: Settings, weight) -> list[Step]:
    return _reduced(pool, a, valid, positions(pool, a, settings))


def _channel_window(pool: ChannelWindow, a, valid, settings: Settings, weight) -> list[Step]:
    size = held(pool.size, settings)
    box = Box(1, size)
    return [box] if pool.gain is None else [box, Times(held(pool.gain, settings) / size)]


def _mixed(pool: Learned | ChannelDecay, a, valid, settings, weight: Tensor) -> list[Step]:
    return [Mix(weight)]


def _neighbours(pool: Neighbours, a: Tensor, valid, settings, weight: Tensor) -> list[Step]:
    counted = torch.ones_like(a[:1]) if valid is None else valid.to(a.dtype)
    return [linear.Neighbours(weight, counted)]


def _both(pool: Both, a, valid, settings: Settings, weight: Tensor | None) -> list[Step]:
    space = steps(pool.space, a, valid, settings, None)
    return [*space, *steps(pool.channels, a, None, settings, weight)]


def _surround(pool: Surround, a: Tensor, valid, settings: Settings, weight) -> list[Step]:
    """Sums along each axis of space in turn, divided by how much of the window counts."""
    along = _along(pool, a, settings)
    whole = a.shape[1] if pool.channels else 1
    first: list[Step] = [Total((1,), tuple(a.shape))] if pool.channels else []
    if valid is None:
        inside = _inside(along, a) * (1 if pool.reduce == "sum" else whole)
    else:
        inside = linear.forward([*first, *along], valid.to(a.dtype))
        inside = inside / (whole if pool.reduce == "sum" else 1)
    share = torch.where(inside > 0, 1 / torch.where(inside > 0, inside, 1.0), 0.0)
    return [*first, *along, Times(share)]


def _along(pool: Surround, a: Tensor, settings: Settings) -> list[Step]:
    rows = window_taps(pool, settings)
    if isinstance(rows, int):
        return [Box(dim, rows) for dim in range(2, a.dim())]
    _check_widths(len(rows), a, pool)
    repeat = [Repeat(len(rows))] if len(rows) > 1 and pool.channels else []
    return [*repeat, *(Taps(dim, rows) for dim in range(2, a.dim()))]


def _check_widths(count: int, a: Tensor, pool: Surround) -> None:
    if not pool.channels and count not in (1, a.shape[1]):
        raise ShapeError(
            f"{count} window widths given for {a.shape[1]} channels; give one width, or one for "
            f"each channel."
        )


def _inside(along: list[Step], a: Tensor) -> Tensor:
    """How much of the window lies inside the array: a product of one factor for each axis."""
    inside = a.new_ones([1] * a.dim())
    for step in along:
        if isinstance(step, Box):
            inside = inside * window_sum(_line(a, step.dim, 1), step.dim, step.size, step.size // 2)
        elif isinstance(step, Taps):
            line, rows = _line(a, step.dim, len(step.rows)), step.rows
            inside = inside * weighted_window(line, step.dim, rows, len(rows[0]) // 2)
    return inside


def _line(a: Tensor, dim: int, channels: int) -> Tensor:
    return a.new_ones(
        [channels if d == 1 else a.shape[d] if d == dim else 1 for d in range(a.dim())]
    )


def window_taps(pool: Surround, settings: Settings) -> int | tuple[tuple[float, ...], ...]:
    """The size of a box, or the weights of a Gaussian along one axis for each width, summing to 1."""
    size, width = held(pool.size, settings), held(pool.width, settings)
    if width is None:
        if size is None:
            raise SettingError(
                "a window needs its size or its width, in samples; give one of them."
            )
        width = size / 4
    widths = _numbers(width)
    size = 2 * math.ceil(3 * max(widths)) + 1 if size is None else size
    if held(pool.window, settings) == "box":
        return size
    return tuple(_gaussian(size, width) for width in widths)


def _numbers(value: Any) -> list[float]:
    """Plain numbers, of one number or of a sequence or tensor of them."""
    if isinstance(value, int | float):  # before hasattr, which torch.compile lacks for its symbols
        return [float(value)]
    value = value.tolist() if hasattr(value, "tolist") else value
    return [float(v) for v in value] if isinstance(value, list | tuple) else [float(value)]


def _gaussian(size: int, width: float) -> tuple[float, ...]:
    offsets = range(-(size // 2), size - size // 2)
    # abs: torch.compile raises no negative symbol to a power
    taps = [math.exp(-0.5 * abs(offset / width) ** 2) for offset in offsets]
    return tuple(tap / sum(taps) for tap in taps)


# not functools.singledispatch, whose cache a tracer of torch 2.10 may not write to
_STEPS: dict[type, Callable[..., list[Step]]] = {
    Axes: _axes,
    ChannelWindow: _channel_window,
    ChannelDecay: _mixed,
    Learned: _mixed,
    Neighbours: _neighbours,
    Both: _both,
    Surround: _surround,
}
