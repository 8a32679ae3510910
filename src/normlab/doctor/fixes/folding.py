"""fold: a batch norm in eval() is a factor and a shift per channel, which the layer before can take in."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from normlab.doctor.case import Layer, usable
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.pairs import affine_of, per_output, same, source_of
from normlab.doctor.patient import Patient
from normlab.recognition.copies import copied


class Fold(Fix):
    name = "fold"
    safety = "safe"
    what = "takes batch norms into the convolution or linear layer before them, for inference"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        return [_step(patient, layer) for layer in layers if layer.row == "batch"]


def _step(patient: Patient, layer: Layer) -> Step:
    source, rest = source_of(patient, layer), steps_after(layer)
    why = _why_not(layer, source, rest)
    if why or isinstance(rest, str):
        return Step(layer.name, why)
    if not _agrees(source, layer, rest):
        kind = type(source).__name__
        return Step(
            layer.name, f"{kind} is not linear in its weight, or the norm is more than a norm"
        )
    kept = "" if isinstance(rest, nn.Identity) else f"; {layer.found.step.words} stays"  # pyright: ignore

    def do() -> None:
        take_over(source, folded(source, layer))
        patient.put(layer.module, rest)  # pyright: ignore[reportArgumentType]

    return Step(layer.name, f"goes into {patient.name_of(source)}{kept}", do)


def _agrees(source: Any, layer: Layer, rest: nn.Module) -> bool:
    """Whether, all in float64, the folded layer gives what both gave."""
    assert layer.module is not None
    wide = copied(source).double()
    before = nn.Sequential(wide, copied(layer.module))
    return same(before, nn.Sequential(folded(wide, layer), copied(rest)), source)


def _why_not(layer: Layer, source: Any, rest: nn.Module | str) -> str:
    if not layer.tracks:
        return "it has no running statistics: in eval() it normalises by the batch"
    if not usable(layer):
        return "its running statistics are not finite; reset and recalibrate them first"
    return next((why for why in (source, rest) if isinstance(why, str)), "")


@torch.no_grad()
def folded(source: Any, layer: Layer) -> nn.Module:
    """A copy of the source with the norm in it: weight · a and bias · a + b, computed in float64.

    What is too small for a normal number of the dtype becomes 0: subnormal numbers are slow.
    """
    a, b = (value.to(source.weight.device) for value in affine_of(layer))
    new: Any = copied(source)
    new.weight.copy_(_flushed(source.weight.double() * per_output(source, a), source.weight))
    bias = b if source.bias is None else source.bias.double() * a + b
    learns = source.weight.requires_grad if source.bias is None else source.bias.requires_grad
    new.bias = nn.Parameter(_flushed(bias, source.weight), requires_grad=learns)
    return new


def _flushed(value: Tensor, like: Tensor) -> Tensor:
    small = value.abs() < torch.finfo(like.dtype).tiny
    return value.masked_fill(small, 0.0).to(like.dtype)


@torch.no_grad()
def take_over(source: nn.Module, new: nn.Module) -> None:
    """The numbers of another layer of the same kind; parameters stay the same objects where they can."""
    for name, value in new._parameters.items():
        held = source._parameters.get(name)
        if held is not None and value is not None and held.shape == value.shape:
            held.copy_(value)
        else:
            source._parameters[name] = value


def steps_after(layer: Layer) -> nn.Module | str:
    """What stays of a norm whose numbers have gone: nothing, or its activation, under the same names."""
    module, found = layer.module, layer.found
    if module is None or found is None:
        return "it is not a module that was recognised"
    after = None if found.step is None else found.step.module
    kept, more = OrderedDict(), []
    for name, child in module.named_children():
        if child is after or type(child) is nn.Identity:
            kept[name] = child
        else:
            more.append(name)
    if more:
        return f"it also has {', '.join(more)}, which would be lost"
    if found.step is None:
        return nn.Identity()
    if after is None:
        return f"{found.step.words} follows in its own forward, which would be lost"
    return nn.Sequential(kept)
