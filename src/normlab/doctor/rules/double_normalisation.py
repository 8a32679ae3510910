"""NRM403: a norm whose input is normalised already."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.neighbours import graph_missing

CV = 0.01


class DoubleNormalisation(Rule):
    code = "NRM403"
    name = "normalised-twice"
    what = (
        "Finds norms whose input comes directly from a norm of the same kind, and which divide every "
        "sample by nearly the same number."
    )
    why = (
        "The second norm only scales and shifts, which the weight and bias of the first can do. It "
        "costs time, and its eps and statistics can cause errors of their own."
    )
    statistic = "standard deviation / mean of what the second norm divides by, over samples"
    threshold = (
        "1 %. Two batch norms, or two instance norms, in a row always count: the first already gives "
        "each channel the mean and variance that its bias and weight set."
    )
    effect = "Remove one of the two layers."
    needs = ("model",)
    references = ("arXiv:1607.06450 (Ba et al. 2016), section 5.1",)

    def why_not(self, case: Case) -> str:
        return super().why_not(case) or graph_missing(case)

    def look(self, case: Case) -> Iterator[Finding]:
        by_module = {layer.module: layer for layer in case.layers}
        for layer in case.layers:
            first = before(case, layer, by_module)
            cv = None if first is None else varies(first, layer)
            if cv is not None and cv < CV:
                says = f"Its input comes from {first.name if first else ''}, normalised already."
                yield self.finding(layer, "warning", cv, CV, says)

    def sick(self) -> Example:
        return Example(nn.Sequential(nn.LayerNorm(8), nn.LayerNorm(8)), [torch.randn(32, 8)])

    def healthy(self) -> Example:
        layers = (nn.LayerNorm(8), nn.Linear(8, 8), nn.LayerNorm(8))
        return Example(nn.Sequential(*layers), [torch.randn(32, 8)])


def before(case: Case, layer: Layer, by_module: dict) -> Layer | None:
    """The norm of the same kind that gives the input of this one, without an activation of its own."""
    if layer.module is None or case.graph is None:
        return None
    feeders = {node.module for node in case.graph.feeders(layer.module)}
    first = by_module.get(feeders.pop()) if len(feeders) == 1 else None
    if first is None or first is layer or first.found is None or first.found.step is not None:
        return None
    return first if first.row == layer.row else None


def varies(first: Layer, layer: Layer) -> float | None:
    """How much what it divides by varies over samples; None where that is not known."""
    if layer.row in ("batch", "instance"):
        return 0.0
    return None if layer.seen is None else layer.seen.scale_varies
