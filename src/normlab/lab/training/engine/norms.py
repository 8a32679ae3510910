"""The normalisers that are compared, as layers of a network; and the reader's own."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from normlab import nn as layers
from normlab.equation.papers import alexnet_settings
from normlab.errors import SettingError, did_you_mean
from normlab.lab.training.engine.cell import Origin
from normlab.nn.registry import layer_for
from normlab.system.importing import named

Kind = Literal["features", "images", "tokens"]  # (N, C), (N, C, H, W), (N, L, C)
GROUPS = 4
_EXAMPLE = "torch.nn:BatchNorm1d or mine.py:MyNorm"


def made(row: str, channels: int, **options: Any) -> nn.Module:
    return layer_for(row).make(channels, **options)


def _layer(channels: int, kind: Kind, **options: Any) -> nn.Module:
    """Over all of an example: channels and places of an image, the channels of one token."""
    row = "group" if kind == "images" else "layer"
    return made(row, channels, **options)


def _rms(channels: int, kind: Kind, eps: float | None = None, **options: Any) -> nn.Module:
    """As layer norm, without the mean: of images by the divisive row it is, x / √(eps + mean x²)."""
    if kind != "images":
        return made("rms", channels, eps=eps, **options)
    eps = layer_for("batch").row.defaults["eps"] if eps is None else eps
    return layers.DivisiveNorm.root_mean_square(channels, eps=eps, over="c s", **options)


def _group(channels: int, kind: Kind, num_groups: int = GROUPS, **options: Any) -> nn.Module:
    return _channels_second(made("group", channels, num_groups=num_groups, **options), kind)


def _batch(channels: int, kind: Kind, **options: Any) -> nn.Module:
    return _channels_second(made("batch", channels, **options), kind)


def _ghost(channels: int, kind: Kind, **options: Any) -> nn.Module:
    return _channels_second(layers.beyond.GhostBatchNorm(channels, **options), kind)


def _lrn(channels: int, kind: Kind, **options: Any) -> nn.Module:
    """AlexNet's numbers; its α is per channel and not of the window, which the layer divides it by."""
    settings = alexnet_settings() | options
    return _channels_second(made("local_response", channels, **settings), kind)


def _divisive(channels: int, kind: Kind, **options: Any) -> nn.Module:
    """x / √(σ² + mean of all channels' x²) with σ learned: signed, so that it can stand before a ReLU."""
    return _channels_second(layers.DivisiveNorm.root_mean_square(channels, **options), kind)


def _miller(channels: int, kind: Kind, **options: Any) -> nn.Module:
    """weight · a² / (σ² + Σ a² of near channels) of a = max(x, 0), to stand after a ReLU; no bias."""
    layer = layers.DivisiveNorm.miller(channels, **options)
    layer.bias = None
    return _channels_second(layer, kind)


NORMS: dict[str, Callable[..., nn.Module]] = {
    "none": lambda channels, kind: nn.Identity(),
    "batch": _batch,
    "layer": _layer,
    "group": _group,
    "rms": _rms,
    "divisive": _divisive,
    "ghost": _ghost,
    "lrn": _lrn,
    "miller": _miller,
}


class ChannelsSecond(nn.Module):
    """For tokens (N, L, C): the layer sees (N, C, L)."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        given = () if mask is None else (mask,)
        return self.norm(x.transpose(1, 2), *given).transpose(1, 2)


def _channels_second(norm: nn.Module, kind: Kind) -> nn.Module:
    return ChannelsSecond(norm) if kind == "tokens" else norm


def make(
    norm: Origin, channels: int, kind: Kind, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """A layer for so many channels; the reader's factory is called with their number."""
    if not norm.path:
        return NORMS[norm.name](channels, kind, **(options or {}))
    return _channels_second(_factory(norm.path)(channels), kind)


def source(name: str) -> Origin:
    """What `--norm` names, made once to see that it can be."""
    if ":" not in name:
        if name not in NORMS:
            raise SettingError(
                f"no norm {name!r}.{did_you_mean(name, NORMS)} Give {', '.join(NORMS)}, or your own as "
                f"module:name or file.py:name."
            )
        return Origin(name)
    factory, short = _factory(name), name.rpartition(":")[2]
    return Origin(name if short in NORMS else short, name, _digest(factory))


@cache
def _factory(place: str) -> Callable[[int], nn.Module]:
    found = named(place, _EXAMPLE)
    if not callable(found):
        raise SettingError(f"{place!r} is no class or function; give for example {_EXAMPLE}.")
    factory: Callable[[int], Any] = found
    try:
        made = factory(8)
    except Exception as error:
        raise SettingError(
            f"{place}(8) failed with {type(error).__name__}: {error}. It must take the number of channels "
            f"alone."
        ) from error
    if not isinstance(made, nn.Module):
        raise SettingError(
            f"{place}(8) gave a {type(made).__name__}; it must give a torch.nn.Module."
        )
    return factory


def _digest(factory: Any) -> str:
    """Of the file that defines it: after a change, nothing that was kept fits."""
    try:
        return hashlib.sha256(Path(inspect.getfile(factory)).read_bytes()).hexdigest()
    except (TypeError, OSError):
        return ""
