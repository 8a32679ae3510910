"""One normaliser for another throughout a model: the affine goes along, and with data the function."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from normlab.errors import CheckError, SettingError
from normlab.nn.batch import BatchNorm
from normlab.nn.beyond import FrozenBatchNorm
from normlab.nn.calibrate import difference, fitted, outputs
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.standard import GroupNorm, InstanceNorm, RMSNorm
from normlab.nn.synchronize import desynchronize, synchronize

SOURCES: dict[str, tuple[type[nn.Module], ...]] = {
    "batch": (_BatchNorm,),
    "instance": (_InstanceNorm,),
    "group": (nn.GroupNorm,),
    "layer": (nn.LayerNorm,),
    "frozen": (FrozenBatchNorm,),
}


class RefusedError(Exception):
    """Why one layer stays as it is."""


@dataclass(frozen=True)
class Change:
    """What becomes of one layer; `names` are all the places it is used at."""

    names: tuple[str, ...]
    old: nn.Module
    new: nn.Module | None
    note: str

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
    builder = _builder(to, source)
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


def _change(names: tuple[str, ...], old: Any, builder: "Builder", num_groups: int | None) -> Change:
    try:
        if not type(old).forward.__module__.startswith(("torch.", "normlab.")):
            raise RefusedError(
                f"{type(old).__name__} has a forward of its own, which would be lost; exchange it by hand."
            )
        new, note = builder(old, num_groups)
        return Change(names, old, _dressed(new, old), note)
    except RefusedError as reason:
        return Change(names, old, None, str(reason))


Builder = Callable[[Any, int | None], tuple[nn.Module, str]]


def _channels(old: Any) -> int:
    return int(getattr(old, "num_features", getattr(old, "num_channels", 0)))


def _kind(old: Any) -> dict[str, Any]:
    """Device and dtype of the layer's own tensors."""
    own = next((t for t in (*old.parameters(), *old.buffers()) if t.is_floating_point()), None)
    return {} if own is None else {"device": own.device, "dtype": own.dtype}


def _to_group(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    channels = _channels(old)
    groups = num_groups or _usual_groups(channels)
    if channels % groups:
        raise RefusedError(f"num_groups={groups} does not divide its {channels} channels.")
    if groups == channels and not _has_space(old):
        raise RefusedError(
            f"{groups} groups of {channels} channels leave one element per group, whose variance is 0, "
            f"so that y would be the bias alone; use fewer groups."
        )
    return GroupNorm(
        groups, channels, old.eps, **_kind(old)
    ), f"{channels // groups} channels a group"


def _usual_groups(channels: int) -> int:
    """At most 32, as Wu & He use, with at least two channels in each where that is possible."""
    return max(g for g in range(1, min(32, max(1, channels // 2)) + 1) if channels % g == 0)


def _has_space(old: Any) -> bool:
    """Whether a layer's input is known to have more than (N, C)."""
    return isinstance(old, nn.BatchNorm2d | nn.BatchNorm3d | _InstanceNorm)


def _to_layer(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if _channels(old) == 1 and not _has_space(old):
        raise RefusedError(
            "a single channel without space leaves one element per sample; it would be erased."
        )
    new = GroupNorm(1, _channels(old), old.eps, **_kind(old))
    return new, "layer norm over channels and space, one weight per channel"


def _to_instance(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if not _has_space(old):
        raise RefusedError(
            f"the input of {type(old).__name__} may have no space, and one element per channel would be "
            f"erased; use to='group' or 'layer'."
        )
    return InstanceNorm(
        _channels(old), old.eps, affine=True, **_kind(old)
    ), "each channel of each sample"


def _to_rms(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if isinstance(old, nn.LayerNorm):
        if old.bias is not None and bool((old.bias != 0).any()):
            raise RefusedError(
                f"RMSNorm has no bias, and this one reaches {old.bias.detach().abs().max():.3g}; "
                f"set it to 0 or fold it into the next layer first."
            )
        return RMSNorm(list(old.normalized_shape), old.eps, **_kind(old)), "no mean subtracted"
    return _root_mean_square(old, "c s"), "root mean square over channels and space, bias kept"


def _to_divisive(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if not _channels(old):
        raise RefusedError(
            "layer norm works on the last dimensions, divisive norm on axis 1; exchange by hand."
        )
    return _root_mean_square(
        old, "c"
    ), "divided by the root mean square of all channels at its place"


def _root_mean_square(old: Any, over: str) -> DivisiveNorm:
    form = {"drive_power": 1.0, "outer_power": 0.5, "reduce": "mean", "over": over}
    return DivisiveNorm(_channels(old), sigma=old.eps**0.5, learn_sigma=False, **form, **_kind(old))


def _to_frozen(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if old.running_mean is None:
        raise RefusedError("it has no running statistics to freeze.")
    return FrozenBatchNorm.from_batch_norm(
        old
    ), "the same function in eval(), and now in train() too"


def _to_batch(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    new = BatchNorm(_channels(old), old.eps, **_kind(old))
    if isinstance(old, FrozenBatchNorm):
        new.load_state_dict(old.state_dict(), strict=False)
        return new, "the same function in eval()"
    return new, "running statistics start at 0 and 1, or from calibration"


def _unchanged(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    return old, "the same layer, its statistics pooled or no longer pooled over processes"


_FROM_CHANNELS = ("batch", "instance", "group", "frozen")
TARGETS: dict[str, tuple[tuple[str, ...], Builder]] = {
    "group": (("batch", "instance", "frozen"), _to_group),
    "layer": (_FROM_CHANNELS, _to_layer),
    "instance": (("batch", "frozen"), _to_instance),
    "rms": ((*_FROM_CHANNELS, "layer"), _to_rms),
    "divisive": (_FROM_CHANNELS, _to_divisive),
    "frozen": (("batch",), _to_frozen),
    "batch": (("batch", "instance", "group", "frozen"), _to_batch),
    "sync": (("batch",), _unchanged),
}


def _builder(to: str, source: str) -> Builder:
    source = "batch" if source == "sync" else source
    if to not in TARGETS:
        raise SettingError(f"convert: to={to!r} given; it must be one of {', '.join(TARGETS)}.")
    if source not in SOURCES:
        raise SettingError(
            f"convert: source={source!r} given; it must be one of {', '.join(SOURCES)}."
        )
    sources, builder = TARGETS[to]
    if source not in sources:
        raise SettingError(
            f"convert: to={to!r} is not known from source={source!r}; it is from {', '.join(sources)}."
        )
    return _unchanged if to == source == "batch" else builder


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
