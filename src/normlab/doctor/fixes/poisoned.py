"""reset: statistics that are no numbers any more, or of a dtype that cannot hold them."""

from collections.abc import Iterable
from typing import Any

import torch

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.recalibrating import anew_where_free
from normlab.doctor.patient import Patient

_HALF = (torch.float16, torch.bfloat16)


class Reset(Fix):
    name = "reset"
    safety = "unsafe"
    what = "puts statistics that are NaN, infinite, negative or in half precision right, then recalibrates"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        found = (_step(layer) for layer in layers if layer.tracks)
        return [step for step in found if step is not None]

    def finish(self, patient: Patient, done: list[Step]) -> None:
        anew_where_free(patient, [step.layer for step in done])


def _step(layer: Layer) -> Step | None:
    module: Any = layer.module
    mean, var = layer.statistics()
    bad = ~(mean.isfinite() & var.isfinite() & (var >= 0))
    assert layer.var is not None
    half = layer.var.dtype in _HALF
    if not half and not bool(bad.any()):
        return None
    said = [f"{int(bad.sum())} of {len(bad)} channels start anew"] if bool(bad.any()) else []
    said += ["becomes float32"] if half else []

    @torch.no_grad()
    def do() -> None:
        for held, value in ((layer.mean, 0.0), (layer.var, 1.0)):
            assert held is not None
            held[bad.view_as(held)] = value
        if half:
            module.float()

    return Step(layer.name, " and ".join(said), do)
