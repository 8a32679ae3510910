"""Norms that stay in evaluation, or are followed by a dropout: in copies and pickles too."""

from functools import cache
from typing import Any

from torch import Tensor, nn


class Frozen(nn.Module):
    """Stands before a layer's class and keeps it in evaluation: train() leaves it and what is in it there.

    Copies, pickles and state_dicts are those of the layer.
    """

    def train(self, mode: bool = True) -> "Frozen":
        return super().train(False)

    def __reduce__(self) -> tuple[Any, ...]:
        return _empty, (type(self).__bases__[1],), self.__dict__


@cache
def frozen_class(kind: type[nn.Module]) -> Any:
    """The class of such layers.

    >>> frozen_class(nn.BatchNorm2d)(3)
    FrozenBatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """
    words = {"__module__": kind.__module__, "__doc__": f"{kind.__name__}, kept in evaluation."}
    return type(f"Frozen{kind.__name__}", (Frozen, kind), words)


def _empty(kind: type[nn.Module]) -> nn.Module:
    """What a copy or a pickle then puts its state into."""
    made = frozen_class(kind)
    return made.__new__(made)


class ThenDropout:
    """A forward hook: the output goes through the layer's child `dropout`."""

    def __call__(self, layer: Any, args: Any, output: Tensor) -> Tensor:
        return layer.dropout(output)


def follow_by(layer: nn.Module, dropout: nn.Module) -> None:
    """Have a dropout follow a layer, whose class, names and forward stay.

    >>> import torch
    >>> layer = nn.Identity()
    >>> follow_by(layer, nn.Dropout(1.0))
    >>> layer.train()(torch.ones(2)), layer.eval()(torch.ones(2))
    (tensor([0., 0.]), tensor([1., 1.]))
    """
    layer.add_module("dropout", dropout)
    layer.register_forward_hook(ThenDropout())
