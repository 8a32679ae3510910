"""recalibrate: running statistics computed anew, exactly, from the batches."""

from collections.abc import Iterable

from torch.nn.modules.batchnorm import _NormBase

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.held import Frozen
from normlab.doctor.patient import Patient
from normlab.errors import SettingError
from normlab.recalibration.recalibrate import frozen, recalibrate


class Recalibrate(Fix):
    name = "recalibrate"
    safety = "unsafe"
    what = "computes running statistics anew from all batches, layer after layer"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        tracking = [layer for layer in layers if layer.tracks]
        return [_step(patient, layer) for layer in tracking if layer.row in ("batch", "instance")]

    def finish(self, patient: Patient, done: list[Step]) -> None:
        anew(patient, [step.layer for step in done])


def anew(patient: Patient, names: Iterable[str]) -> None:
    """New statistics for layers by name, those too whose parameters alone are frozen."""
    assert patient.batches is not None
    only = [layer.module for layer in patient.chosen(names) if layer.module is not None]
    held = [p for module in only for p in module.parameters() if not p.requires_grad]
    try:
        for parameter in held:
            parameter.requires_grad_(True)  # else they would be left
        recalibrate(patient.model, patient.batches, only=only, progress=patient.progress)
    finally:
        for parameter in held:
            parameter.requires_grad_(False)


def anew_where_free(patient: Patient, names: Iterable[str]) -> None:
    """The same, if there are batches, for those of the layers that may have new ones."""
    if patient.batches is None:
        return
    chosen = patient.chosen(dict.fromkeys(names))
    free = [one.name for one in chosen if one.tracks and not why_no_statistics(patient, one)]
    if free:
        anew(patient, free)


def why_no_statistics(patient: Patient, layer: Layer) -> str:
    """Why a layer's statistics cannot or should not be computed anew, or ""."""
    module = layer.module
    if not isinstance(module, _NormBase):
        return "it keeps its statistics in a way of its own"
    if isinstance(module, Frozen) or (frozen(patient.model, module) and not module.training):
        return "it is frozen; unfreeze it first if it is to have new statistics"
    if not patient.graph.known or patient.graph.calls(module):
        return ""
    return "the model does not call it in eval()"


def _step(patient: Patient, layer: Layer) -> Step:
    if patient.batches is None:
        raise SettingError(
            "recalibrate: no batches given; give an iterable of the model's inputs, such as a DataLoader "
            "of training data."
        )
    if why := why_no_statistics(patient, layer):
        return Step(layer.name, why)
    return Step(
        layer.name, "gets the mean and variance of all batches, in a pass of its own", _later
    )


def _later() -> None:
    """All layers are done together, in `finish`."""
