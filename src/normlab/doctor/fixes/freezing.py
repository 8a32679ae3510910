"""freeze, unfreeze: statistics, weight and bias that nothing moves, also after model.train()."""

from collections.abc import Iterable
from typing import Any

from torch import nn

from normlab.doctor.case import Layer
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.held import Frozen, frozen_class
from normlab.doctor.patient import Patient

_LEARNED = "_learned_before_freezing"  # names of the parameters that freeze() has stopped


class Freeze(Fix):
    name = "freeze"
    safety = "unsafe"
    what = "keeps batch norms in evaluation and their weight and bias from learning, whatever train() says"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        return [step for layer in layers if (step := _freezing(layer)) is not None]


def _freezing(layer: Layer) -> Step | None:
    module: Any = layer.module
    if module is None or not layer.tracks or isinstance(module, Frozen):
        return None
    if layer.found is not None and layer.found.frozen:
        return None
    if "parametrizations" in module._modules:
        return Step(layer.name, "it is parametrised; remove that first")

    def do() -> None:
        named = dict(module.named_parameters())
        setattr(module, _LEARNED, tuple(name for name, p in named.items() if p.requires_grad))
        for parameter in named.values():
            parameter.requires_grad_(False)
        module.__class__ = frozen_class(type(module))
        module.train(False)
        if hasattr(module, "track_running_stats"):  # it holds them, and uses them
            module.track_running_stats = True

    return Step(layer.name, "keeps its statistics, weight and bias from now on", do)


class Unfreeze(Fix):
    name = "unfreeze"
    safety = "unsafe"
    what = "lets frozen batch norms learn and follow train() again"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        found = (_unfreezing(patient.model, layer) for layer in layers)
        return [step for step in found if step is not None]


def _unfreezing(model: nn.Module, layer: Layer) -> Step | None:
    module: Any = layer.module
    if module is None or not layer.tracks:
        return None
    if layer.found is not None and layer.found.frozen:
        why = (
            "its class is frozen: normlab.convert(model, to='batch', source='frozen') exchanges it"
        )
        return Step(layer.name, why)
    stopped = [name for name, p in module.named_parameters() if not p.requires_grad]
    held = isinstance(module, Frozen)
    if not (held or stopped):
        return None

    def do() -> None:
        learned = vars(module).pop(_LEARNED, stopped)
        for name in learned:
            module.get_parameter(name).requires_grad_(True)
        if held:
            module.__class__ = type(module).__bases__[1]
        module.train(_trains(model))

    return Step(layer.name, "learns again, and follows train()", do)


def _trains(model: nn.Module) -> bool:
    parts = [p for p in model.modules() if not any(p.children()) and not isinstance(p, Frozen)]
    return model.training or any(part.training for part in parts)
