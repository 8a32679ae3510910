"""What the normaliser makes of the data, batch by batch, with the operands that the library returns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from normlab.equation.cells import pool_row
from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.errors import DataError
from normlab.explorer.model.batching import Batches, batches
from normlab.explorer.model.datasets import Data
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.functional.running import Running, advanced
from normlab.moments import Moments

_FLOAT32_EPS = torch.finfo(torch.float32).eps


@dataclass(frozen=True, eq=False)
class Outcome:
    """y, the batch that holds the selected row with its operands, and the running statistics so far.

    `centred` is x less its center, `scaled` that raised to m and divided by the scale: what y is before
    weight and bias.

    `trace` has the running mean and variance before the first step and after each; it is empty for rows
    that keep none. `true` are the mean and the unbiased variance of all data.
    A last batch of one, which torch refuses in training, has NaN for its y, and the words of `warning`.
    """

    row: Norm
    settings: dict[str, Any]
    y: Tensor
    chosen: Normalized
    first: int
    last: int
    centred: Tensor
    scaled: Tensor
    split: Batches
    trace: tuple[Running, ...]
    true: Moments
    evaluated: bool
    warning: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(map(len, self.split.parts))

    @property
    def batch(self) -> slice:
        return slice(self.first, self.last)

    def cells(self, cell: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
        """The weight of each element of the batch in the pool of one; none where statistics are given."""
        if self.evaluated:
            return torch.zeros(shape, dtype=torch.float64)
        return pool_row(self.row, shape, cell, **self.settings)


def misfit(row: Norm, data: str) -> str:
    """Why a row cannot normalise that kind of data: a key of the words, nothing where it can."""
    if row.needs_space and data not in ("image", "sequence"):
        return "row.space"
    if data == "contrast" and (row.center or not row.sigma.raised):
        return "row.contrast"  # a response that saturates, of one neuron
    return "row.alone" if data == "bank" and row.uses_batch else ""


def row_settings(state: State, row: Norm, data: Data) -> dict[str, Any]:
    """The row's settings as they are given to `normalize`: only what differs from its defaults."""
    given = {name: value for name, value in state.settings.items() if name in row.defaults}
    if "eps" in row.defaults and given.get("eps", row.defaults["eps"]) is None:
        given["eps"] = _FLOAT32_EPS  # of the dtype that layers compute in; here it is float64
    if "pool_weight" in row.defaults:
        given["pool_weight"] = pool_weight(data, state.pool_own, state.pool_cross)
    return given


def pool_weight(data: Data, own: float, cross: float) -> Tensor:
    """Each channel's weight of itself, and one for all others."""
    channels = data.x.shape[1]
    pooled = channels if data.pool_input is None else data.pool_input.shape[1]
    weight = torch.full((channels, pooled), float(cross), dtype=torch.float64)
    return weight.fill_diagonal_(float(own))


def affine(state: State, row: Norm, data: Data) -> dict[str, Tensor]:
    """Weight and bias where the row has them: one for each of two features, else one for all."""
    if row.affine is None:
        return {}
    given = {"weight": state.weight, "bias": state.bias}
    each = data.x.shape[1] == 2
    return {
        name: torch.tensor(_two(values) if each else values[0], dtype=torch.float64)
        for name, values in given.items()
    }


def _two(values: tuple[float, ...]) -> tuple[float, float]:
    return values[0], values[-1]


def normalised(state: State, data: Data) -> Outcome:
    """Errors: SettingError, ShapeError or DataError, in words."""
    row = find(state.norm)
    if why := misfit(row, state.data):
        told = {"norm": row.title, "data": say(f"data.{state.data}"), "why": say(why)}
        raise DataError(say("error.fits", **told))
    settings = row_settings(state, row, data)
    extra: dict[str, Any] = {} if data.pool_input is None else {"pool_input": data.pool_input}
    call = partial(normalize, row=row, **affine(state, row, data), **settings, **extra)
    x = data.x
    split = batches(state, row, data)
    parts = split.parts
    first, last = split.around(data.row_of(state.selected[0]))
    evaluated = row.running and state.mode == "eval"
    seen = parts[: state.step] if evaluated else parts
    warning = _lone(seen) if row.running else ""
    trace = _traced(state, row, settings, parts)
    if evaluated:
        call = partial(call, statistics=(trace[-1].mean, trace[-1].var))
    chosen = call(x[first:last])
    y, centred, scaled = _stages(call, row, settings, split, chosen)
    if warning and not evaluated:
        y[-1] = torch.nan
        chosen = replace(chosen, y=y[first:last])
    true = Moments().update(x, [dim for dim in range(x.dim()) if dim != 1])
    return Outcome(
        row,
        settings,
        y,
        chosen,
        first,
        last,
        centred,
        scaled,
        split,
        trace,
        true,
        evaluated,
        warning,
    )


def _stages(
    call: Callable[[Tensor], Normalized],
    row: Norm,
    settings: dict[str, Any],
    split: Batches,
    chosen: Normalized,
) -> tuple[Tensor, ...]:
    """y, and on the way to it x less its center, and that divided by the scale."""
    power = row.number("m", row.resolve(settings))

    def three(out: Normalized, batch: Tensor) -> tuple[Tensor, ...]:
        d = batch - out.center
        raised = d if power == 1 else d.sign() * d.abs() ** power
        return out.y, d, raised / out.scale

    if len(split.parts) == 1:
        return three(chosen, split.parts[0])
    return _by_batches(lambda batch: three(call(batch), batch), split.parts)


def _by_batches(
    call: Callable[[Tensor], tuple[Tensor, ...]], parts: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """One call for all whole batches, and one for a last one of another size; along axis 0."""
    whole = [part for part in parts if len(part) == len(parts[0])]
    outs = [[out.flatten(0, 1) for out in vmap(call)(torch.stack(whole))]]
    outs += [list(call(part)) for part in parts[len(whole) :]]
    results = [list(each) for each in zip(*outs, strict=True)]
    return tuple(torch.cat(each) if each[1:] else each[0] for each in results)


def _traced(
    state: State, row: Norm, settings: dict[str, Any], parts: tuple[Tensor, ...]
) -> tuple[Running, ...]:
    """What the layer's running statistics are before and after each step; nothing for a row that has none."""
    if not row.running:
        return ()
    channels = parts[0].shape[1]
    new = parts[0].new_zeros(channels)
    trace = [Running(new, new + 1, 0)]
    seen = parts[: state.step]

    def statistics(batch: Tensor) -> tuple[Tensor]:
        out = normalize(batch, row, **settings)
        each = batch.numel() // channels
        var = out.pool.flatten() * each / max(each - 1, 1)
        return (torch.stack([out.center.flatten(), var])[None],)

    (stacked,) = _by_batches(statistics, seen) if seen else (new,)
    for step in range(state.step):
        mean, var = stacked[step % len(seen)]
        moves = seen[step % len(seen)].numel() > channels  # torch refuses a batch of one
        trace.append(advanced(trace[-1], mean, var, state.momentum) if moves else trace[-1])
    return tuple(trace)


def _lone(parts: tuple[Tensor, ...]) -> str:
    """Torch's own word on a last batch of one value a channel, and what it means; DataError if all are."""
    if not parts or parts[-1].numel() > parts[-1].shape[1]:
        return ""
    try:
        torch.nn.functional.batch_norm(parts[-1], None, None, training=True)
    except ValueError as error:
        if len(parts[0]) == 1:
            raise DataError(say("error.single", torch=str(error))) from error
        return say("warning.single", torch=str(error), size=len(parts[0]))
    raise AssertionError("torch took a batch of one")
