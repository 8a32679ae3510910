"""What is tried on a layer's input while it passes: another layout, and what the layer divides by."""

import torch
from torch import Tensor

from normlab.doctor.case import Layer
from normlab.doctor.seen import Seen
from normlab.errors import NormlabError
from normlab.kernels.layouts import channels_last

SAMPLES = 64  # of a batch, to see how what is divided by varies
_EACH = ("layer", "group", "rms", "l2", "positional", "positional_rms", "positional_l2")


def tried(layer: Layer, x: Tensor, seen: Seen) -> None:
    """Fills in `layout_error` and `scale_varies`; x is the input as the layer gets it."""
    if not x.is_floating_point() or not x.numel() or layer.module is None:
        return
    if x.dim() in (4, 5) and channels_last(x) is not None and x.dtype == torch.float32:
        seen.layout_error = max(seen.layout_error, _layout_error(layer.module, x))
    if layer.row in _EACH and layer.found is not None and seen.scale_varies is None:
        seen.scale_varies = _varies(layer, x[:SAMPLES])


def _layout_error(module: torch.nn.Module, x: Tensor) -> float:
    """The largest difference to the output of the same numbers in the usual layout."""
    usual = module.forward(x.contiguous())
    other = module.forward(x)
    if not isinstance(usual, Tensor) or usual.shape != other.shape:
        return 0.0
    size = usual.double().std()
    return float((usual.double() - other.double()).abs().amax() / size) if bool(size > 0) else 0.0


def _varies(layer: Layer, x: Tensor) -> float | None:
    assert layer.found is not None
    try:
        scale = layer.found.normalized(x).scale
    except NormlabError:
        return None
    size = scale.mean()
    usable = scale.numel() > 1 and bool(scale.isfinite().all()) and bool(size > 0)
    return float(scale.std() / size) if usable else None
