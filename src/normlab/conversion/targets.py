"""What each normaliser becomes when it is exchanged for another kind, or why it cannot be."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.modules.instancenorm import _InstanceNorm

from normlab.errors import SettingError
from normlab.nn import registry
from normlab.nn.beyond import FrozenBatchNorm
from normlab.nn.divisive import DivisiveNorm

SOURCES: dict[str, type[nn.Module]] = {
    **{row: registry.layer_for(row).known for row in ("batch", "instance", "group", "layer")},
    "frozen": FrozenBatchNorm,
}


class RefusedError(Exception):
    """Why one layer stays as it is."""


Builder = Callable[[Any, int | None], tuple[nn.Module, str]]


def _channels(old: Any) -> int:
    return int(getattr(old, "num_features", getattr(old, "num_channels", 0)))


def _kind(old: Any) -> dict[str, Any]:
    """Device and dtype of the layer's own tensors."""
    own = next((t for t in (*old.parameters(), *old.buffers()) if t.is_floating_point()), None)
    return {} if own is None else {"device": own.device, "dtype": own.dtype}


def _made(row: str, old: Any, extent: Any, **options: Any) -> nn.Module:
    """The row's layer with the ε, device and dtype of the old one."""
    return registry.layer_for(row).make(extent, eps=old.eps, **options, **_kind(old))


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
    new = _made("group", old, channels, num_groups=groups)
    return new, f"{channels // groups} channels a group"


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
    new = _made("group", old, _channels(old), num_groups=1)
    return new, "layer norm over channels and space, one weight per channel"


def _to_instance(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if not _has_space(old):
        raise RefusedError(
            f"the input of {type(old).__name__} may have no space, and one element per channel would be "
            f"erased; use to='group' or 'layer'."
        )
    return _made("instance", old, _channels(old), affine=True), "each channel of each sample"


def _to_rms(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if isinstance(old, nn.LayerNorm):
        if old.bias is not None and bool((old.bias != 0).any()):
            raise RefusedError(
                f"RMSNorm has no bias, and this one reaches {old.bias.detach().abs().max():.3g}; "
                f"set it to 0 or fold it into the next layer first."
            )
        return _made("rms", old, list(old.normalized_shape)), "no mean subtracted"
    return _root_mean_square(old, "c s"), "root mean square over channels and space, bias kept"


def _to_divisive(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if not _channels(old):
        raise RefusedError(
            "layer norm works on the last dimensions, divisive norm on axis 1; exchange by hand."
        )
    return _root_mean_square(
        old, "c"
    ), "divided by the root mean square of all channels at its place"


def _root_mean_square(old: Any, over: str) -> nn.Module:
    return DivisiveNorm.root_mean_square(_channels(old), eps=old.eps, over=over, **_kind(old))


def _to_frozen(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    if old.running_mean is None:
        raise RefusedError("it has no running statistics to freeze.")
    return FrozenBatchNorm.from_batch_norm(
        old
    ), "the same function in eval(), and now in train() too"


def _to_batch(old: Any, num_groups: int | None) -> tuple[nn.Module, str]:
    new = _made("batch", old, _channels(old))
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


def builder_for(to: str, source: str) -> Builder:
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
