"""The usual call, an ordinary tensor on the CPU without a mask, after one short test.

None where anything else is to be looked at: the functions of `standard` do that, and have the words for
what is wrong. `layer`, the name under which `normlab.explain` shows the call, is given by layers alone.
"""

import math
from typing import Any

import torch
from torch import Tensor

from normlab.kernels import native, rms, whole
from normlab.kernels.steady import shows_in, varies
from normlab.tracing import begun, plain, watching

Maybe = Tensor | None


def layer_norm(
    x: Tensor, shape: tuple[int, ...], weight: Maybe, bias: Maybe, eps: float, layer: str = ""
) -> Maybe:
    """`standard.layer_norm` of the usual call, or None."""
    if not (plain(x) and 0.0 <= eps < math.inf and x.is_contiguous()):
        return None
    if weight is None and bias is not None:
        return None
    try:
        if varies(x, shape[0] if len(shape) == 1 else math.prod(shape), eps):
            y = torch.layer_norm(x, shape, weight, bias, eps, False)
        else:
            y = whole.layer_norm_seen(x, shape, weight, bias, eps)
    except RuntimeError:  # torch looks at shapes and dtypes anyway
        return None
    if watching and layer:
        begun(layer)
    return y


def rms_norm(
    x: Tensor, shape: tuple[int, ...], weight: Maybe, eps: float | None, layer: str
) -> Maybe:
    """`standard.rms_norm` of the usual call of a layer, or None."""
    if not plain(x) or not (eps is None or 0.0 <= eps < math.inf):
        return None
    kind = x.dtype
    if kind not in native.KINDS or not (weight is None or weight.dtype is kind):
        return None
    if x.shape[-len(shape) :] != shape or x.numel() == 0 or not x.is_contiguous():
        return None
    if watching:
        begun(layer)
    try:
        return rms.normalized(x, list(shape), weight, eps)
    except RuntimeError:  # torch looks at the weight's shape anyway
        return None


def group_norm(
    x: Tensor, groups: int, channels: int, weight: Maybe, bias: Maybe, eps: float, layer: str
) -> Maybe:
    """`standard.group_norm` of the usual call of a layer, whose groups divide its channels, or None."""
    if not (plain(x) and 0.0 <= eps < math.inf) or (weight is None and bias is not None):
        return None
    count, sizes = x.numel(), x.shape
    if count <= groups or len(sizes) < 2 or sizes[1] != channels:
        return None
    samples, own = sizes[0], (weight, bias)
    given = *own, samples, channels, count // (samples * channels), groups, eps
    try:
        if x.is_contiguous() and not whole.in_both_layouts(x):
            y, mean, rate = torch.native_group_norm(x, *given)
            if shows_in(x, mean, rate, eps):
                y = whole.group_norm_about_center(x, groups, *own, eps)
        else:
            y = whole.group_norm_seen(x, groups, *own, eps)
    except RuntimeError:  # torch looks at shapes and dtypes anyway
        return None
    if watching:
        begun(layer)
    return y


def instance_norm(x: Tensor, channels: int, weight: Maybe, bias: Maybe, eps: float) -> Maybe:
    """`standard.instance_norm` of the usual call of a layer without running statistics, or None."""
    if not plain(x) or x.dim() < 3 or x.numel() < 2 * x.size(0) * channels:
        return None
    return group_norm(x, channels, channels, weight, bias, eps, "instance_norm")


def own(layer: torch.nn.Module, first: str = "weight", second: str = "bias") -> tuple[Any, Any]:
    """Two parameters; looked up here, since an attribute costs ten times as much. Parametrised ones are."""
    held = layer._parameters
    try:
        return held[first], held[second]
    except KeyError:
        return getattr(layer, first), getattr(layer, second)
