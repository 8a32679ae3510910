"""One normaliser for another throughout a model: the affine goes along, and with data the function."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from normlab.conversion.calibrate import difference, fitted, outputs
from normlab.conversion.targets import SOURCES, Builder, RefusedError, builder_for
from normlab.errors import CheckError
from normlab.nn.synchronize import desynchronize, synchronize


@dataclass(frozen=True)
class Change:
    """What becomes of one layer; `names` are all the places it is used at, `was` is how it was shown."""

    names: tuple[str, ...]
    old: nn.Module
    new: nn.Module | None
    note: str
    was: str = ""

    @property
    def refused(self) -> bool:
        return self.new is None


@dataclass(frozen=True)
class Conversion:
    """A converted model, what changed in it, and how far its outputs moved on the calibration data."""

    model: nn.Module
    changes: tuple[Change, ...]
    difference_carried: float | None = None
    difference: float | None = None


def convert(
    model: nn.Module,
    to: str,
    source: str = "batch",
    *,
    calibration: Iterable[Any] | None = None,
    num_groups: int | None = None,
    process_group: Any = "world",
    inplace: bool = False,
) -> nn.Module:
    """A model with every normaliser of one kind exchanged for another.

    Args: to: "group", "layer", "instance", "rms", "divisive", "frozen", "batch" or "sync"; source: the
        kind to exchange, "batch" (with "sync" as one of its forms), "instance", "group", "layer" or
        "frozen"; calibration: batches of input (a tensor, or a tuple that begins with one): weight and
        bias of each new layer are then fitted to the old layer's output in evaluation, and statistics
        are filled; num_groups for "group"; process_group for "sync"; inplace: change the model itself.
    Keeps: weight and bias (the same parameters), names, a module used twice as one, forward and backward
        hooks, device, dtype, train/eval. Exact where the function is the same: batch → frozen, sync,
        batch; frozen → batch.
    Errors: CheckError for a model with nothing to convert, or a layer whose data the new one would erase
        (one element per group) or whose own forward it would lose; SettingError for an unknown kind.
        Nothing is changed then.
    Limits: "layer" of images is GroupNorm with one group, which keeps one weight per channel; other
        normalisers are other functions: without calibration only the affine is carried.

    >>> import torch
    >>> convert(torch.nn.Sequential(torch.nn.BatchNorm2d(8)), to="group")
    Sequential(
      (0): GroupNorm(4, 8, eps=1e-05, affine=True, bias=True)
    )
    """
    return converted(
        model, to, source, calibration, num_groups=num_groups, group=process_group, inplace=inplace
    ).model


def converted(
    model: nn.Module,
    to: str,
    source: str = "batch",
    calibration: Iterable[Any] | None = None,
    *,
    num_groups: int | None = None,
    group: Any = "world",
    inplace: bool = False,
) -> Conversion:
    """`convert`, with what it did."""
    batches = None if calibration is None else list(calibration)
    model = model if inplace else _copied(model)
    changes = plan(model, to, source, num_groups=num_groups)
    refused = [change for change in changes if change.refused]
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise CheckError(f"convert: {refused[0].names[0] or 'the model'}{more}: {refused[0].note}")
    if to == "sync":
        return Conversion(synchronize(model, group), changes)
    if to == source == "batch":
        return Conversion(desynchronize(model), changes)
    if batches is None:
        return Conversion(_exchanged(model, changes), changes)
    return _calibrated(model, changes, batches)


def _calibrated(model: nn.Module, changes: tuple[Change, ...], batches: list[Any]) -> Conversion:
    before = outputs(model, batches)
    pairs = [(change.old, change.new) for change in changes if change.new is not None]
    fits = fitted(model, pairs, batches)
    model = _exchanged(model, changes)
    carried = difference(before, outputs(model, batches))
    for fit in fits:
        fit.apply()
    return Conversion(model, changes, carried, difference(before, outputs(model, batches)))


def plan(
    model: nn.Module, to: str, source: str = "batch", *, num_groups: int | None = None
) -> tuple[Change, ...]:
    """What `convert` would change, layer by layer, and why it would refuse; nothing is changed."""
    builder = builder_for(to, source)
    places: dict[int, tuple[list[str], nn.Module]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, SOURCES[source]):
            places.setdefault(id(module), ([], module))[0].append(name)
    if not places:
        raise CheckError(_nothing(model, source))
    return tuple(
        _change(tuple(names), module, builder, num_groups) for names, module in places.values()
    )


def _nothing(model: nn.Module, source: str) -> str:
    has = {
        kind: count
        for kind, types in SOURCES.items()
        if (count := sum(isinstance(module, types) for module in model.modules()))
    }
    there = (
        ", ".join(f"{count} × {kind}" for kind, count in has.items()) or "no normaliser known here"
    )
    return f"convert: {type(model).__name__} holds no {source} layer; it has {there}."


def _change(names: tuple[str, ...], old: Any, builder: Builder, num_groups: int | None) -> Change:
    try:
        if not type(old).forward.__module__.startswith(("torch.", "normlab.")):
            raise RefusedError(
                f"{type(old).__name__} has a forward of its own, which would be lost; exchange it by hand."
            )
        new, note = builder(old, num_groups)
        return Change(names, old, _dressed(new, old), note, repr(old))
    except RefusedError as reason:
        return Change(names, old, None, str(reason), repr(old))


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_HOOK_FLAGS = (
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks_with_kwargs",
    "_is_full_backward_hook",
)


def _dressed(new: nn.Module, old: nn.Module) -> nn.Module:
    """With the old layer's weight, bias, hooks and mode."""
    if new is old:
        return new
    for name in ("weight", "bias"):
        given = getattr(old, name, None)
        if name in new._parameters and (isinstance(given, nn.Parameter) or given is None):
            new._parameters[name] = given
    for name in (*_HOOKS, *_HOOK_FLAGS):
        setattr(new, name, getattr(old, name))
    return new.train(old.training)


def _exchanged(model: nn.Module, changes: tuple[Change, ...]) -> nn.Module:
    """Put the new layers where the old ones were; the model itself may be one of them."""
    for change in changes:
        for name in change.names:
            if not name:
                assert change.new is not None
                return change.new
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, change.new)
    return model


def _copied(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise CheckError(
            f"convert: {type(model).__name__} cannot be copied ({type(error).__name__}: {error}); "
            f"convert it with inplace=True."
        ) from error
