"""prune: channels whose output is a constant, which goes into the bias of the layer that takes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from normlab.doctor.case import Layer, usable
from normlab.doctor.fixes.chains import after, elementwise
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.pairs import affine_of, source_of
from normlab.doctor.patient import Patient

_SMALL = 1e-3  # a weight below it, on a variance below eps, leaves the bias alone


class Prune(Fix):
    name = "prune"
    safety = "safe"
    what = "removes channels whose output is constant, and puts the constant into the next layer's bias"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        found = (_step(patient, layer) for layer in layers if layer.row == "batch" and layer.tracks)
        return [step for step in found if step is not None]


@dataclass(frozen=True)
class _Place:
    """A norm between the layer that makes its channels and the one that takes them.

    constant: what each channel gives to the taker where it is dead.
    """

    source: Any
    norm: Any
    taker: Any
    constant: Tensor


def _step(patient: Patient, layer: Layer) -> Step | None:
    source = source_of(patient, layer)
    dead = dead_channels(layer, None if isinstance(source, str) else source)
    if not bool(dead.any()):
        return None
    place = source if isinstance(source, str) else _placed(patient, layer, source)
    if isinstance(place, str):
        return Step(layer.name, place)
    if _padded_with_zeros(place.taker) and bool((place.constant[dead] != 0).any()):
        dead = dead & (place.constant == 0)
        if not bool(dead.any()):
            return Step(
                layer.name,
                f"{patient.name_of(place.taker)} pads with zeros: at the border the constant is not seen",
            )
    if bool(dead.all()):
        return Step(layer.name, "all of its channels are dead: nothing would be left")
    taker = patient.name_of(place.taker)
    says = f"loses {int(dead.sum())} of {len(dead)} channels; their constant goes into {taker}"
    return Step(layer.name, says, lambda: _remove(place, dead))


def dead_channels(layer: Layer, source: Any) -> Tensor:
    """Those of no weight, of next to no weight and variance, or of no input."""
    _, var = layer.statistics()
    gain = torch.ones_like(var) if layer.gain is None else layer.gain.abs().expand_as(var)
    dead = (gain == 0) | ((gain < _SMALL) & (var < layer.eps))
    dead |= var < torch.finfo(torch.float32).tiny
    if source is not None and not isinstance(source, _ConvTransposeNd):
        dead |= (source.weight.detach().flatten(1) == 0).all(1)
    return dead


def _placed(patient: Patient, layer: Layer, source: Any) -> _Place | str:
    module, found = layer.module, layer.found
    assert module is not None and found is not None
    if not isinstance(module, _NormBase) or not usable(layer):
        return f"{type(module).__name__} keeps its numbers in a way of its own"
    if found.step is not None and found.step.parameters:
        return f"{found.step.words} has a parameter for each channel"
    if getattr(source, "groups", 1) != 1 or isinstance(source, _ConvTransposeNd):
        return f"{patient.name_of(source)} works in groups, or is transposed"
    constant = _constant(layer, source)
    constant = constant if found.step is None else found.step.function(constant)
    for node in after(patient.graph, patient.graph.of(module)[0]):
        if isinstance(node.module, _ConvNd | nn.Linear):
            return _taken(patient, layer, source, node.module, constant)
        if (function := elementwise(node)) is None:
            return f"{node} follows, through which the constant cannot be followed"
        constant = function(constant)
    return "its output is used more than once, or by no convolution or linear layer"


def _taken(
    patient: Patient, layer: Layer, source: Any, taker: Any, constant: Tensor
) -> _Place | str:
    name = patient.name_of(taker)
    if getattr(taker, "groups", 1) != 1 or isinstance(taker, _ConvTransposeNd):
        return f"{name} works in groups, or is transposed"
    held = taker.in_features if isinstance(taker, nn.Linear) else taker.in_channels
    if (
        held != constant.numel()
        or patient.graph.read(taker)
        or taker._parameters.get("weight") is None
    ):
        return f"the weight of {name} has other channels, is read elsewhere or computed"
    if taker._forward_hooks or taker._forward_pre_hooks:
        return f"{name} has hooks, which would see fewer channels"
    if isinstance(taker, nn.Linear) and patient.dims.get(taker) != {2}:
        return f"it is not known that the channels are the last dimension of what {name} takes"
    return _Place(source, layer.module, taker, constant)


def _constant(layer: Layer, source: Any) -> Tensor:
    """a·x + b where the filter is zero and x its bias; else the bias of the norm, since x is its mean."""
    a, b = affine_of(layer)
    mean, _ = layer.statistics()
    x = torch.zeros_like(mean) if source.bias is None else source.bias.detach().double()
    zero = (source.weight.detach().flatten(1) == 0).all(1)
    return a * torch.where(zero, x, mean) + b


def _padded_with_zeros(taker: Any) -> bool:
    if isinstance(taker, nn.Linear) or taker.padding_mode != "zeros":
        return False
    padding = taker.padding
    return padding == "same" if isinstance(padding, str) else any(padding)


@torch.no_grad()
def _remove(place: _Place, dead: Tensor) -> None:
    source, norm, taker, keep = place.source, place.norm, place.taker, ~dead
    weight = taker.weight.double()
    given = weight[:, dead].flatten(2).sum(2) if weight.dim() > 2 else weight[:, dead]
    bias = given @ place.constant[dead]
    bias = bias if taker.bias is None else bias + taker.bias.double()
    taker.bias = nn.Parameter(bias.to(taker.weight.dtype))
    taker.weight = _kept(taker.weight, keep, 1)
    source.weight = _kept(source.weight, keep, 0)
    if source.bias is not None:
        source.bias = _kept(source.bias, keep, 0)
    for home in (norm._parameters, norm._buffers):
        for name, value in home.items():
            if value is not None and value.shape == dead.shape:
                home[name] = _kept(value, keep, 0)
    left = int(keep.sum())
    for module, name in ((source, "out"), (taker, "in")):
        setattr(
            module, f"{name}_{'features' if isinstance(module, nn.Linear) else 'channels'}", left
        )
    norm.num_features = left


def _kept(value: Tensor, keep: Tensor, axis: int) -> Any:
    left = value.detach().index_select(axis, keep.nonzero().flatten()).clone()
    return nn.Parameter(left, value.requires_grad) if isinstance(value, nn.Parameter) else left
