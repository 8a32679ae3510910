"""What each normaliser becomes when it is exchanged for another kind, or why it cannot be."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import SyncBatchNorm, _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from normlab.conversion.order import OURS, Order
from normlab.conversion.refusing import RefusedError
from normlab.errors import NormlabError, SettingError
from normlab.nn import LayerNorm2d, registry
from normlab.nn.batch import BatchNorm
from normlab.nn.beyond import FrozenBatchNorm
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.synchronize import check_synchronizable
from normlab.recognition import Recognised
from normlab.recognition.copies import copied, run, undisturbed
from normlab.recognition.inputs import made_up


@dataclass(frozen=True)
class Old:
    """A layer to be exchanged, as it was recognised."""

    module: Any
    found: Recognised

    @property
    def row(self) -> str:
        return self.found.row.name

    @property
    def eps(self) -> float:
        return self.found.settings["eps"]

    @cached_property
    def channels(self) -> int:
        """How many there are; RefusedError where it works on the last dimensions."""
        if self.found.channels != 1 or "normalized_shape" in self.found.settings:
            raise RefusedError(
                "it works on the last dimensions, and what it should become on axis 1; exchange it by "
                "hand."
            )
        held = (self.found.weight, self.found.bias, self.found.mean)
        known = next((value.numel() for value in held if value is not None), 0)
        named = [getattr(self.module, name, 0) for name in ("num_features", "num_channels")]
        return known or next((int(number) for number in named if number), 0)

    @property
    def kind(self) -> dict[str, Any]:
        """Device and dtype of the layer's own tensors."""
        tensors = (*self.module.parameters(), *self.module.buffers())
        own = next((t for t in tensors if t.is_floating_point()), None)
        return {} if own is None else {"device": own.device, "dtype": own.dtype}

    @property
    def has_space(self) -> bool:
        """Whether its input is known to have more than (N, C)."""
        names = (kind.__name__ for kind in type(self.module).__mro__)
        return isinstance(self.module, _InstanceNorm) or any(
            name.removesuffix("Act").endswith(("2d", "3d")) for name in names
        )

    def make(self, row: str, extent: Any, **options: Any) -> Any:
        """The row's layer with the ε, device and dtype, weight and bias of this one."""
        options = {"eps": self.eps} | options | self.kind
        return self.share(registry.layer_for(row).make(extent, **options))

    def share(self, new: Any) -> Any:
        """Give a new layer the very weight and bias of this one, or their numbers."""
        for name in ("weight", "bias"):
            given = getattr(self.found, name)
            if name in new._parameters:
                held = new._parameters[name]
                new._parameters[name] = (
                    None if given is None else self._parameter(name, given, held.shape)
                )
        return new

    def _parameter(self, name: str, given: Tensor, shape: torch.Size) -> nn.Parameter:
        learns = given.requires_grad or not isinstance(given, nn.Parameter)
        if name == "weight" and not self.stores_gain and self.found.gain is not None:
            return nn.Parameter(self.found.gain.to(given).reshape(shape), learns)
        if isinstance(given, nn.Parameter) and given.shape == shape:
            return given
        return nn.Parameter(given.detach().reshape(shape).clone(), learns)

    @property
    def stores_gain(self) -> bool:
        """Whether the weight is what the normalised values are multiplied by."""
        return (self.found.offset, self.found.factor) == (0.0, 1.0)


Builder = Callable[[Old, Order], tuple[nn.Module, str]]


def _to_group(old: Old, order: Order) -> tuple[nn.Module, str]:
    channels = old.channels
    groups = order.num_groups or _usual_groups(channels)
    if channels % groups:
        raise RefusedError(f"num_groups={groups} does not divide its {channels} channels.")
    if groups == channels and not old.has_space:
        raise RefusedError(
            f"{groups} groups of {channels} channels leave one element per group, whose variance is 0, "
            f"so that y would be the bias alone; use fewer groups."
        )
    new = old.make("group", channels, num_groups=groups)
    return new, f"{channels // groups} channels a group"


