"""Batch renormalisation: the batch's statistics, corrected towards the running ones."""

import torch
from torch import Tensor, nn

from normlab.dtypes import widened
from normlab.equation.masks import check_valid
from normlab.equation.reference import normalize
from normlab.errors import SettingError, ShapeError
from normlab.functional.batching import BatchOptions, evaluated, trained
from normlab.functional.checks import check_sizes
from normlab.functional.running import Running, advanced, store
from normlab.nn.beyond.affine import Affine, over
from normlab.nn.checks import check_channels, check_settings
from normlab.tracing import recorded_layer, values_known

Schedule = tuple[int, int, int]
PAPER: Schedule = (5_000, 40_000, 25_000)


class BatchRenorm(Affine):
    """Batch renormalisation: in training y is, within limits, what evaluation would give.

        y = weight · ((x − mean_B) / σ_B · r + d) + bias,   σ_B = √(var_B + eps)
        r = σ_B / σ within [1/rmax, rmax],   d = (mean_B − mean) / σ within ±dmax;  no gradient through r, d

    Args: num_features, eps=1e-5, momentum=0.01 (None: cumulative average), rmax=3.0, dmax=5.0,
        affine=True, device=None, dtype=None; schedule=(5000, 40000, 25000), in batches: the limits are 1
        and 0 up to the first, rmax is reached at the second, dmax at the third. None: at once. rmax,
        dmax and schedule may be set at any time; `limits` are those of the next batch.
    Shapes: x (N, C, *); mask, boolean, True = valid, broadcastable to x or (N, *);
        weight, bias, running_mean, running_std (C,).
    Statistics: of the valid elements of the batch in training; evaluation uses the running ones. σ itself
        is averaged, with eps and the biased variance in it, as in the paper. Under activation
        checkpointing they are updated once.
    Dtype: half types are computed in float32.
    Errors: ShapeError for another number of channels, or one value per channel in training; DtypeError;
        SettingError; DataError for a mask that is False everywhere or leaves NaN; TransformError when a
        transform of torch.func has captured the running statistics.
    Limits: rmax=1, dmax=0 is batch norm; an empty batch leaves the statistics as they are.
    Source: Ioffe 2017 (arXiv:1702.03275), algorithm 1. Not a row: two sets of statistics at once.

    >>> import torch
    >>> layer = BatchRenorm(1, schedule=None)
    >>> layer(torch.tensor([[1.0], [5.0]])).detach().flatten()  # mean 0 and σ 1 before it: y = x
    tensor([1.0000, 5.0000])
    >>> layer.running_mean, layer.running_std
    (tensor([0.0300]), tensor([1.0100]))
    """

    running_mean: Tensor
    running_std: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.01,
        rmax: float = 3.0,
        dmax: float = 5.0,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        schedule: Schedule | None = PAPER,
    ):
        kind = {"device": device, "dtype": dtype}
        super().__init__(num_features, affine, kind, "num_features")
        check_settings("BatchRenorm", "batch", eps=eps)
        _check(rmax, dmax, schedule)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.rmax, self.dmax, self.schedule = rmax, dmax, schedule
        self.register_buffer("running_mean", torch.empty(num_features, **kind))
        self.register_buffer("running_std", torch.empty(num_features, **kind))
        self.register_buffer(
            "num_batches_tracked", torch.empty((), dtype=torch.long, device=device)
        )
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        nn.init.zeros_(self.running_mean)
        nn.init.ones_(self.running_std)
        self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.reset_running_stats()

    @property
    def limits(self) -> tuple[Tensor, Tensor]:
        """rmax and dmax for the next batch."""
        self._check_held("running_std", "num_batches_tracked")
        _check(self.rmax, self.dmax, self.schedule)
        kind = torch.promote_types(self.running_std.dtype, torch.float32)
        step = self.num_batches_tracked.to(kind)
        if self.schedule is None:
            return torch.full_like(step, self.rmax), torch.full_like(step, self.dmax)
        start, r_end, d_end = self.schedule
        r, d = (((step - start) / (end - start)).clamp(0, 1) for end in (r_end, d_end))
        return 1.0 + (self.rmax - 1.0) * r, self.dmax * d

    @recorded_layer
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        self._check_held("running_mean", "running_std")
        check_channels(self, input, self.num_features, "num_features", least=2)
        check_sizes(self._name, input, self.weight, self.bias, self.running_mean)
        valid = check_valid(self._name, input, mask)
        if not self.training or input.numel() == 0:
            running = Running(self.running_mean, self.running_std**2, None)
            return evaluated(
                input, running, self.weight, self.bias, BatchOptions(self._name, 0.0, mask=valid)
            )
        x = widened(input)
        own, mean, std, enough = self._plain(x) if valid is None else self._valid_only(x, valid)
        weight, bias = self._corrected(mean, std)
        y = own * over(weight, own) + over(bias, own)
        y = y if valid is None else torch.where(valid, y, 0.0)
        held = Running(self.running_mean, self.running_std, self.num_batches_tracked)
        store(self._name, held, advanced(held, mean, std, self.momentum, enough))
        return y.to(input.dtype)

    def _plain(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Normalised with the statistics of the whole batch, and these: torch's operator has them all."""
        none = x.new_zeros(self.num_features)
        job = BatchOptions(self._name, self.eps, 1.0)
        own, found = trained(x, Running(none, none, None), None, None, job)
        rows = x.numel() // self.num_features
        return own, found.mean, (found.var * ((rows - 1) / rows) + self.eps).sqrt(), None

    def _valid_only(self, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same of the valid elements, and which channels have enough of them for a variance."""
        count = valid.movedim(1, 0).flatten(1).sum(1)
        if values_known(x) and bool((count == 1).any()):
            raise ShapeError(
                f"{self._name}: channel {int((count == 1).nonzero()[0])} has one valid element, whose "
                f"variance is 0; in training give at least 2."
            )
        out = normalize(x, "batch", eps=self.eps, mask=valid)
        return out.y, out.center.detach().flatten(), out.scale.detach().flatten(), count > 1

    def _corrected(self, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """The weight and bias that do r and d too."""
        rmax, dmax = (limit.to(std) for limit in self.limits)
        r = (std / self.running_std).clamp(1.0 / rmax, rmax)
        d = ((mean - self.running_mean) / self.running_std).clamp(-dmax, dmax)
        if self.weight is not None:
            r, d = self.weight * r, self.weight * d
        return r, d if self.bias is None else d + self.bias

    def _check_held(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) is None:
                raise SettingError(
                    f"{self._name}: {name} is None, and batch renormalisation corrects towards its "
                    f"running statistics; leave them, or use BatchNorm(track_running_stats=False)."
                )

    @property
    def _name(self) -> str:
        return f"BatchRenorm(num_features={self.num_features})"

    def extra_repr(self) -> str:
        shown = f"eps={self.eps}, momentum={self.momentum}, rmax={self.rmax}, dmax={self.dmax}"
        return f"{self.num_features}, {shown}, schedule={self.schedule}"


def _check(rmax: float, dmax: float, schedule: Schedule | None) -> None:
    if rmax < 1 or dmax < 0:
        raise SettingError(
            f"BatchRenorm: rmax={rmax}, dmax={dmax} given; rmax must be >= 1 and dmax >= 0 (1 and 0 are "
            f"batch norm)."
        )
    if schedule is not None and not 0 <= schedule[0] < min(schedule[1:]):
        raise SettingError(
            f"BatchRenorm: schedule={schedule} given; it must be three numbers of batches, the first "
            f"smaller than the others, or None for the full limits at once."
        )
