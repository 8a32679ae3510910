"""move_dropout: a dropout before a batch norm changes the variance that the norm keeps for eval()."""

from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd

from normlab.doctor.case import Layer
from normlab.doctor.fixes.chains import after, before, elementwise
from normlab.doctor.fixes.fix import Fix, Step
from normlab.doctor.fixes.recalibrating import anew_where_free
from normlab.doctor.graph import Node
from normlab.doctor.held import follow_by
from normlab.doctor.patient import Patient


class MoveDropout(Fix):
    name = "move_dropout"
    safety = "unsafe"
    what = "moves a dropout behind the last batch norm that it leads to, and recalibrates those it led to"

    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        steps, moved = [], set[nn.Module]()
        for layer in layers:
            if layer.row != "batch" or layer.module is None or not patient.graph.of(layer.module):
                continue
            node = _leading(patient, patient.graph.of(layer.module)[0])
            if node is not None and node.module not in moved:
                steps.append(_step(patient, layer, node))
                moved |= {node.module} if node.module is not None else set()
        return steps

    def finish(self, patient: Patient, done: list[Step]) -> None:
        last = patient.chosen([step.layer for step in done])
        led = [one.name for layer in last for one in _norms_before(patient, layer)]
        anew_where_free(patient, led)


def _leading(patient: Patient, norm: Node) -> Node | None:
    """The dropout before a norm, behind which only linear and elementwise steps come."""
    for node in before(patient.graph, norm):
        if isinstance(node.module, _DropoutNd) or (
            "dropout" in node.name and node.kind == "function"
        ):
            return node
        if not isinstance(node.module, _ConvNd | nn.Linear) and elementwise(node) is None:
            return None
    return None


def _step(patient: Patient, layer: Layer, node: Node) -> Step:
    dropout: Any = node.module
    if dropout is None:
        return Step(
            layer.name, "the dropout before it is a function in forward(); move it there by hand"
        )
    last = _last(patient, node) or layer
    norm: Any = last.module
    if not _plain(norm):
        return Step(
            last.name, f"{type(norm).__name__} cannot be followed by a dropout under its name"
        )
    name = patient.name_of(dropout)

    def do() -> None:
        patient.put(dropout, nn.Identity())
        follow_by(norm, dropout)

    return Step(last.name, f"is followed by {name}, which led to {layer.name}", do)


def _plain(norm: nn.Module) -> bool:
    return not hasattr(norm, "dropout") and "forward" not in vars(norm)


def _last(patient: Patient, node: Node) -> Layer | None:
    """The last batch norm that a step leads to on a way without branches."""
    by_module = {one.module: one for one in patient.layers if one.row == "batch"}
    found = [by_module[n.module] for n in after(patient.graph, node) if n.module in by_module]
    return found[-1] if found else None


def _norms_before(patient: Patient, layer: Layer) -> list[Layer]:
    """The layer, and batch norms that lead to it on a way without branches."""
    assert layer.module is not None
    by_module = {one.module: one for one in patient.layers if one.row == "batch"}
    calls = patient.graph.of(layer.module)
    leading = [n.module for n in before(patient.graph, calls[0])] if calls else []
    return [layer, *(by_module[module] for module in leading if module in by_module)]
