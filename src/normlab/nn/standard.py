"""The layers that torch has: same arguments, same state_dict, one class for every rank.

That a constant gives the bias holds exactly on the CPU unless compiled.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.instancenorm import _InstanceNorm

from normlab import functional
from normlab.errors import ShapeError
from normlab.functional import usual
from normlab.functional.batching import BatchOptions
from normlab.functional.instance import instance_normalized
from normlab.functional.running import Running
from normlab.functional.usual import own
from normlab.nn.bias import OptionalBias
from normlab.nn.checks import check_channels, check_ending, check_settings
from normlab.nn.scripting import Unscripted
from normlab.tracing import begun, recorded_layer


class InstanceNorm(Unscripted, OptionalBias, _InstanceNorm):
    """Instance normalisation for input of any rank: torch's InstanceNorm1d, 2d and 3d in one class.

        y = weight · (x − mean) / √(var + eps) + bias

    Args: num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None,
        dtype=None, bias=True, as in torch; spatial_dims=None: with a number, input of rank
        spatial_dims + 1 is taken as one unbatched sample.
    Shapes: x (N, C, *space), or (C, *space) with spatial_dims; weight, bias (C,).
    Statistics: of each channel of each sample over space; none kept unless track_running_stats.
    Errors: ShapeError for another number of channels or without space; DtypeError; SettingError.
    Limits: a constant channel → bias. A subclass may define `_check_input_dim`; one that is set on a layer
        or on a class after it is made is not called in every forward pass.
    Source: Ulyanov, Vedaldi & Lempitsky 2016.  Same as: torch.nn.InstanceNorm1d/2d/3d

    >>> import torch
    >>> InstanceNorm(1, spatial_dims=1)(torch.tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]])
    """

    _asks = False  # whether a subclass has a check of its own for x, which every call then makes

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._asks = cls._check_input_dim is not InstanceNorm._check_input_dim

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
        spatial_dims: int | None = None,
    ):
        check_settings("InstanceNorm", "instance", eps=eps)
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device=device, dtype=dtype
        )
        if not bias:
            self.register_parameter("bias", None)
        self.spatial_dims = spatial_dims

    def _get_no_batch_dim(self) -> int:
        return -1 if self.spatial_dims is None else self.spatial_dims + 1

    def _check_input_dim(self, input: Tensor) -> None:
        if not isinstance(input, Tensor) or input.dim() != self._get_no_batch_dim():
            check_channels(self, input, self.num_features, "num_features", least=3)
        if self.spatial_dims is not None and input.dim() not in (
            1 + self.spatial_dims,
            2 + self.spatial_dims,
        ):
            raise ShapeError(
                f"InstanceNorm(spatial_dims={self.spatial_dims}): x has shape {tuple(input.shape)}; "
                f"it must be (channels, *space) or (batch, channels, *space) with that many axes of space."
            )

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        held = self._buffers  # a statistic that is no buffer may hold numbers
        empty = held.get("running_mean", 0) is None is held.get("running_var", 0)
        untracked = empty and not self.track_running_stats
        if mask is None and untracked and self.spatial_dims is None and not self._asks:
            y = usual.instance_norm(input, self.num_features, *own(self), self.eps)
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        self._check_input_dim(input)
        if input.dim() == self._get_no_batch_dim():
            whole = input.unsqueeze(0)
            check_channels(self, whole, self.num_features, "num_features", least=3)
            return self._normalized(whole, None if mask is None else mask.unsqueeze(0)).squeeze(0)
        return self._normalized(input, mask)

    def _normalized(self, input: Tensor, mask: Tensor | None) -> Tensor:
        begun("instance_norm")
        name = f"InstanceNorm(num_features={self.num_features})"
        running = Running(self.running_mean, self.running_var, None)
        evaluates = "" if self.training or not self.track_running_stats else "evaluation"
        momentum = 0.0 if self.momentum is None else self.momentum
        job = BatchOptions(name, self.eps, momentum, mask)
        return instance_normalized(input, running, *own(self), job, evaluates)


class LayerNorm(Unscripted, OptionalBias, nn.LayerNorm):
    """Layer normalisation over the last dimensions.

        y = weight · (x − mean) / √(var + eps) + bias

    Args: normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None.
    Shapes: x (*, *normalized_shape); weight, bias of normalized_shape.
    Errors: ShapeError when x does not end in normalized_shape; DtypeError.
    Limits: a constant sample → bias.
    Source: Ba, Kiros & Hinton 2016, eq. 3.  Same as: torch.nn.LayerNorm

    >>> import torch
    >>> LayerNorm(2)(torch.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.0000,  1.0000]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        check_settings("LayerNorm", "layer", eps=eps)
        kind = {"device": device, "dtype": dtype}
        super().__init__(_sizes(normalized_shape), eps, elementwise_affine, bias, **kind)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            weight, bias = own(self)
            y = usual.layer_norm(input, self.normalized_shape, weight, bias, self.eps, "layer_norm")
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        check_ending(self, input, self.normalized_shape)
        given = self.normalized_shape, *own(self), self.eps
        return functional.layer_norm(input, *given, mask=mask)


