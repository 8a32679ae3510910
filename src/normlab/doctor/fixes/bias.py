"""drop_bias: a bias before a norm that subtracts the mean changes nothing but the running mean."""

from collections.abc import Iterable

import torch

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.pairs import batch_statistics, source_of
from normlab.doctor.patient import Patient


class DropBias(Fix):
    name = "drop_bias"
    safety = "safe"
    what = "takes a bias that the norm after it subtracts again into the running mean"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        found = (_step(patient, layer) for layer in layers if layer.row in ("batch", "instance"))
        return [step for step in found if step is not None]


def _step(patient: Patient, layer: Layer) -> Step | None:
    source = source_of(patient, layer)
    if isinstance(source, str):
        return Step(layer.name, source)
    if source.bias is None:
        return None
    name = patient.name_of(source)
    if not batch_statistics(layer):
        return Step(
            layer.name, f"its statistics are fixed, so the bias of {name} still moves the output"
        )

    @torch.no_grad()
    def do() -> None:
        if layer.mean is not None:
            moved = layer.mean.double() - source.bias.double().view_as(layer.mean)
            layer.mean.copy_(moved)
        source.bias = None

    return Step(layer.name, f"takes in the bias of {name}", do)
