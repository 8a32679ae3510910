"""Normalisation layers: torch's own as drop-ins for every rank, and those torch lacks."""

from normlab.nn import beyond
from normlab.nn.batch import BatchNorm
from normlab.nn.conventions import (
    from_caffe,
    from_flax,
    from_keras,
    from_onnx,
    from_paddle,
    from_tensorflow,
)
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.export import to_onnx
from normlab.nn.fusing import fuse_custom_config
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
    "LayerNorm",
    "LocalContrastNorm",
    "LocalResponseNorm",
    "RMSNorm",
    "V1Block",
    "beyond",
    "desynchronize",
    "from_caffe",
    "from_flax",
    "from_keras",
    "from_onnx",
    "from_paddle",
    "from_tensorflow",
    "fuse_custom_config",
    "synchronize",
    "to_onnx",
]
