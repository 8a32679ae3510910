"""Normalisation layers: torch's own as drop-ins for every rank, and those torch lacks."""

from normlab.nn.batch import BatchNorm
from normlab.nn.local import GDN, DivisiveNorm, LocalContrastNorm, LocalResponseNorm
from normlab.nn.standard import GroupNorm, InstanceNorm, LayerNorm, RMSNorm

__all__ = [
    "GDN",
    "BatchNorm",
    "DivisiveNorm",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LocalContrastNorm",
    "LocalResponseNorm",
    "RMSNorm",
]