def _usual_groups(channels: int) -> int:
    """At most 32, as Wu & He use, with at least two channels in each where that is possible."""
    return max(g for g in range(1, min(32, max(1, channels // 2)) + 1) if channels % g == 0)


def _to_layer(old: Old, order: Order) -> tuple[nn.Module, str]:
    if old.channels == 1 and not old.has_space:
        raise RefusedError(
            "a single channel without space leaves one element per sample; it would be erased."
        )
    new = old.make("group", old.channels, num_groups=1)
    return new, "layer norm over channels and space, one weight per channel"


def _to_instance(old: Old, order: Order) -> tuple[nn.Module, str]:
    channels = old.channels
    if not old.has_space:
        raise RefusedError(
            f"the input of {type(old.module).__name__} may have no space, and one element per channel "
            f"would be erased; use to='group' or 'layer'."
        )
    return old.make("instance", channels, affine=True), "each channel of each sample"


def _to_rms(old: Old, order: Order) -> tuple[nn.Module, str]:
    shape, bias = old.found.settings.get("normalized_shape"), old.found.bias
    if shape is None:
        over = "c" if old.row == "positional" else "c s"
        what = "the channels of each place" if old.row == "positional" else "channels and space"
        return _root_mean_square(old, over), f"root mean square over {what}, bias kept"
    if bias is not None and bool((bias != 0).any()):
        raise RefusedError(
            f"RMSNorm has no bias, and this one reaches {bias.detach().abs().max():.3g}; "
            f"set it to 0 or fold it into the next layer first."
        )
    return old.make("rms", list(shape)), "no mean subtracted"


def _to_divisive(old: Old, order: Order) -> tuple[nn.Module, str]:
    new = _root_mean_square(old, "c")
    return new, "divided by the root mean square of all channels at its place"


def _root_mean_square(old: Old, over: str) -> nn.Module:
    eps = old.eps
    return old.share(DivisiveNorm.root_mean_square(old.channels, eps=eps, over=over, **old.kind))


def _to_frozen(old: Old, order: Order) -> tuple[nn.Module, str]:
    if not old.found.tracks:
        raise RefusedError("it has no running statistics to freeze.")
    return _frozen(old), "the same function in eval(), and now in train() too"


def _frozen(old: Old) -> nn.Module:
    new = FrozenBatchNorm(old.channels, old.eps, **old.kind)
    given = {"running_mean": old.found.mean, "running_var": old.found.var}
    given |= {"weight": old.found.gain, "bias": old.found.bias}
    with torch.no_grad():
        for name, value in given.items():
            if value is not None:
                getattr(new, name).copy_(value.flatten())
    return new


def _to_batch(old: Old, order: Order) -> tuple[nn.Module, str]:
    new, found = old.make("batch", old.channels), old.found
    if not found.frozen or found.mean is None or found.var is None:
        return new, "running statistics start at 0 and 1, or from calibration"
    with torch.no_grad():
        new.running_mean.copy_(found.mean.flatten())
        new.running_var.copy_(found.var.flatten())
    return new, "the same function in eval()"


def by_class(module: Any, order: Order) -> str | None:
    """The note of a layer of which the class alone changes, or None where it needs another layer."""
    if order.to == "batch" and not isinstance(module, BatchNorm | SyncBatchNorm):
        return "the same layer, without pooling over processes"
    if not isinstance(module, _BatchNorm):
        return None
    try:
        check_synchronizable(module)
    except SettingError as error:
        if isinstance(module, SyncBatchNorm):
            raise RefusedError(str(error)) from error
        return None
    no_longer = "" if order.to == "sync" else "no longer "
    return f"the same layer, its statistics {no_longer}pooled over processes"


def _to_sync(old: Old, order: Order) -> tuple[nn.Module, str]:
    """Ours, where the class of the old one cannot change."""
    new = _our_batch(old)
    new.process_group = order.process_group
    return new, "the same function, its statistics pooled over processes"


def _to_ours(old: Old, order: Order) -> tuple[nn.Module, str]:
    if not old.stores_gain:
        raise RefusedError(
            f"it is {old.found.words}, and ours holds the weight itself, so that a state_dict would not "
            f"mean the same; exchange it by hand."
        )
    new = _OURS.get("frozen" if old.found.frozen else old.row, _our_row)(old)
    _check_fit(new, old)
    return new, "the same function"


def _check_fit(new: nn.Module, old: Old) -> None:
    if (ours := _shapes(new)) != (theirs := _shapes(old.module)):
        raise RefusedError(
            f"it holds {theirs}, where ours would hold {ours}, so that a state_dict would not fit; "
            f"exchange it by hand."
        )


def _shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    """What it holds itself, by name."""
    held = dict(layer.named_parameters(recurse=False)) | dict(layer.named_buffers(recurse=False))
    return {name: tuple(value.shape) for name, value in sorted(held.items())}


def _our_row(old: Old) -> nn.Module:
    settings = dict(old.found.settings)
    shape = settings.pop("normalized_shape", None)
    extent = old.channels if shape is None else list(shape)
    return old.share(registry.layer_for(old.row).make(extent, **settings, **old.kind))


def _our_batch(old: Old) -> Any:
    return _tracking(old, "batch", BatchNorm)


def _our_instance(old: Old) -> nn.Module:
    return _tracking(old, "instance", registry.layer_for("instance").layer)


def _tracking(old: Old, row: str, kind: Any) -> Any:
    """With the very running statistics of the old layer."""
    tracks = bool(getattr(old.module, "track_running_stats", old.found.tracks))
    momentum = getattr(old.module, "momentum", 0.1)
    new = old.make(row, old.channels, momentum=momentum, affine=True, track_running_stats=tracks)
    _check_fit(new, old)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        new._buffers[name] = old.module._buffers.get(name)
    if isinstance(old.module, SyncBatchNorm):
        new.process_group = old.module.process_group or "world"
    if tracks and old.found.how != "type" and not _updates_alike(old.module, new):
        raise RefusedError(
            "its running statistics follow the batch in another way than torch's, such as another "
            "meaning of momentum; exchange it by hand."
        )
    return new


def _updates_alike(module: nn.Module, new: nn.Module) -> bool:
    """Whether a batch in training leaves the same running statistics in both."""
    for x in made_up(module):
        both = [copied(layer).double().train() for layer in (module, new)]
        try:
            with undisturbed(x.device), torch.no_grad():
                for layer in both:
                    run(layer, x)
        except NormlabError:  # they take no such input
            continue
        held = [(layer.running_mean, layer.running_var) for layer in both]
        return all(torch.allclose(a, b) for a, b in zip(*held, strict=True))
    return False


def _our_positional(old: Old) -> nn.Module:
    return old.share(LayerNorm2d(old.channels, old.eps, **old.kind))


_OURS: dict[str, Callable[[Old], nn.Module]] = {
    "batch": _our_batch,
    "instance": _our_instance,
    "positional": _our_positional,
    "frozen": _frozen,
}
_BUILDERS: dict[str, Builder] = {
    "group": _to_group,
    "layer": _to_layer,
    "instance": _to_instance,
    "rms": _to_rms,
    "divisive": _to_divisive,
    "frozen": _to_frozen,
    "batch": _to_batch,
    "sync": _to_sync,
    OURS: _to_ours,
}


def builder_for(order: Order) -> Builder:
    return _BUILDERS[order.to]
