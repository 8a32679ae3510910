"""Watching the norms of a model while it trains: what they take in beside what they keep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from normlab.doctor.case import Layer
from normlab.doctor.drift import drift
from normlab.doctor.layers import layers_of
from normlab.doctor.seen import Seen
from normlab.errors import CheckError, DataError, MissingExtraError, SettingError
from normlab.safe import csv_cell

EVERY = 100


@dataclass(frozen=True)
class Sight:
    """What one layer took in, in one forward pass of training.

    step: the number of the pass, from 0. z, r: medians over channels of |mean of the batch − running mean| /
    √(running variance + eps) and of |ln of the ratio of variances|, before this pass changes the running
    ones; NaN for layers without them. values: how many values one statistic is made of. peak: the largest
    |x|, infinite where x is not finite. weight: the median |weight|, or 1. smallest_var: the smallest
    running variance.
    """

    step: int
    layer: str
    z: float
    r: float
    values: int
    peak: float
    weight: float
    smallest_var: float


class Watch:
    """What a watcher has seen, and what it does with it; made by `watch`.

    rows: all of it, in order.
    """

    def __init__(self, model: nn.Module, every: int, sinks: list[Callable[[list[Sight]], None]]):
        self.rows: list[Sight] = []
        self.every, self.sinks = every, sinks
        self.step = -1
        self._now: dict[str, Sight] = {}
        self._handles: list[Any] = []
        layers = [layer for layer in layers_of(model)[0] if layer.module is not None]
        if not layers:
            raise CheckError(f"{type(model).__name__} holds no normaliser to watch.")
        self._layers = [(layer, _names(layer)) for layer in layers]

    def begin(self) -> None:
        """A step of training begins. Layers have hooks only in a step that is looked at."""
        self.end()
        self.step += 1
        if self.step % self.every == 0:
            self._handles = [_hooked(self, layer, names) for layer, names in self._layers]

    def end(self) -> None:
        """The step is over: hand on what was seen, if anything was."""
        for handle in self._handles:
            handle.remove()
        seen, self._now, self._handles = list(self._now.values()), {}, []
        if seen:
            self.rows += seen
            for sink in self.sinks:
                sink(seen)

    def take(self, layer: Layer, names: dict[str, str], x: Tensor) -> None:
        """What a layer is given, the first time in this step."""
        if layer.name not in self._now:
            self._now[layer.name] = _sight(self.step, layer, names, x.detach())

    @contextmanager
    def counting(self, model: nn.Module) -> Iterator["Watch"]:
        """Every forward pass of the model in training is a step."""

        def begin(*_: Any) -> None:
            self.end()
            if model.training and torch.is_grad_enabled():
                self.begin()

        handle = model.register_forward_pre_hook(begin)
        try:
            yield self
        finally:
            handle.remove()
            self.end()


def _hooked(watched: Watch, layer: Layer, names: dict[str, str]) -> Any:
    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x = next((v for v in [*args, *kwargs.values()] if isinstance(v, Tensor)), None)
        if x is not None and x.dim() > 1:
            watched.take(layer, names, x)

    assert layer.module is not None
    return layer.module.register_forward_pre_hook(hook, with_kwargs=True)


def _names(layer: Layer) -> dict[str, str]:
    """What the module calls its numbers: moved to another device they are other tensors."""
    assert layer.module is not None
    held = {**dict(layer.module.named_parameters()), **dict(layer.module.named_buffers())}
    wanted = {"mean": layer.mean, "var": layer.var, "weight": layer.weight}
    return {
        what: name
        for what, value in wanted.items()
        for name, own in held.items()
        if own is value and value is not None
    }


@torch.no_grad()
def _sight(step: int, layer: Layer, names: dict[str, str], x: Tensor) -> Sight:
    module = layer.module
    assert module is not None
    held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    now = replace(layer, **{what: held[name] for what, name in names.items()})
    placed = x if layer.found is None or layer.found.channels == 1 else x.movedim(-1, 1)
    seen = Seen()
    seen.take(placed, 0, layer.tracks)
    off = drift(now, seen) if layer.tracks else None
    peak = torch.inf if seen.bad else seen.peak
    weight = 1.0 if now.weight is None else float(now.weight.abs().median())
    smallest = torch.nan if now.var is None else float(now.var.min())
    z, r = (torch.nan, torch.nan) if off is None else (off.z, off.r)
    return Sight(step, layer.name, z, r, seen.values[1], peak, weight, smallest)


@contextmanager
def watch(
    model: nn.Module,
    every: int = EVERY,
    *,
    csv: str | Path | None = None,
    tensorboard: Any = None,
    to: Callable[[list[Sight]], None] | None = None,
) -> Iterator[Watch]:
    """Look at the norms of a model in every so many steps of training, for as long as a `with` block lasts.

    Args: model: what is called in training; a step is a forward pass of it in train() with gradients.
        every: steps from one look to the next. csv: a new file, to which a line is added for each layer.
        tensorboard: a SummaryWriter, or the folder for one (needs the extra "tensorboard"). to: called with
        what was seen in a step, once that step is over.
    Gives: a Watch, whose `rows` hold all that was seen.
    Changes: nothing of the model; its hooks are gone afterwards, also after an error.
    Errors: SettingError for `every` below 1; CheckError for a model without norms; DataError for a file that
        exists or cannot be written; MissingExtraError.
    Limits: what runs under torch.compile calls no hook that was not there when it was compiled. A step that
        is looked at costs about as much as several others (benchmarks/watch.py measures it).

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    >>> with watch(net, every=2) as watched:
    ...     for _ in range(4):
    ...         _ = net(torch.randn(8, 2))
    >>> [(sight.step, sight.layer, sight.values) for sight in watched.rows]
    [(0, '1', 8), (2, '1', 8)]
    """
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise SettingError(f"every={every!r} given; it must be a whole number from 1 on.")
    with opened_sinks(csv, tensorboard, to) as sinks:
        watched = Watch(model, every, sinks)
        with watched.counting(model):
            yield watched


@contextmanager
def opened_sinks(
    csv: str | Path | None, tensorboard: Any, to: Any
) -> Iterator[list[Callable[[list[Sight]], None]]]:
    """Where what is seen goes: a new file, TensorBoard, a function. Files are closed at the end."""
    sinks: list[Callable[[list[Sight]], None]] = [] if to is None else [to]
    own = writer = None
    try:
        if csv is not None:
            own = _opened(Path(csv))
            sinks.append(_into_csv(own))
        if tensorboard is not None:
            writer = _writer(tensorboard)
            sinks.append(_into_tensorboard(writer))
        yield sinks
    finally:
        if own is not None:
            own.close()
        if writer is not None and writer is not tensorboard:
            writer.close()


def _opened(path: Path) -> IO[str]:
    try:
        file = path.open("x", encoding="utf-8", newline="")
    except FileExistsError as error:
        raise DataError(f"{path} exists already; give another name, or remove it.") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}); give another path."
        ) from error
    file.write(",".join(field.name for field in fields(Sight)) + "\n")
    return file


def _into_csv(file: IO[str]) -> Callable[[list[Sight]], None]:
    """Whole lines, which others can read at once."""

    def write(seen: list[Sight]) -> None:
        lines = (",".join(map(csv_cell, astuple(sight))) for sight in seen)
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()

    return write


def _writer(given: Any) -> Any:
    if hasattr(given, "add_scalar"):
        return given
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError.of("watch(tensorboard=…)", "tensorboard", "tensorboard") from error
    return SummaryWriter(str(given))


def _into_tensorboard(writer: Any) -> Callable[[list[Sight]], None]:
    def write(seen: list[Sight]) -> None:
        for sight in seen:
            for name, value in scalars(sight).items():
                writer.add_scalar(name, value, sight.step)

    return write


def scalars(sight: Sight) -> dict[str, float]:
    """What a logger takes: "norms/LAYER/WHAT" -> number; what is not known is left out."""
    values = {n: v for n, v in asdict(sight).items() if n not in ("step", "layer")}
    return {f"norms/{sight.layer}/{n}": float(v) for n, v in values.items() if v == v}
