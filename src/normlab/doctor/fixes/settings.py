"""restore_eps, restore_momentum: settings that came from another framework in another sense."""

from collections.abc import Iterable
from typing import Any

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.recalibrating import anew_where_free
from normlab.doctor.patient import Patient

_OTHER_SENSE = 0.5  # from here on a momentum is taken for the share of the old value


class RestoreMomentum(Fix):
    name = "restore_momentum"
    safety = "unsafe"
    what = (
        "makes of a momentum m, meant as the share of the old value, torch's share of the new, 1 − m; "
        "statistics, which were those of the last batch or two, are computed anew"
    )

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        return [step for layer in layers if (step := _momentum(layer)) is not None]

    def finish(self, patient: Patient, done: list[Step]) -> None:
        anew_where_free(patient, [step.layer for step in done])


def _momentum(layer: Layer) -> Step | None:
    module: Any = layer.module
    held = getattr(module, "momentum", None)
    if not isinstance(held, float) or not _OTHER_SENSE <= held <= 1.0:
        return None
    if held == 1.0:
        return Step(layer.name, "momentum is 1, which leaves 0 in the other sense; set it by hand")
    value = round(1.0 - held, 12)

    def do() -> None:
        module.momentum = value

    return Step(layer.name, f"momentum {held:g} becomes {value:g}", do)


class RestoreEps(Fix):
    name = "restore_eps"
    safety = "unsafe"
    what = "gives layers the eps that is asked for, or else that of most of the model's layers"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        every = [layer.eps for layer in patient.layers if layer.tracks]
        most = max(every, key=every.count, default=None)
        wanted = patient.options.eps
        if wanted is None and most is not None and 2 * every.count(most) > len(every) > 1:
            wanted = most
        found = (_eps(layer, wanted) for layer in layers if layer.tracks)
        return [step for step in found if step is not None]


def _eps(layer: Layer, wanted: float | None) -> Step | None:
    module: Any = layer.module
    if wanted is None:
        return Step(layer.name, "the eps that it was trained with is not known; give eps=")
    if layer.eps == wanted:
        return None
    if getattr(module, "eps", None) != layer.eps:
        return Step(layer.name, f"{type(module).__name__} has no eps to set")

    def do() -> None:
        module.eps = wanted

    return Step(layer.name, f"eps {layer.eps:g} becomes {wanted:g}", do)
