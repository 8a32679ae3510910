"""One pass over the batches: every batch through the model in eval(), and once more by the batch."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from normlab.doctor.case import Layer
from normlab.doctor.seen import Seen
from normlab.doctor.trying import tried
from normlab.errors import DataError
from normlab.recalibration.batches import Batches, Progress, tensors

MOST = 100  # batches, where nothing else is asked for


@dataclass(eq=False)
class Observed:
    """What a pass has shown.

    batches: how many were seen; stopped: whether there were more. kept: the first of them, to run again.
    difference, size: sums over all outputs of (by the batch − in eval())² and of those in eval().
    failures: batches that layers refuse to normalise by the batch, by what they say.
    moved: layers that change their statistics in a forward pass of the model as it was handed over, and
    by how much, in standard deviations. changes: of each layer, how far the output moves where that layer
    alone takes the statistics of the data; change: where all do.
    """

    run: Callable[[Any], Any]
    batches: int = 0
    stopped: bool = False
    kept: list[Any] = field(default_factory=list)
    difference: float = 0.0
    size: float = 0.0
    compared: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    moved: dict[str, float] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    change: float | None = None
    bad_inputs: int = 0
    order: list[str] = field(default_factory=list)

    @property
    def gap(self) -> float | None:
        """‖by the batch − in eval()‖ / ‖in eval()‖ over all outputs."""
        if not self.compared:
            return None
        return (self.difference / self.size) ** 0.5 if self.size > 0 else float(self.difference > 0)


def streamed(batches: Iterable[Any], most: int) -> tuple[Iterator[Any], int]:
    """Up to `most` batches and one more, gone through once, and how many there are (0: not known)."""
    given = Batches([] if isinstance(batches, Iterator) else batches)
    held = batches if isinstance(batches, Iterator) else given.held
    return islice(iter(held), most + 1), min(len(given), most)


def observe(
    model: nn.Module, layers: list[Layer], batches: Iterable[Any], most: int, progress: Progress
) -> Observed:
    """Fills in what every layer has seen. To be called where the model is kept unchanged."""
    stream, total = streamed(batches, most)
    runner = Batches([], "the data")
    seen = Observed(lambda batch: _ran(runner, model, batch))
    modes = {part: part.training for part in model.modules()}
    torch.manual_seed(0)  # what dropout and loaders draw is the same in every examination
    for layer in layers:
        layer.seen, layer.seen_training = Seen(), Seen()
    for batch in stream:
        if seen.batches == most:
            seen.stopped = True
            break
        if not seen.kept:
            seen.kept = [batch]
        _once(model, layers, batch, seen)
        if seen.batches == 0:
            _as_given(layers, modes, batch, seen)
        seen.batches += 1
        progress(seen.batches, total)
    if not seen.batches:
        raise DataError("batches holds no batch; give at least one.")
    return seen


def _once(model: nn.Module, layers: list[Layer], batch: Any, seen: Observed) -> None:
    seen.bad_inputs += any(not bool(t.isfinite().all()) for t in tensors(batch))
    for part in model.modules():
        part.training = False
    with _watched(layers, "seen", seen.order, first=seen.batches == 0):
        in_eval = [t.detach().clone() for t in tensors(seen.run(batch))]
    if not any(layer.tracks and layer.by_batch for layer in layers):
        return
    _with_dropout(model, layers, batch, seen)
    try:
        with by_the_batch(layers), _watched(layers, "seen_training", []):
            by_batch = list(tensors(seen.run(batch)))
    except DataError as error:
        said = str(error)
        if "out of memory" in said:
            raise
        seen.failures[said] = seen.failures.get(said, 0) + 1
        return
    _compare(in_eval, by_batch, seen)


def _with_dropout(model: nn.Module, layers: list[Layer], batch: Any, seen: Observed) -> None:
    """The batch once more, with nothing in training but dropout, where the model has any."""
    drops = [part for part in model.modules() if isinstance(part, _DropoutNd) and part.p > 0]
    if not drops:
        return
    for layer in layers:
        layer.seen_dropout = layer.seen_dropout or Seen()
    try:
        for part in drops:
            part.training = True
        with _watched(layers, "seen_dropout", []):
            seen.run(batch)
    finally:
        for part in drops:
            part.training = False


def _compare(in_eval: list[Tensor], by_batch: list[Tensor], seen: Observed) -> None:
    for one, other in zip(in_eval, by_batch, strict=False):
        if one.shape == other.shape:
            seen.difference += squared(other.double() - one.double())
            seen.size += squared(one.double())
            seen.compared += 1


def squared(x: Tensor) -> float:
    return x.abs().square().sum().item()


def _ran(runner: Batches, model: nn.Module, batch: Any) -> Any:
    try:
        return runner.run(model, batch)
    except DataError as error:
        said = str(error)
        if "positional argument" in said:
            raise DataError(
                f"{said} A model of several inputs takes mappings of its keywords: "
                f'{{"name": tensor, …}}.'
            ) from error
        raise


def homes(layer: Layer) -> list[nn.Module]:
    """The modules that a layer is made of which hold its statistics: itself, or one within it."""
    if layer.module is None:
        return []
    holding = [p for p in layer.module.modules() if any(v is not None for v in p._buffers.values())]
    return holding or [layer.module]


@contextmanager
def by_the_batch(layers: list[Layer]) -> Iterator[None]:
    """Every layer that does so in training normalises by the batch; its statistics come back after."""
    parts = [p for layer in layers if layer.by_batch for p in {*homes(layer), layer.module}]
    kept = [(p, p.training, {n: v.clone() for n, v in p._buffers.items() if v is not None})
            for p in parts if p is not None]  # fmt: skip
    for part, _, _ in kept:
        part.training = True
    try:
        yield
    finally:
        for part, mode, buffers in kept:
            part.training = mode
            for name, value in buffers.items():
                part._buffers[name].copy_(value)  # pyright: ignore[reportOptionalMemberAccess]


@contextmanager
def _watched(
    layers: list[Layer], where: str, order: list[str], first: bool = False
) -> Iterator[None]:
    """Each layer's input goes into its `Seen`; the order of first calls is noted; `first`: of a batch."""
    calls: dict[str, int] = {}
    handles = []

    def hook(layer: Layer) -> Callable[..., None]:
        def take(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            x = next((v for v in [*args, *kwargs.values()] if isinstance(v, Tensor)), None)
            if x is None:
                return
            if layer.name not in order:
                order.append(layer.name)
            placed = x if layer.found is None or layer.found.channels == 1 else x.movedim(-1, 1)
            seen = getattr(layer, where)
            seen.take(placed, calls.get(layer.name, 0), layer.tracks or layer.by_batch)
            if first and not seen.bad:
                tried(layer, x, seen)
            calls[layer.name] = calls.get(layer.name, 0) + 1

        return take

    try:
        for layer in layers:
            if layer.module is not None:
                handles.append(
                    layer.module.register_forward_pre_hook(hook(layer), with_kwargs=True)
                )
        yield
    finally:
        for handle in handles:
            handle.remove()


def _as_given(
    layers: list[Layer], modes: dict[nn.Module, bool], batch: Any, seen: Observed
) -> None:
    """One forward pass in the modes the model was given in: which statistics change?"""
    if not any(modes.values()):
        return
    for part, mode in modes.items():
        part.training = mode
    kept = [(p, n, v, v.clone()) for layer in layers for p in homes(layer)
            for n, v in p._buffers.items() if v is not None]  # fmt: skip
    try:
        seen.run(batch)
    except DataError:
        return
    finally:
        changed = {id(v) for _, _, v, before in kept if not torch.equal(v, before)}
        for layer in layers:
            held = [(n, v, b) for p, n, v, b in kept if p in homes(layer) and id(v) in changed]
            if held:
                seen.moved[layer.name] = _moved(layer, held)
        for _, _, value, before in kept:
            value.copy_(before)


def _moved(layer: Layer, held: list[tuple[str, Tensor, Tensor]]) -> float:
    """The median over channels of |Δmean| / √(var + ε), or 0 where only a count changed."""
    for _, value, before in held:
        if layer.mean is not None and value.shape == layer.mean.shape and value.is_floating_point():
            _, var = layer.statistics()
            moved = (value - before).double().flatten().abs()
            return float((moved / (var + layer.eps).sqrt()).median())
    return 0.0
