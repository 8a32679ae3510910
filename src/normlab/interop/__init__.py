"""Layers of other frameworks as ours, and ours as files of ONNX."""

from normlab.interop.constructors import (
    from_caffe,
    from_flax,
    from_keras,
    from_onnx,
    from_paddle,
    from_tensorflow,
)
from normlab.interop.onnx import to_onnx

__all__ = [
    "from_caffe",
    "from_flax",
    "from_keras",
    "from_onnx",
    "from_paddle",
    "from_tensorflow",
    "to_onnx",
]
