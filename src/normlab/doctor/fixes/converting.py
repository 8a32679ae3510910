"""convert: another kind of norm, by a function that is handed in (normlab.convert)."""

from collections.abc import Iterable

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.patient import Patient


class Convert(Fix):
    name = "convert"
    safety = "unsafe"
    what = "exchanges batch norms for another kind, with the function that convert= gives"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        to = patient.options.settings.get("to", "group")
        chosen = [layer for layer in layers if layer.row == "batch"]
        if patient.options.convert is None:
            return [
                Step(one.name, "no function given; give convert=normlab.convert") for one in chosen
            ]
        return [
            Step(one.name, f"becomes a {to} norm, calibrated on the batches", _later)
            for one in chosen
        ]

    def finish(self, patient: Patient, done: list[Step]) -> None:
        wanted = {step.layer for step in done}
        skip = [
            one.names for one in patient.layers if one.row == "batch" and one.name not in wanted
        ]
        patient.model = patient.options.convert(
            patient.model,
            **patient.options.settings,
            skip=[name for names in skip for name in names],
            calibration=patient.batches,
        )


def _later() -> None:
    """All layers are done together, in `finish`."""
