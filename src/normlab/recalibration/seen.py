"""What one layer sees over all batches, in the accumulator."""

from dataclasses import dataclass, field
from typing import Any

import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.instancenorm import _InstanceNorm

from normlab.equation.masks import in_shape_of
from normlab.errors import DataError
from normlab.kernels.processes import Group
from normlab.moments import Moments


@dataclass
class Seen:
    """What one layer has taken in. An instance norm tracks averages over samples: two of them."""

    pooled: Moments = field(default_factory=Moments)
    spread: Moments | None = None
    batches: int = 0

    def take(self, layer: nn.Module, x: Tensor, mask: Tensor | None) -> None:
        if isinstance(layer, _InstanceNorm):
            each = Moments().update(_by_sample(layer, x), 2)
            self.pooled.update(each.mean, 0)
            self.spread = (self.spread or Moments()).update(each.var(), 0)
        elif mask is None:
            self.pooled.update(x, tuple(dim for dim in range(x.dim()) if dim != 1))
        else:
            self.pooled.update(_valid(x, mask), 1)

    def over(self, group: Group | None) -> "Seen":
        """With what the other processes have taken in."""
        if group is None:
            return self
        parts: list[Any] = [None] * dist.get_world_size(group)
        dist.all_gather_object(parts, self, group=group)
        whole = Seen()
        for part in parts:
            whole.pooled = whole.pooled.merge(part.pooled)
            if part.spread is not None:
                whole.spread = (whole.spread or Moments()).merge(part.spread)
            whole.batches += part.batches
        return whole

    @property
    def statistics(self) -> tuple[Tensor, Tensor]:
        return self.pooled.mean, self.pooled.var() if self.spread is None else self.spread.mean


def _by_sample(layer: _InstanceNorm, x: Tensor) -> Tensor:
    """(N, C, places)."""
    x = x if x.dim() != layer._get_no_batch_dim() else x.unsqueeze(0)
    return x.flatten(2)


def _valid(x: Tensor, mask: Tensor) -> Tensor:
    """(C, valid places)."""
    valid = in_shape_of(x, mask).movedim(1, 0).flatten(1)
    if not bool((valid == valid[:1]).all()):
        raise DataError(
            "recalibrate: a mask differs between channels, so that they would count differently; "
            "give one mask for all channels."
        )
    return x.movedim(1, 0).flatten(1)[:, valid[0]]
