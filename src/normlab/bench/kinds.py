"""The layers that are timed and tried on a GPU: ours, torch's own, and the equation in torch's operators.

Only torch is needed to import this.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from normlab import nn as ours
from normlab.equation.reference import normalize
from normlab.equation.row import Norm
from normlab.equation.variants import divisive

Module = Callable[[int], nn.Module]  # of so many channels


@dataclass(frozen=True)
class Kind:
    """A layer of so many channels; of so many values in a row, where it is `of_rows` and takes no image."""

    row: str | Norm
    ours: Module
    torch: Module | None = None
    settings: Callable[[int], Mapping[str, Any]] = field(default=lambda channels: {})
    learned: tuple[str, ...] = ()  # parameters that the row takes as settings
    of_rows: bool = False
    training: bool = True

    def layer(self, channels: int) -> nn.Module:
        return self.ours(channels).train(self.training)

    def rival(self, channels: int) -> nn.Module | None:
        """torch's own; a 1×1 convolution is what GDN is elsewhere."""
        return None if self.torch is None else self.torch(channels).train(self.training)

    def composed(self, layer: nn.Module, channels: int) -> Callable[[Tensor], Tensor]:
        """The equation in torch's operators with the parameters of a layer."""
        given = dict(self.settings(channels))

        def call(x: Tensor) -> Tensor:
            own = {name: getattr(layer, name, None) for name in ("weight", "bias")}
            own |= {name: getattr(layer, name) for name in self.learned}
            own |= {} if self.training else {"statistics": (layer.running_mean, layer.running_var)}
            return normalize(x, self.row, **own, **given).y

        return call


class Convolution(nn.Module):
    """GDN as it is usually written: x / √(1×1 convolution of x²)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.sigma = nn.Parameter(torch.ones(channels))
        self.pool_weight = nn.Parameter(0.1 * torch.eye(channels))

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.pool_weight[:, :, None, None]
        return x * torch.rsqrt(F.conv2d(x * x, kernel, self.sigma))


def window(size: int, kind: Literal["gaussian", "box"]) -> Kind:
    settings = {"power": 2.0, "size": size, "width": None, "window": kind}
    return Kind(
        divisive(spatial=True),
        lambda c: ours.DivisiveNorm(c, size=size, window=kind),
        settings=lambda c: settings,
        learned=("sigma",),
    )


GROUPS = 8
POOL = ("sigma", "pool_weight")
LRN = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}

KINDS: Mapping[str, Kind] = {
    "batch": Kind("batch", ours.BatchNorm, nn.BatchNorm2d),
    "batch, table": Kind("batch", ours.BatchNorm, nn.BatchNorm1d, of_rows=True),
    "batch, evaluation": Kind("batch", ours.BatchNorm, nn.BatchNorm2d, training=False),
    "layer": Kind(
        "layer", ours.LayerNorm, nn.LayerNorm, lambda c: {"normalized_shape": (c,)}, of_rows=True
    ),
    "rms": Kind(
        "rms", ours.RMSNorm, nn.RMSNorm, lambda c: {"normalized_shape": (c,)}, of_rows=True
    ),
    "group": Kind(
        "group",
        lambda c: ours.GroupNorm(GROUPS, c),
        lambda c: nn.GroupNorm(GROUPS, c),
        lambda c: {"num_groups": GROUPS},
    ),
    "instance": Kind(
        "instance",
        lambda c: ours.InstanceNorm(c, affine=True),
        lambda c: nn.InstanceNorm2d(c, affine=True),
    ),
    "local response": Kind(
        "local_response",
        lambda c: ours.LocalResponseNorm(5),
        lambda c: nn.LocalResponseNorm(5),
        lambda c: LRN,
    ),
    "local contrast": Kind("local_contrast", ours.LocalContrastNorm, learned=("sigma",)),
    "divisive": Kind("divisive", ours.DivisiveNorm, learned=("sigma",)),
    "divisive, box 7": window(7, "box"),
    "divisive, box 31": window(31, "box"),
    "divisive, Gaussian 7": window(7, "gaussian"),
    "divisive, Gaussian 15": window(15, "gaussian"),
    "GDN": Kind("gdn", ours.GDN, Convolution, learned=POOL),
    "GDN1": Kind("gdn1", lambda c: ours.GDN(c, simplified=True), learned=POOL),
}
