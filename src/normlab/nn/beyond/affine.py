"""A weight and a bias for each channel, and the values they start from."""

from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.pooling import per_channel
from normlab.nn.checks import check_count
from normlab.nn.scripting import Unscripted


class Affine(Unscripted):
    """What the layers of this package share: one weight and one bias a channel, if `affine`."""

    first_weight = 1.0
    weight: Any  # a Parameter, or None
    bias: Any

    def __init__(
        self,
        num_channels: int,
        affine: bool,
        kind: dict[str, Any],
        argument: str = "num_channels",
    ):
        super().__init__()
        check_count(type(self).__name__, argument, num_channels)
        self.num_channels = num_channels
        self.weight = nn.Parameter(torch.empty(num_channels, **kind)) if affine else None
        self.bias = nn.Parameter(torch.empty(num_channels, **kind)) if affine else None

    def reset_parameters(self) -> None:
        """Every parameter as it was when the layer was made."""
        if self.weight is not None and self.bias is not None:
            nn.init.constant_(self.weight, self.first_weight)
            nn.init.zeros_(self.bias)

    @property
    def _name(self) -> str:
        return f"{type(self).__name__}(num_channels={self.num_channels})"


def over(value: Tensor, x: Tensor) -> Tensor:
    """A vector of one value per channel, shaped and typed as x."""
    return per_channel(value, x.dim()).to(x)
