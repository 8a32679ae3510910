"""Normalisation layers: torch's own as drop-ins for every rank, and those torch lacks."""

from normlab.nn import beyond
from normlab.nn.batch import BatchNorm
from normlab.nn.channels import LayerNorm2d
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.fusing import fuse_custom_config
from normlab.nn.l2 import L2Norm
from normlab.nn.local import GDN, LocalContrastNorm, LocalResponseNorm
from normlab.nn.standard import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from normlab.nn.synchronize import desynchronize, synchronize
from normlab.nn.v1 import V1Block

__all__ = [
    "GDN",
    "BatchNorm",
    "DivisiveNorm",
    "GroupNorm",
    "InstanceNorm",
    "L2Norm",
    "LayerNorm",
    "LayerNorm2d",
    "LocalContrastNorm",
    "LocalResponseNorm",
    "RMSNorm",
    "V1Block",
    "beyond",
    "desynchronize",
    "fuse_custom_config",
    "synchronize",
]
