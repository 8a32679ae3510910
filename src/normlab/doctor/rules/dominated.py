"""What NRM305, NRM306 and NRM307 share: channels whose variance is below eps, in three kinds."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from normlab.doctor.case import Layer, usable
from normlab.doctor.rule import Example

SMALL_GAIN = 1e-3
_TINY = torch.finfo(torch.float32).tiny  # below it float32 holds subnormal numbers alone


@dataclass(frozen=True)
class Dominated:
    """Channels with v < eps: those that their weight makes constant, those whose input is, and the rest."""

    by_weight: Tensor
    by_input: Tensor
    sets_gain: Tensor


def dominated(layer: Layer) -> Dominated | None:
    """Of a layer whose statistics can be used, else None."""
    if not layer.tracks or layer.row != "batch" or not usable(layer):
        return None
    _, var = layer.statistics()
    small = var < layer.eps
    gain = layer.gain
    weak = torch.zeros_like(small) if gain is None else (gain.abs() < SMALL_GAIN).expand_as(small)
    still = var < _TINY
    if layer.seen is not None and layer.seen.pooled.count > 1:
        still = still & (layer.seen.pooled.var().to(var.device) < _TINY)
    return Dominated(small & weak, small & ~weak & still, small & ~weak & ~still)


def share(channels: Tensor) -> float:
    return float(channels.double().mean())


def example(var: float, weight: float) -> Example:
    """Four channels, the first of which has that variance and weight."""
    model = nn.BatchNorm1d(4).eval()
    assert model.running_var is not None
    assert model.running_mean is not None
    with torch.no_grad():
        model.running_mean.fill_(0.5)
        model.running_var[0] = var
        model.weight[0] = weight
    return Example(model)
