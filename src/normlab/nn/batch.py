"""Batch normalisation as a layer."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from normlab.errors import SettingError
from normlab.functional.batching import BatchOptions, Single, normalized, plainly
from normlab.functional.running import UNTRACKED, Running
from normlab.functional.usual import own
from normlab.kernels.processes import Processes
from normlab.nn.bias import OptionalBias
from normlab.nn.checks import check_channels, check_settings
from normlab.nn.scripting import Unscripted
from normlab.tracing import begun, plain, recorded_layer


class BatchNorm(Unscripted, OptionalBias, _BatchNorm):
    """Batch normalisation for input of any rank: torch's BatchNorm1d, 2d and 3d in one class.

        y = weight · (x − mean) / √(var + eps) + bias

    Args: num_features, eps=1e-5, momentum=0.1 (None: cumulative average), affine=True,
        track_running_stats=True, device=None, dtype=None, bias=True, as in torch;
        process_group=None: "world" or a ProcessGroup; the batches of all its processes are pooled, on any
        device, by one all-reduce forward and one backward. Every process must make the call, also with an
        empty batch. With one process, or without torch.distributed, it has no effect;
        single="raise": an error for one value per channel in training; "running" normalises it with the
        running statistics.
    Shapes: x (N, C, *); mask, boolean, True = valid, broadcastable to x or (N, *);
        weight, bias, running_mean, running_var (C,).
    Statistics: of the valid elements of the batch in training (biased variance), running ones in
        evaluation (updated with the unbiased variance) unless track_running_stats is False. Under
        activation checkpointing they are updated once.
    Dtype: half input with float32 parameters is computed in float32; wider x is refused. On
        the CPU, and not compiled, float32 in channels_last, or a table (N, C) of more than 16 rows whose
        mean is large, gets the accuracy of contiguous images.
    Errors: ShapeError for another number of channels, or one value per channel in training; DtypeError;
        SettingError; DataError for a mask that is False everywhere or leaves NaN; TransformError when a
        transform of torch.func has captured the running statistics.
    Limits: a constant channel → bias, exactly on the CPU unless compiled; an empty batch leaves the
        statistics as they are. A subclass may define `_check_input_dim`; one that is set on a layer or
        on a class after it is made is not called in every forward pass. On the CPU several gradients at
        once (`is_grads_batched`) need an x that is not channels_last.
    Source: Ioffe & Szegedy 2015, algorithm 1.  Same as: torch.nn.BatchNorm1d/2d/3d (state_dict too)

    >>> import torch
    >>> layer = BatchNorm(2)
    >>> layer(torch.tensor([[1.0, 10.0], [3.0, 30.0]])).detach()
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]])
    >>> layer.running_mean
    tensor([0.2000, 2.0000])
    """

    # read where a converted layer has not been through __init__
    _processes: Processes | None = None
    single: Single = "raise"
    _asks = False  # whether a subclass has a check of its own for x, which every call then makes

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._asks = cls._check_input_dim is not BatchNorm._check_input_dim

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
        process_group: Any = None,
        single: Single = "raise",
    ):
        check_settings(type(self).__name__, "batch", eps=eps)
        kind = {"device": device, "dtype": dtype}
        super().__init__(num_features, eps, momentum, affine, track_running_stats, **kind)
        if not bias:
            self.register_parameter("bias", None)
        if single not in ("raise", "running"):
            raise SettingError(f"BatchNorm: single={single!r} given; use 'raise' or 'running'.")
        self.process_group, self.single = process_group, single

    @property
    def process_group(self) -> Any:
        """The processes that share their statistics: None, "world" or a ProcessGroup."""
        return None if self._processes is None else self._processes.which

    @process_group.setter
    def process_group(self, group: Any) -> None:
        self._processes = None if group is None else Processes(group)

    def _check_input_dim(self, input: Tensor) -> None:
        check_channels(self, input, self.num_features, "num_features", least=2)

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None and self._processes is None and not self._asks and plain(input):
            held, training = self._buffers, self.training
            try:
                running = held["running_mean"], held["running_var"], held["num_batches_tracked"]
            except KeyError:
                running = self._running
            if training and not self.track_running_stats:
                running = UNTRACKED
            fresh, (weight, bias) = training or running[0] is None, own(self)
            rest = self.momentum, self.eps, fresh, self.num_features, "batch_norm"
            y = plainly(input, running, weight, bias, *rest)
            if y is not None:
                return y
        return self._other_call(input, mask)

    @recorded_layer
    def _other_call(self, input: Tensor, mask: Tensor | None) -> Tensor:
        begun("batch_norm")
        self._check_input_dim(input)
        training, running = self.training, self._running
        evaluates = "" if training or running.mean is None else "evaluation"
        if training and not self.track_running_stats:
            running = UNTRACKED
        group = self._processes.group if self._processes is not None and training else None
        job = BatchOptions(self._name, self.eps, self._share, mask, group, self.single)
        return normalized(input, running, *own(self), job, evaluates)

    @property
    def _name(self) -> str:
        return f"BatchNorm(num_features={self.num_features})"

    @property
    def _share(self) -> float | None:
        """The momentum; 0 for an average of batches that are not counted, which stays in torch too."""
        counted = self.momentum is not None or self.num_batches_tracked is not None
        return self.momentum if counted else 0.0

    @property
    def _running(self) -> Running:
        return Running(self.running_mean, self.running_var, self.num_batches_tracked)

    def extra_repr(self) -> str:
        shown = [] if self.process_group is None else [f"process_group={self.process_group!r}"]
        shown += [] if self.single == "raise" else [f"single={self.single!r}"]
        return ", ".join([super().extra_repr(), *shown])
