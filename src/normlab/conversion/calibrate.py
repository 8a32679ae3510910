"""Weight and bias fitted so that a new layer does, on data, what the old one did."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import DataError
from normlab.nn.batch import BatchNorm
from normlab.nn.modes import evaluating


def outputs(model: nn.Module, batches: list[Any]) -> list[Tensor]:
    """Of every batch, in evaluation, without a trace in the model."""
    with torch.no_grad(), evaluating(model):
        return [model(_input(batch)) for batch in batches]


def difference(before: list[Tensor], after: list[Tensor]) -> float:
    """‖after − before‖ / ‖before‖ over all batches."""
    off = sum(
        float((b.double() - a.double()).square().sum()) for a, b in zip(before, after, strict=True)
    )
    size = sum(float(a.double().square().sum()) for a in before)
    return (off / size) ** 0.5 if size else float(off > 0)


class AffineFit:
    """Per channel, or last dimension, the weight and bias that bring the new output to the old."""

    def __init__(self, old: nn.Module, new: nn.Module):
        self.old, self.new, self.sums = old, new, None

    def fill(self, module: nn.Module, inputs: tuple[Any, ...], y: Tensor) -> None:
        """A forward hook of the old layer: running statistics, the average over all batches."""
        assert isinstance(self.new, BatchNorm)
        kept, mode = self.new.momentum, self.new.training
        self.new.momentum = None
        self.new.train().forward(inputs[0])
        self.new.momentum = kept
        self.new.train(mode)

    def take(self, module: nn.Module, inputs: tuple[Any, ...], y: Tensor) -> None:
        """A forward hook of the old layer."""
        plain = _plain_output(self.new, inputs[0])
        shape = getattr(self.new, "normalized_shape", None)
        dims = (0, *range(2, y.dim())) if shape is None else tuple(range(y.dim() - len(shape)))
        a, b = plain.double(), y.double()
        found = torch.stack([v.sum(dims) for v in (torch.ones_like(a), a, b, a * a, a * b)])
        self.sums = found if self.sums is None else self.sums + found

    def apply(self) -> None:
        weight, bias = getattr(self.new, "weight", None), getattr(self.new, "bias", None)
        if self.sums is None or weight is None:
            return
        n, a, b, aa, ab = self.sums
        spread = aa - a * a / n
        slope = torch.where(spread > 1e-12 * aa, (ab - a * b / n) / spread, weight.double())
        if bias is None:
            slope = torch.where(aa > 0, ab / aa, weight.double())
        else:
            bias.data.copy_((b - slope * a) / n)
        weight.data.copy_(slope)


def _plain_output(new: nn.Module, x: Tensor) -> Tensor:
    """In evaluation, without weight and bias, and without the hooks that the layer has taken over."""
    mode, new.training = new.training, False
    kept = {name: new._parameters.get(name) for name in ("weight", "bias")}
    try:
        for name, value in kept.items():
            if value is not None:
                new._parameters[name] = None
        return new.forward(x)
    finally:
        new.training = mode
        new._parameters.update({name: value for name, value in kept.items() if value is not None})


def fitted(
    model: nn.Module, pairs: Iterable[tuple[nn.Module, nn.Module]], batches: list[Any]
) -> list[AffineFit]:
    """Run the model as it was, and see at each old layer what the new one would give."""
    fits = [AffineFit(old, new) for old, new in pairs]
    untold = [fit for fit in fits if isinstance(fit.new, BatchNorm) and not _tracked(fit.old)]
    with _hooked((fit.old, fit.fill) for fit in untold):
        if untold:
            outputs(model, batches)
    with _hooked((fit.old, fit.take) for fit in fits):
        outputs(model, batches)
    return fits


def _tracked(old: nn.Module) -> bool:
    return getattr(old, "running_mean", None) is not None


@contextmanager
def _hooked(pairs: Iterable[tuple[nn.Module, Any]]) -> Iterator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in pairs]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _input(batch: Any) -> Tensor:
    x = batch[0] if isinstance(batch, list | tuple) and batch else batch
    if not isinstance(x, Tensor):
        raise DataError(
            f"calibration holds a {type(x).__name__}; give batches that are tensors, or tuples that "
            f"begin with one."
        )
    return x
