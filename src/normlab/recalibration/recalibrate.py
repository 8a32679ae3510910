"""Running statistics computed anew from data, exactly: what a precise batch norm would hold."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from normlab.errors import CheckError, DataError
from normlab.kernels.processes import Group, Processes
from normlab.nn.modes import evaluating
from normlab.recalibration.batches import Batches, Progress, random_state_kept, silent
from normlab.recalibration.seen import Seen
from normlab.recalibration.watching import watching


def recalibrate(
    model: nn.Module,
    batches: Iterable[Any],
    *,
    only: Iterable[nn.Module] | None = None,
    process_group: Any = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Give every batch norm of a model, in place, the statistics of its input over all batches.

        running_mean = mean x,   running_var = M2 / (n − 1),   over all n values that a channel sees

    The model is in evaluation meanwhile, so that dropout is off, and a layer's input is what it will be
    in use: the layers before it have their new statistics. Data are therefore gone through once for each
    layer, in the order in which the model calls them on the first batch, each time up to that layer.
    Neither the order of samples nor how they are put into batches matters, but for rounding.

    Args: batches: see `normlab.recalibration.batches.Batches`; only: the layers to do, of those found;
        process_group: "world" or a ProcessGroup pools the data of all its processes; progress: called
        with the number of layers done, and of all.
    Returns: the names of the layers done. num_batches_tracked becomes the number of batches.
    Dtype: accumulated in float64 (`normlab.Moments`), written in the layer's own.
    Keeps: every mode, the state of torch's random numbers, and all other buffers of these layers.
    Leaves: layers without running statistics; FrozenBatchNorm; layers in evaluation while others
        train; layers whose own parameters need no gradient while others of the model do; layers that
        the model does not call (an error if `only` names them). A tracked InstanceNorm gets the averages
        over samples of each sample's mean and unbiased variance, which is what it tracks in training.
    Errors: CheckError when no layer is left to do; DataError when there is no batch, when a layer sees
        NaN, infinity, or a single value per channel, or when its dtype cannot hold the result. Nothing
        is changed then.
    Limits: a layer that the model calls more than once is given the statistics of all its calls, where
        it and the layers after it normalise by the batch itself, as in training, since its statistics
        would depend on themselves. Layers with a forward of their own are seen where they call torch's
        batch_norm. Data that are drawn anew at every pass, such as augmented ones, give statistics of
        all that was drawn.
    Source: Wu & Johnson 2021 (arXiv:2105.07576), section 3, whose averages over batches are made exact.

    >>> norm = nn.BatchNorm1d(1)
    >>> recalibrate(nn.Sequential(norm), [torch.tensor([[1.0], [2.0]]), torch.tensor([[6.0]])])
    ('0',)
    >>> norm.running_mean.item(), norm.running_var.item(), norm.num_batches_tracked.item()
    (3.0, 7.0, 2)
    """
    names = _found(model, only)
    given = batches if isinstance(batches, Batches) else Batches(batches)
    group = None if process_group is None else Processes(process_group).group
    with _undone_on_error(names), random_state_kept(model), torch.no_grad(), evaluating(model):
        calls = _calls(model, given, names, group)
        if missed := [names[layer] for layer in names if only is not None and layer not in calls]:
            raise DataError(
                f"{missed[0]} is not called when the model runs on {given.what}, so nothing is known "
                f"of its statistics; leave it out."
            )
        for number, layer in enumerate(calls):
            seen = _pass(model, given, layer, calls, list(calls)[number:])
            _write(layer, names[layer], seen.over(group))
            progress(number + 1, len(calls))
    return tuple(names[layer] for layer in calls)


def frozen(model: nn.Module, layer: nn.Module) -> bool:
    """Whether a layer of a model is kept from learning while the rest of it may learn."""
    own = list(layer.parameters(recurse=False))
    fixed = bool(own) and not any(p.requires_grad for p in own)
    others = fixed and any(p.requires_grad for p in model.parameters())
    return others or (not layer.training and _trains(model))


