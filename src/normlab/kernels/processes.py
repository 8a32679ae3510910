"""Sums over the processes of a group: one all-reduce each, with the gradient that belongs to it."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from normlab.errors import SettingError
from normlab.tracing import in_forward_mode

Group = Any  # a torch.distributed.ProcessGroup


@dataclass(frozen=True)
class Processes:
    """Which processes belong together: "world" for all of them, or a ProcessGroup."""

    which: Any

    def __post_init__(self):
        known = ("world", dist.GroupMember.NON_GROUP_MEMBER) if dist.is_available() else ("world",)
        if self.which not in known and not hasattr(self.which, "rank"):
            raise SettingError(
                f"process_group={self.which!r} given; it must be 'world', a torch.distributed "
                f"ProcessGroup, or None to use each process's own batch."
            )

    @property
    def group(self) -> Group | None:
        """The group to communicate in; None where this process is alone."""
        if not (dist.is_available() and dist.is_initialized()):
            return None
        group = dist.group.WORLD if self.which == "world" else self.which
        return group if dist.get_world_size(group) > 1 else None

    def __deepcopy__(self, memo: Any) -> "Processes":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self.which != "world":
            raise SettingError(
                "a layer with a ProcessGroup of its own cannot be pickled, since the group means "
                "nothing elsewhere; save its state_dict, or set process_group='world' first."
            )
        return Processes, ("world",)


class _AllReduce(torch.autograd.Function):
    """The sum over processes; the gradient of a sum that all of them use is the sum of gradients."""

    @staticmethod
    def forward(x: Tensor, group: Group) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.group = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _AllReduce.apply(grads[0], ctx.group), None  # pyright: ignore[reportReturnType]

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any):
        return _AllReduce.apply(*args), in_dims[0]


class _AllReduceForward(_AllReduce):
    """The same in forward mode; apart, since torch.compile takes no function with a jvp."""

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        return summed(tangents[0], ctx.group)


def summed(x: Tensor, group: Group | None) -> Tensor:
    """The sum of x over all processes; x itself without a group."""
    if group is None:
        return x
    way = _AllReduceForward if in_forward_mode() else _AllReduce
    return way.apply(x, group)  # pyright: ignore[reportReturnType]


def gathered(rows: Tensor, group: Group | None) -> Tensor:
    """(rows, …) of each process as (rows, processes, …).

    Every process fills its own place of zeros and the places are summed: exact, and a single
    all-reduce, which every backend has.
    """
    if group is None:
        return rows.unsqueeze(1)
    own = torch.arange(dist.get_world_size(group), device=rows.device) == dist.get_rank(group)
    own = own.view(1, -1, *[1] * (rows.dim() - 1))
    return summed(torch.where(own, rows.unsqueeze(1), 0.0), group)
