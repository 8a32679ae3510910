"""New layers brought to do, on data, what the old ones did; and how far a model's outputs moved."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from normlab.conversion.plan import Change
from normlab.errors import CheckError
from normlab.moments import Moments
from normlab.nn.activated import normalised
from normlab.nn.batch import BatchNorm
from normlab.nn.modes import evaluating
from normlab.recalibration.batches import Batches, tensors


def check_called(model: nn.Module, changes: Sequence[Change], batches: Batches) -> None:
    """Refuse layers that the model does not call: nothing can be known of them from data."""
    waiting = {change.old: change for change in changes if change.new is not None}

    def called(layer: nn.Module, *_: Any) -> None:
        waiting.pop(layer, None)

    with _hooked((old, called) for old in list(waiting)):
        for batch in batches:
            _run(model, batches, batch)
            if not waiting:
                return
    names = [change.names[0] or "the model" for change in waiting.values()]
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    raise CheckError(
        f"convert: {names[0]}{more}: it is not called when the model runs on {batches.what}; it may be "
        f"unused, or its numbers read by other code, which would fail. Leave it out with "
        f"skip={names[0]!r}, or give no calibration."
    )


class Fit:
    """Per channel, or last dimension, the weight and bias that bring the new output to the old."""

    def __init__(self, change: Change):
        self.change, self.new = change, change.new
        self.sums: Any = None
        self.moments = Moments()

    @property
    def fills(self) -> bool:
        """Whether the new layer has running statistics that the old one lacks."""
        found = self.change.place.found
        return isinstance(self.new, BatchNorm) and found is not None and not found.tracks

    def fill(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], y: Tensor) -> None:
        """A forward hook of the old layer."""
        x = _first(args, kwargs)
        self.moments.update(x, tuple(dim for dim in range(x.dim()) if dim != 1))

    def filled(self, batches: int) -> None:
        """The statistics of all that was seen."""
        for name, value in (("mean", self.moments.mean), ("var", self.moments.var())):
            held = self.new.get_buffer(f"running_{name}")  # pyright: ignore
            held.copy_(value)
        self.new.get_buffer("num_batches_tracked").fill_(batches)  # pyright: ignore

    def take(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], y: Tensor) -> None:
        """A forward hook of the old layer."""
        found = self.change.place.found
        assert found is not None
        plain = _plain_output(self.new, args, kwargs)
        if found.step is not None:  # y is what the activation made of it
            y = found.normalized(_first(args, kwargs), training=False).y
        shape = getattr(self.new, "normalized_shape", None)
        dims = (0, *range(2, y.dim())) if shape is None else tuple(range(y.dim() - len(shape)))
        a, b = plain.double(), y.double()
        seen = torch.stack([v.sum(dims) for v in (torch.ones_like(a), a, b, a * a, a * b)])
        self.sums = seen if self.sums is None else self.sums + seen


def _first(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    return args[0] if args else next(iter(kwargs.values()))


def _plain_output(new: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """In evaluation, without weight and bias, and without the hooks that the layer has taken over."""
    mode, new.training = new.training, False
    kept = {name: new._parameters.get(name) for name in ("weight", "bias")}
    try:
        for name, value in kept.items():
            if value is not None:
                new._parameters[name] = None
        return normalised(new, *args, **kwargs)
    finally:
        new.training = mode
        new._parameters.update({name: value for name, value in kept.items() if value is not None})


def fitted(model: nn.Module, changes: Sequence[Change], batches: Batches) -> list[Fit]:
    """Run the model as it was, and see at each old layer what the new one would give."""
    fits = [Fit(c) for c in changes if c.new is not None and c.place.found is not None]
    filling = [fit for fit in fits if fit.fills]
    if filling:
        with _hooked((fit.change.old, fit.fill) for fit in filling):
            number = _through(model, batches)
        for fit in filling:
            fit.filled(number)
    with _hooked((fit.change.old, fit.take) for fit in fits):
        _through(model, batches)
    return fits


def _through(model: nn.Module, batches: Batches) -> int:
    number = 0
    for batch in batches:
        _run(model, batches, batch)
        number += 1
    return number


@torch.no_grad()
def apply(fits: Iterable[Fit]) -> None:
    """Write weights and biases by least squares; layers that share one are fitted together.

    slope = Σ (ab − a·b/n) / Σ (aa − a·a/n),   offset = Σ (b − slope·a) / Σ n
    """
    weights, biases = defaultdict(list), defaultdict(list)
    for fit in fits:
        weight, bias = (getattr(fit.new, name, None) for name in ("weight", "bias"))
        if weight is not None and fit.sums is not None:
            weights[weight].append((fit.sums, bias is not None))
        if weight is not None and bias is not None and fit.sums is not None:
            biases[bias].append((fit.sums, weight))
    for weight, seen in weights.items():
        weight.copy_(_slope(seen, weight.double()))
    for bias, seen in biases.items():
        rest = torch.stack([sums[2] - weight.double() * sums[1] for sums, weight in seen])
        bias.copy_(rest.sum(0) / torch.stack([sums[0] for sums, _ in seen]).sum(0))


def _slope(seen: list[tuple[Tensor, bool]], before: Tensor) -> Tensor:
    """Centred where there is a bias; as it was where x says nothing."""
    above = below = size = torch.zeros_like(before)
    for (n, a, b, aa, ab), centred in seen:
        above = above + (ab - a * b / n if centred else ab)
        below = below + (aa - a * a / n if centred else aa)
        size = size + aa
    return torch.where(below > 1e-12 * size, above / below, before)


def difference(before: nn.Module, after: nn.Module, batches: Batches) -> float | None:
    """‖after − before‖ / ‖before‖ over all outputs in evaluation; None where they do not compare."""
    off = size = 0.0
    for batch in batches:
        pair = [list(tensors(_run(model, batches, batch))) for model in (before, after)]
        if not pair[0] or [t.shape for t in pair[0]] != [t.shape for t in pair[1]]:
            return None
        off += sum(_square(new - old) for old, new in zip(*pair, strict=True))
        size += sum(_square(old) for old in pair[0])
    return (off / size) ** 0.5 if size else float(off > 0)


def _square(x: Tensor) -> float:
    return float(x.abs().double().square().sum())


def _run(model: nn.Module, batches: Batches, batch: Any) -> Any:
    with torch.no_grad(), evaluating(model):
        return batches.run(model, batch)


@contextmanager
def _hooked(pairs: Iterable[tuple[nn.Module, Any]]) -> Iterator[None]:
    handles = [module.register_forward_hook(hook, with_kwargs=True) for module, hook in pairs]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
