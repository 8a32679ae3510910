"""How far running statistics are from those of the data, channel by channel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.doctor.case import Layer, usable
from normlab.doctor.seen import Seen


@dataclass(frozen=True)
class Drift:
    """Medians over the channels of a layer, and of channels that vary in the data.

        z = |μ̂ − μ| / √(v + ε)        r = |ln((v̂ + ε) / (v + ε))|

    noise: the standard error of z, from the spread of sample means; of r about √(2 / samples).
    """

    z: float
    r: float
    noise: float
    samples: int

    @property
    def r_noise(self) -> float:
        return (2 / max(self.samples, 1)) ** 0.5


def drift(layer: Layer, seen: Seen | None) -> Drift | None:
    """That of one layer's statistics to what it has seen, or None where one of them is not known."""
    if seen is None or not layer.tracks or not usable(layer) or seen.pooled.count < 2:
        return None
    z, r = by_channel(layer, seen)
    if not len(z):
        return None
    return Drift(float(z.median()), float(r.median()), _noise(layer, seen), sum(seen.sizes))


def by_channel(layer: Layer, seen: Seen) -> tuple[Tensor, Tensor]:
    """z and r of each channel; channels that are constant in the data and in the statistics are left out."""
    mean, var = layer.statistics()
    data_mean, data_var = (v.cpu() for v in (seen.pooled.mean, seen.pooled.var()))
    mean, var = mean.cpu(), var.cpu()
    if data_mean.shape != mean.shape:
        return torch.empty(0), torch.empty(0)
    z = (data_mean - mean).abs() / (var + layer.eps).sqrt()
    r = ((data_var + layer.eps) / (var + layer.eps)).log().abs()
    alive = (var > layer.eps) | (data_var > layer.eps)
    return z[alive], r[alive]


def _noise(layer: Layer, seen: Seen) -> float:
    """Samples are what is drawn: the places of one are not independent."""
    means = torch.cat(seen.sample_means) if seen.sample_means else torch.empty(0, 1)
    if len(means) < 2:
        return float("inf")
    _, var = layer.statistics()
    step = -(-len(var) // means.shape[1])
    spread = means.cpu().var(0) / len(means)
    return float((spread / (var.cpu()[::step] + layer.eps)).sqrt().median())
