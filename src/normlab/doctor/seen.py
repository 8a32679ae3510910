"""What one layer takes in over all batches."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from normlab.moments import Moments

CHANNELS = 64  # of a layer, whose means are kept for every sample
SAMPLES = 4096  # of which they are kept


@dataclass(eq=False)
class Seen:
    """The input of a layer: channels on axis 1.

    pooled: of all values of a channel that are finite batches; by_call: the same for the first call of a
    forward pass, the second, and so on. sample_means, batch_sizes: of the first call, for some channels:
    one tensor (samples, channels) and one number of samples for each batch. values: how many values a
    channel has in a batch, the fewest and the most. peak: the largest magnitude. bad: batches that hold
    NaN or infinity. shape, dtype: of the last input. layout_error: how far channels_last moves the output, in
    standard deviations. scale_varies: deviation / mean over samples of what the layer divides by; None where
    that is not known.
    """

    pooled: Moments = field(default_factory=Moments)
    by_call: list[Moments] = field(default_factory=list)
    sample_means: list[Tensor] = field(default_factory=list)
    values: tuple[int, int] = (0, 0)
    calls: int = 0
    peak: float = 0.0
    bad: int = 0
    layout_error: float = 0.0
    scale_varies: float | None = None
    dtype: torch.dtype | None = None
    shape: tuple[int, ...] = ()

    def take(self, x: Tensor, call: int, statistics: bool) -> None:
        """One call, the `call`-th of its forward pass; its statistics only where they are wanted."""
        self.calls = max(self.calls, call + 1)
        self.shape, self.dtype = tuple(x.shape), x.dtype
        if x.numel() == 0 or not x.is_floating_point():
            return
        largest = x.abs().amax().item()
        if not largest < float("inf"):  # NaN too
            self.bad += 1
            self.peak = max(self.peak, float("inf") if largest == float("inf") else 0.0)
            return
        self.peak = max(self.peak, largest)
        if statistics and x.dim() > 1:
            self._count(x, call)

    def _count(self, x: Tensor, call: int) -> None:
        each = x.numel() // x.shape[1]
        self.values = (min(self.values[0] or each, each), max(self.values[1], each))
        one = Moments().update(x, tuple(dim for dim in range(x.dim()) if dim != 1))
        self.pooled = self.pooled.merge(one)
        if call == len(self.by_call):
            self.by_call.append(Moments())
        self.by_call[call] = self.by_call[call].merge(one)
        if call == 0 and sum(map(len, self.sample_means)) < SAMPLES:
            step = -(-x.shape[1] // CHANNELS)
            self.sample_means.append(x[:, ::step].flatten(2).double().mean(2) if x.dim() > 2
                                     else x[:, ::step].double().clone())  # fmt: skip

    @property
    def sizes(self) -> list[int]:
        """How many samples each batch holds."""
        return [len(means) for means in self.sample_means]

    @property
    def full(self) -> list[Tensor]:
        """The sample means of the full batches: those of the size that is most frequent."""
        sizes = self.sizes
        usual = max(set(sizes), key=lambda n: (sizes.count(n), n), default=0)
        return [means for means in self.sample_means if len(means) == usual]