class RMSNorm(Unscripted, nn.RMSNorm):
    """RMS normalisation over the last dimensions: scaled, not centered.

        y = weight · x / √(mean x² + eps)

    Args: normalized_shape, eps=None (machine epsilon, of float32 for half types),
        elementwise_affine=True, device=None, dtype=None.
    Shapes: x (*, *normalized_shape); weight of normalized_shape.
    Errors: ShapeError when x does not end in normalized_shape; DtypeError.
    Limits: zero → zero.
    Source: Zhang & Sennrich 2019, eq. 4.  Same as: torch.nn.RMSNorm

    >>> import torch
    >>> RMSNorm(2)(torch.tensor([[1.0, 7.0]])).detach()
    tensor([[0.2000, 1.4000]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        check_settings("RMSNorm", "rms", eps=eps)
        super().__init__(_sizes(normalized_shape), eps, elementwise_affine, device, dtype)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            weight, _ = own(self, "weight", "weight")
            y = usual.rms_norm(x, self.normalized_shape, weight, self.eps, "rms_norm")
            if y is not None:
                return y
        return self._other_call(x, mask)

    @recorded_layer
    def _other_call(self, x: Tensor, mask: Tensor | None) -> Tensor:
        check_ending(self, x, self.normalized_shape)
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps, mask=mask)


class GroupNorm(Unscripted, OptionalBias, nn.GroupNorm):
    """Group normalisation: center and scale the channels of each group together.

        y = weight · (x − mean) / √(var + eps) + bias

    Args: num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, bias=True.
    Shapes: x (N, C, *); weight, bias (C,).
    Errors: ShapeError when num_groups does not divide the channels or x has others; DtypeError.
    Limits: a constant group, or a group of one element → bias.
    Source: Wu & He 2018, eqs. 1, 2 and 7.  Same as: torch.nn.GroupNorm

    >>> import torch
    >>> GroupNorm(2, 4)(torch.tensor([[1.0, 3.0, 5.0, 9.0]])).detach()
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ):
        check_settings("GroupNorm", "group", eps=eps)
        if num_groups < 1 or num_channels % num_groups:
            raise ShapeError(
                f"GroupNorm(num_groups={num_groups}, num_channels={num_channels}): num_groups must "
                f"be >= 1 and divide num_channels."
            )
        super().__init__(num_groups, num_channels, eps, affine, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            (weight, bias), groups = own(self), self.num_groups
            y = usual.group_norm(
                input, groups, self.num_channels, weight, bias, self.eps, "group_norm"
            )
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        check_channels(self, input, self.num_channels, "num_channels", least=2)
        return functional.group_norm(input, self.num_groups, *own(self), self.eps, mask=mask)


def _sizes(normalized_shape: int | Sequence[int]) -> list[int]:
    return [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
