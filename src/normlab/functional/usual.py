"""The usual call, an ordinary tensor on the CPU without a mask, after one short test.

None where anything else is to be looked at: the functions of `standard` do that, and have the words for
what is wrong. `layer`, the name under which `normlab.explain` shows the call, is given by layers alone.
"""

import math

import torch
from torch import Tensor

from normlab.kernels import native, rms, whole
from normlab.tracing import begun, plain

Maybe = Tensor | None


def layer_norm(
    x: Tensor, shape: tuple[int, ...], weight: Maybe, bias: Maybe, eps: float, layer: str = ""
) -> Maybe:
    """`standard.layer_norm` of the usual call, or None."""
    if not (plain(x) and _fits(x, weight, bias, eps) and x.shape[-len(shape) :] == shape):
        return None
    if not x.is_contiguous():
        return None
    if layer:
        begun(layer)
    return whole.layer_norm_seen(x, shape, weight, bias, eps)


def rms_norm(
    x: Tensor, shape: tuple[int, ...], weight: Maybe, eps: float | None, layer: str
) -> Maybe:
    """`standard.rms_norm` of the usual call of a layer, or None."""
    if not (plain(x) and _fits(x, weight, None, 0.0 if eps is None else eps)):
        return None
    if x.shape[-len(shape) :] != shape or not x.is_contiguous():
        return None
    begun(layer)
    return rms.normalized(x, list(shape), weight, eps)


def group_norm(
    x: Tensor, groups: int, channels: int, weight: Maybe, bias: Maybe, eps: float, layer: str
) -> Maybe:
    """`standard.group_norm` of the usual call of a layer, whose groups divide its channels, or None."""
    if not (plain(x) and _fits(x, weight, bias, eps)) or x.numel() == groups:
        return None
    if x.dim() < 2 or x.size(1) != channels:
        return None
    begun(layer)
    return whole.group_norm_seen(x, groups, weight, bias, eps)


def instance_norm(x: Tensor, channels: int, weight: Maybe, bias: Maybe, eps: float) -> Maybe:
    """`standard.instance_norm` of the usual call of a layer without running statistics, or None."""
    if not plain(x) or x.dim() < 3 or x.numel() < 2 * x.size(0) * channels:
        return None
    return group_norm(x, channels, channels, weight, bias, eps, "instance_norm")


def _fits(x: Tensor, weight: Maybe, bias: Maybe, eps: float) -> bool:
    """Whether x has elements, of a dtype that is the parameters' too, and eps is one."""
    kind = x.dtype
    return (
        0.0 <= eps < math.inf
        and (weight is None or weight.dtype is kind)
        and (bias is None or bias.dtype is kind)
        and kind in native.KINDS
        and x.numel() > 0
    )


def own(layer: torch.nn.Module, name: str) -> Maybe:
    """A parameter; looked up here, since an attribute costs ten times as much. A parametrised one is one."""
    try:
        return layer._parameters[name]
    except KeyError:
        return getattr(layer, name)
