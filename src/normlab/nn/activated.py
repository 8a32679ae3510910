"""Normalisers that are followed by an activation in one module, as timm has them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from normlab.nn.batch import BatchNorm
from normlab.nn.beyond.batches import FrozenBatchNorm
from normlab.nn.channels import LayerNorm2d
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.standard import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from normlab.tracing import recorded_layer


class Activated(nn.Module):
    """Stands before a normaliser: the modules named in `steps` follow it, in that order.

    Parameters keep their names, so that a state_dict is that of the normaliser and of these modules.
    """

    steps: tuple[str, ...]

    @recorded_layer
    def forward(self, input: Tensor) -> Tensor:
        y = super().forward(input)
        for name in self.steps:
            y = getattr(self, name)(y)
        return y


def _followed(kind: type[nn.Module]) -> type[nn.Module]:
    """The class of such a normaliser that is followed by something."""
    words = {"__doc__": f"{kind.__name__}, then an activation.", "__module__": __name__}
    return type(f"{kind.__name__}Act", (Activated, kind), words)


# by name, so that models can be pickled
BatchNormAct = _followed(BatchNorm)
FrozenBatchNormAct = _followed(FrozenBatchNorm)
GroupNormAct = _followed(GroupNorm)
InstanceNormAct = _followed(InstanceNorm)
LayerNormAct = _followed(LayerNorm)
LayerNorm2dAct = _followed(LayerNorm2d)
RMSNormAct = _followed(RMSNorm)
DivisiveNormAct = _followed(DivisiveNorm)

_KINDS = {kind.__bases__[1]: kind for kind in Activated.__subclasses__()}


def activated(norm: Any, steps: Mapping[str, nn.Module]) -> Any:
    """The same normaliser, followed from now on by these modules, under their names.

    >>> import torch
    >>> norm = activated(LayerNorm(2, elementwise_affine=False), {"act": nn.ReLU()})
    >>> norm(torch.tensor([[1.0, 3.0]]))
    tensor([[0.0000, 1.0000]])
    """
    norm.__class__ = _KINDS[type(norm)]
    for name, step in steps.items():
        norm.add_module(name, step)
    norm.steps = tuple(steps)
    return norm


def normalised(norm: Any, *args: Any, **kwargs: Any) -> Tensor:
    """What a normaliser gives before any activation that follows it, and without its hooks."""
    if isinstance(norm, Activated):
        return super(Activated, norm).forward(*args, **kwargs)
    return norm.forward(*args, **kwargs)
