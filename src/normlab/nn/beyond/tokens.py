"""Layers for one place or token at a time: positional norm, ScaleNorm, dynamic tanh."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from normlab.dtypes import widened
from normlab.equation.masks import check_valid
from normlab.equation.reference import normalize
from normlab.equation.relatives import POSITIONAL, SCALE
from normlab.equation.resolved import check_floating
from normlab.errors import ShapeError
from normlab.functional.checks import check_arguments, check_sizes
from normlab.functional.standard import layer_norm
from normlab.kernels.layouts import laid_out_as
from normlab.nn.beyond.affine import Affine, over
from normlab.nn.checks import check_channels, check_ending, check_settings
from normlab.nn.nonnegative import FirstValues
from normlab.tracing import recorded_layer


class PositionalNorm(Affine):
    """Positional normalisation: the channels of each place are centered and scaled together.

        y = weight · (x − mean) / std + bias,   std = √(var + eps), over the channels

    Args: num_channels; eps=1e-5; affine=True; return_moments=False: with True the layer returns
        (y, mean, std), for `moment_shortcut`.
    Shapes: x (N, C, *); mask, boolean, True = valid, broadcastable to x or (N, *); mean, std
        (N, 1, *); weight, bias (C,).
    Statistics: biased variance of the valid channels of each place; none kept.
    Dtype: half types are computed in float32, which the moments have.
    Errors: ShapeError for another number of channels; DtypeError; DataError for a mask that is False
        everywhere or leaves NaN.
    Limits: equal channels, or a single one → bias.
    Source: Li, Wu, Weinberger & Belongie 2019 (arXiv:1907.04312), section 3.

    >>> import torch
    >>> y, mean, std = PositionalNorm(2, eps=0.0, return_moments=True)(torch.tensor([[1.0, 5.0]]))
    >>> y.tolist(), mean.item(), std.item()
    ([[-1.0, 1.0]], 3.0, 2.0)
    """

    def __init__(
        self,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        return_moments: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(num_channels, affine, {"device": device, "dtype": dtype})
        check_settings(type(self).__name__, POSITIONAL, eps=eps)
        self.eps, self.return_moments = eps, return_moments
        self.reset_parameters()

    @recorded_layer
    def forward(
        self, input: Tensor, mask: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        check_channels(self, input, self.num_channels, "num_channels", least=2)
        check_arguments(self._name, input, self.weight, self.bias)
        check_sizes(self._name, input, self.weight, self.bias)
        if mask is None and not self.return_moments:
            return self._as_layer_norm(input)
        valid = check_valid(self._name, input, mask)
        given = {"weight": self.weight, "bias": self.bias, "mask": valid}
        out = normalize(input, POSITIONAL, eps=self.eps, **given)
        return (out.y, out.center, out.scale) if self.return_moments else out.y

    def _as_layer_norm(self, x: Tensor) -> Tensor:
        """The same, faster: torch's layer norm of the channels moved last."""
        affine = self.weight, self.bias
        y = layer_norm(x.movedim(1, -1), (self.num_channels,), *affine, self.eps).movedim(-1, 1)
        return y.contiguous() if x.is_contiguous() else laid_out_as(y, x)

    def extra_repr(self) -> str:
        return f"{self.num_channels}, eps={self.eps}, return_moments={self.return_moments}"


