"""Batch norms of another batch: ghost batches of the one given, and none at all."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from normlab.errors import SettingError
from normlab.functional.batching import BatchOptions, Single, checked, evaluated, trained
from normlab.functional.running import UNTRACKED, Running, store
from normlab.nn.batch import BatchNorm
from normlab.nn.checks import check_channels, check_settings
from normlab.nn.scripting import Unscripted
from normlab.tracing import recorded_layer


class GhostBatchNorm(BatchNorm):
    """Ghost batch normalisation: each part of a large batch is normalised by itself.

        y = weight · (x − mean_B) / √(var_B + eps) + bias, for each ghost batch B

    Args: num_features; ghost_batch_size=32; eps=1e-5, momentum=0.1 (None: cumulative average),
        affine=True, track_running_stats=True, device=None, dtype=None, bias=True, single="raise", as in
        BatchNorm.
    Shapes: x (N, C, *); mask as in BatchNorm; weight, bias, running_mean, running_var (C,).
    Statistics: N // ghost_batch_size ghost batches (at least one) of consecutive samples. A remainder is
        shared out, so that their sizes differ by one at most and none is smaller than asked. The
        running statistics are updated by one ghost batch after the other, each with the momentum and
        the unbiased variance, and num_batches_tracked counts ghost batches; under activation
        checkpointing once. Evaluation uses the running ones, for the batch as a whole.
    Errors: as BatchNorm; SettingError for a ghost batch of less than one, or with a process_group.
    Limits: a ghost batch without a valid element learns nothing; one ghost batch is batch norm.
    Source: Hoffer, Hubara & Soudry 2017 (arXiv:1705.08741), algorithm 1.

    >>> import torch
    >>> layer = GhostBatchNorm(1, ghost_batch_size=2)
    >>> layer(torch.tensor([[1.0], [3.0], [10.0], [30.0]])).detach().flatten()
    tensor([-1.0000,  1.0000, -1.0000,  1.0000])
    >>> round(layer.running_mean.item(), 4)  # 0.9 · (0.9 · 0 + 0.1 · 2) + 0.1 · 20
    2.18
    """

    def __init__(
        self,
        num_features: int,
        ghost_batch_size: int = 32,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
        single: Single = "raise",
    ):
        if isinstance(ghost_batch_size, bool) or ghost_batch_size < 1:
            raise SettingError(
                f"GhostBatchNorm: ghost_batch_size={ghost_batch_size} given, but it must be a whole "
                f"number >= 1."
            )
        kept = {"device": device, "dtype": dtype, "bias": bias, "single": single}
        super().__init__(num_features, eps, momentum, affine, track_running_stats, **kept)
        self.ghost_batch_size = ghost_batch_size

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if self._processes is not None:
            raise SettingError(
                f"{self._name}: a process_group pools more samples, ghost batches fewer; use "
                f"BatchNorm, or normlab.nn.desynchronize."
            )
        running, ghosts = self._running, []
        if not self.training and (running.mean is not None or running.var is not None):
            return super().forward(input, mask)
        self._check_input_dim(input)
        if not (self.training and self.track_running_stats):
            running = UNTRACKED
        job = BatchOptions(self._name, self.eps, self._share, mask, single=self.single)
        valid = checked(input, running, self.weight, self.bias, job).mask
        number = max(1, len(input) // self.ghost_batch_size)
        masks = [None] * number if valid is None else valid.tensor_split(number)
        for part, held in zip(input.tensor_split(number), masks, strict=True):
            each = job._replace(mask=held)
            y, running = trained(part, running, self.weight, self.bias, each)
            ghosts.append(y)
        store(self._name, self._running, running)
        return torch.cat(ghosts)

    @property
    def _name(self) -> str:
        return f"GhostBatchNorm(num_features={self.num_features})"

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, ghost_batch_size={self.ghost_batch_size}"


class FrozenBatchNorm(Unscripted):
    """Batch normalisation with statistics, weight and bias that nothing changes.

        y = weight · (x − running_mean) / √(running_var + eps) + bias

    Args: num_features, eps=1e-5, device=None, dtype=None. `from_batch_norm` takes all from a layer.
    Shapes: x (N, C, *); mask, boolean, True = valid, broadcastable to x or (N, *): masked places are 0;
        weight, bias, running_mean, running_var (C,), all of them buffers.
    Statistics: given, in training as in evaluation.
    Errors: ShapeError for another number of channels; DtypeError; SettingError from `from_batch_norm` for
        a layer without running statistics.
    Limits: a state_dict of a batch norm loads: its num_batches_tracked is left out.
    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), algorithm 2.
    Same as: torchvision.ops.FrozenBatchNorm2d (state_dict too), for every rank.

    >>> import torch
    >>> layer = FrozenBatchNorm(1, eps=0.0)
    >>> _ = layer.load_state_dict({**layer.state_dict(), "running_mean": torch.tensor([2.0])})
    >>> layer(torch.tensor([[1.0], [3.0]])).flatten()
    tensor([-1.,  1.])
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_settings("FrozenBatchNorm", "batch", eps=eps)
        self.num_features, self.eps = num_features, eps
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.empty(num_features, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The statistics and the weight and bias that change nothing."""
        for name, held in self.named_buffers():
            nn.init.constant_(held, float(name in ("weight", "running_var")))

    @classmethod
    def from_batch_norm(cls, layer: _BatchNorm) -> "FrozenBatchNorm":
        """The layer as it evaluates now, on its device, with numbers of its own.

        >>> FrozenBatchNorm.from_batch_norm(nn.BatchNorm2d(3))
        FrozenBatchNorm(3, eps=1e-05)
        """
        mean = layer.running_mean
        if mean is None or layer.running_var is None:
            raise SettingError(
                f"FrozenBatchNorm: {type(layer).__name__}({layer.num_features}) has no running "
                f"statistics to freeze; make it with track_running_stats=True and train it."
            )
        frozen = cls(layer.num_features, layer.eps, mean.device, mean.dtype)
        frozen.train(layer.training)
        for name, held in frozen.named_buffers():
            value = getattr(layer, name)
            if value is not None:
                held.copy_(value.detach())
        return frozen

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        state_dict.pop(f"{prefix}num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        check_channels(self, input, self.num_features, "num_features", least=2)
        job = BatchOptions(
            f"FrozenBatchNorm(num_features={self.num_features})", self.eps, mask=mask
        )
        running = Running(self.running_mean, self.running_var, None)
        return evaluated(input, running, self.weight, self.bias, job)

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}"
