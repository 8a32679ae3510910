"""Layer normalisation where the channels are the second axis, under the name that vision models use."""

from typing import cast

import torch
from torch import Tensor

from normlab.nn.beyond.tokens import PositionalNorm


class LayerNorm2d(PositionalNorm):
    """Layer normalisation over the channels of each place of (N, C, H, W), as ConvNeXt has it.

        y = weight · (x − mean) / √(var + eps) + bias,   mean and var over the channels of a place

    Args: num_channels, eps=1e-6, affine=True, device=None, dtype=None, as in timm; torchvision's default is
        eps=1e-5, and ConvNeXt sets 1e-6.
    Shapes: x (N, C, *), any number of axes of space; mask, boolean, True = valid, broadcastable to x or
        (N, *); weight, bias (C,).
    Errors: ShapeError for another number of channels; DtypeError; SettingError; DataError for a mask that
        is False everywhere or leaves NaN.
    Limits: equal channels, or a single one → bias.
    Source: Ba, Kiros & Hinton 2016, eq. 3; over channels alone: Liu et al. 2022 (arXiv:2201.03545).
        It is `normlab.nn.beyond.PositionalNorm` without the moments.
    Same as: torchvision.ops.misc.LayerNorm2d, timm.layers.LayerNorm2d (state_dict too)

    >>> LayerNorm2d(2)(torch.tensor([[[[1.0]], [[5.0]]]])).detach().flatten()
    tensor([-1.0000,  1.0000])
    """

    def __init__(
        self,
        num_channels: int,
        eps: float = 1e-6,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(num_channels, eps, affine, device=device, dtype=dtype)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        return cast(Tensor, super().forward(input, mask))

    def extra_repr(self) -> str:
        return f"{self.num_channels}, eps={self.eps}, affine={self.weight is not None}"
