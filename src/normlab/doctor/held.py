"""Layers that keep their class's forward, parameters and names, and do one thing otherwise."""

from functools import cache
from typing import Any

from torch import Tensor, nn


class Held(nn.Module):
    """Stands before a layer's class. Copies, pickles and state_dicts are those of the layer."""

    def __reduce__(self) -> tuple[Any, ...]:
        mine, kind = type(self).__bases__[:2]
        return _made_anew, (mine, kind), self.__dict__


class Frozen(Held):
    """A layer that stays in evaluation: train() leaves it and what is in it there."""

    def train(self, mode: bool = True) -> "Frozen":
        return super().train(False)


class DroppedOut(Held):
    """A layer whose output goes through a dropout, which is its child of that name."""

    dropout: nn.Module

    def forward(self, input: Tensor) -> Tensor:
        return self.dropout(super().forward(input))


@cache
def held_as(mine: type[Held], kind: type[nn.Module]) -> Any:
    """The class of such layers.

    >>> held_as(Frozen, nn.BatchNorm2d)(3)
    FrozenBatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """
    words = {"__module__": kind.__module__, "__doc__": f"{kind.__name__}: {mine.__doc__}"}
    return type(mine)(f"{mine.__name__}{kind.__name__}", (mine, kind), words)


def _made_anew(mine: type[Held], kind: type[nn.Module]) -> nn.Module:
    """An empty one, whose state is then put in."""
    made = held_as(mine, kind)
    return made.__new__(made)
