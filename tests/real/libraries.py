"""timm, torchvision, transformers and compressai, imported so that they bear torch's build for CPUs.

torchvision and timm ask for two operators that torchvision's compiled part has, which wants a build of
torch for GPUs; they are declared here, and never called.
"""

import os
import warnings

import torch

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}  # weights are random here
_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _declare(name: str) -> None:
    if not hasattr(torch.ops.torchvision, name):
        torch.library.define(f"torchvision::{name}", _BOXES)


for _name in ("nms", "qnms"):
    _declare(_name)

with warnings.catch_warnings(action="ignore"):
    import compressai.layers
    import compressai.models
    import timm
    import timm.layers
    import torchvision
    import transformers

__all__ = ["compressai", "timm", "torchvision", "transformers"]