def _trains(model: nn.Module) -> bool:
    """Whether any layer does: what wraps a model, such as DataParallel, may say so of itself alone."""
    return any(part.training for part in model.modules() if not any(part.children()))


def _found(model: nn.Module, only: Iterable[nn.Module] | None) -> dict[nn.Module, str]:
    wanted = None if only is None else set(only)
    holding: dict[nn.Module, str] = {
        layer: name or "the model"
        for name, layer in model.named_modules()
        if isinstance(layer, _NormBase) and layer.running_mean is not None
        if wanted is None or layer in wanted
    }
    free = {layer: name for layer, name in holding.items() if not frozen(model, layer)}
    if not free:
        why = "all that it has are frozen" if holding else "it has none"
        raise CheckError(
            f"{type(model).__name__}: no batch norm with running statistics to recalibrate; {why}."
        )
    return free


class _Enough(BaseException):
    """The layer in question has seen the batch: the rest of the model need not run."""


def _calls(
    model: nn.Module, batches: Batches, names: dict[nn.Module, str], group: Group | None
) -> dict[nn.Module, int]:
    """How often each layer is called on the first batch, in the order of first calls."""
    calls: dict[nn.Module, int] = {}

    def see(layer: nn.Module, x: Tensor, mask: Tensor | None) -> None:
        calls[layer] = calls.get(layer, 0) + 1

    with watching(names, see):
        batches.run(model, next(iter(batches)))
    if group is not None:  # one order for all processes
        order: list[Any] = [[(names[layer], number) for layer, number in calls.items()]]
        dist.broadcast_object_list(order, group=group, group_src=0)
        by_name = {name: layer for layer, name in names.items()}
        calls = {by_name[name]: number for name, number in order[0]}
    return calls


def _pass(
    model: nn.Module,
    batches: Batches,
    layer: nn.Module,
    calls: dict[nn.Module, int],
    undone: list[nn.Module],
) -> Seen:
    """All batches up to one layer."""
    seen = Seen()

    def see(_: nn.Module, x: Tensor, mask: Tensor | None) -> None:
        seen.take(layer, x, mask)
        if calls[layer] == 1:
            raise _Enough

    again = _by_the_batch(undone) if calls[layer] > 1 else nullcontext()
    with again, watching([layer], see):
        for batch in batches:
            seen.batches += 1
            try:
                batches.run(model, batch)
            except _Enough:
                continue
    return seen


def _write(layer: nn.Module, name: str, seen: Seen) -> None:
    for what, value in zip(("running_mean", "running_var"), seen.statistics, strict=True):
        held = getattr(layer, what)
        if seen.pooled.count < 2 and seen.spread is None:
            raise DataError(
                f"{name}: {seen.pooled.count} value(s) per channel have no variance; give more data."
            )
        if value.shape != held.shape or not bool(value.to(held.dtype).isfinite().all()):
            raise DataError(
                f"{name}: its {what} over the data would not be finite numbers of {held.dtype}; look "
                f"for NaN and infinity in the data and weights, or give the layer a wider dtype."
            )
        held.copy_(value)
    counted = getattr(layer, "num_batches_tracked", None)
    if counted is not None:
        counted.fill_(seen.batches)


@contextmanager
def _by_the_batch(layers: list[Any]) -> Iterator[None]:
    """Normalise by the batch itself, and let the running statistics be."""
    kept = [(layer, layer.training, layer.momentum) for layer in layers]
    for layer in layers:
        layer.training, layer.momentum = True, 0.0
    try:
        yield
    finally:
        for layer, training, momentum in kept:
            layer.training, layer.momentum = training, momentum


@contextmanager
def _undone_on_error(layers: Iterable[nn.Module]) -> Iterator[None]:
    kept = [(held, held.clone()) for layer in layers for held in layer.buffers(recurse=False)]
    try:
        yield
    except BaseException:
        for held, value in kept:
            held.copy_(value)
        raise