def moment_shortcut(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Give a later layer the moments that a positional norm took away: std · x + mean.

    Shapes: x (N, C, *); mean, std (N, 1, *), or anything that broadcasts; y has the dtype of x.
    Source: Li, Wu, Weinberger & Belongie 2019 (arXiv:1907.04312), section 3.

    >>> import torch
    >>> moment_shortcut(torch.tensor([[-1.0, 1.0]]), torch.tensor([[3.0]]), torch.tensor([[2.0]]))
    tensor([[1., 5.]])
    """
    return (std * x + mean).to(x.dtype)


class ScaleNorm(FirstValues):
    """ScaleNorm: unit length, times one learned gain.

        y = weight · x / max(‖x‖, eps),   ‖x‖ over the last dimensions

    Args: normalized_shape, sizes of the last dimensions; eps=1e-5.
    Shapes: x (*, *normalized_shape); mask, boolean, of the leading dimensions of x or broadcastable to
        it; weight (1,), √d at first, d the number of elements normalised together.
    Statistics: length of the valid elements of each sample; none kept.
    Dtype: half types are computed in float32.
    Errors: ShapeError when x does not end in normalized_shape; DtypeError; DataError for a mask that is
        False everywhere or leaves NaN.
    Limits: zero → zero, where the slope is weight / eps.
    Source: Nguyen & Salazar 2019 (arXiv:1910.05895).

    >>> import torch
    >>> ScaleNorm(4)(torch.tensor([[1.0, 1.0, 1.0, 1.0]])).detach()
    tensor([[1., 1., 1., 1.]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_settings("ScaleNorm", SCALE, eps=eps, normalized_shape=normalized_shape)
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape, self.eps = tuple(sizes), eps
        self.weight = nn.Parameter(torch.empty(1, device=device, dtype=dtype))
        self.first = {"weight": math.sqrt(math.prod(self.normalized_shape))}
        self.reset_parameters()

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        check_ending(self, input, self.normalized_shape)
        name, axes = f"ScaleNorm({self.normalized_shape})", len(self.normalized_shape)
        valid = check_valid(name, input, mask, features=axes)
        settings = {"normalized_shape": self.normalized_shape, "eps": self.eps}
        return normalize(input, SCALE, weight=self.weight, mask=valid, **settings).y

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"


class DynamicTanh(Affine):
    """Dynamic tanh: a squashing that stands where a layer norm would, and pools nothing.

        y = weight · tanh(alpha · x) + bias

    Args: num_channels; alpha=0.5, its first value; channels_last=False: with True the channels are the
        last axis of x, as those of tokens are.
    Shapes: x (N, C, *), or (*, C) with channels_last; alpha (1,); weight, bias (C,); mask, boolean,
        True = valid, broadcastable to x or (N, *), or with channels_last of the leading dimensions:
        masked places may hold anything, their output is 0.
    Dtype: half types are computed in float32.
    Errors: ShapeError for another number of channels; DtypeError; DataError for a mask that is False
        everywhere or leaves NaN.
    Limits: zero → bias; large x → bias ± weight, where the gradient vanishes.
    Source: Zhu, Chen, He, LeCun & Liu 2025 (arXiv:2503.10622), section 4. Not a row: no pool.

    >>> import torch
    >>> DynamicTanh(2)(torch.tensor([[0.0, 2.0]])).detach()
    tensor([[0.0000, 0.7616]])
    """

    def __init__(
        self,
        num_channels: int,
        alpha: float = 0.5,
        channels_last: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        kind = {"device": device, "dtype": dtype}
        super().__init__(num_channels, True, kind)
        self.first_alpha, self.channels_last = alpha, channels_last
        self.alpha = nn.Parameter(torch.empty(1, **kind))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.constant_(self.alpha, self.first_alpha)

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if self.channels_last:
            self._check_last(input)
        else:
            check_channels(self, input, self.num_channels, "num_channels", least=2)
        valid = check_valid(self._name, input, mask, features=int(self.channels_last))
        x = widened(input if valid is None else torch.where(valid, input, 0.0))
        weight, bias = (
            a.to(x) if self.channels_last else over(a, x) for a in (self.weight, self.bias)
        )
        y = (weight * torch.tanh(self.alpha.to(x) * x) + bias).to(input.dtype)
        return y if valid is None else torch.where(valid, y, 0.0)

    @property
    def _name(self) -> str:
        last = ", channels_last=True" if self.channels_last else ""
        return f"DynamicTanh(num_channels={self.num_channels}{last})"

    def _check_last(self, x: Tensor) -> None:
        name = self._name
        check_floating(name, x)
        if x.dim() < 1 or x.shape[-1] != self.num_channels:
            raise ShapeError(
                f"{name}: x has shape {tuple(x.shape)}; its last axis must have {self.num_channels} "
                f"channels."
            )

    def extra_repr(self) -> str:
        return f"{self.num_channels}, channels_last={self.channels_last}"
