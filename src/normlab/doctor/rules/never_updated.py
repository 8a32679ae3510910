"""NRM102: running statistics that are still those of a new layer."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class NeverUpdated(Rule):
    code = "NRM102"
    name = "statistics-never-updated"
    what = (
        "Finds batch norms whose running mean is exactly 0 and whose running variance is exactly 1."
    )
    why = (
        "These are the values of a new layer. In eval() such a layer does not normalise: its output is its "
        "input, scaled and shifted. It happens when only the parameters were saved, when a checkpoint was "
        "loaded with strict=False, or when the layer never ran in training mode."
    )
    statistic = "share of channels with mean 0 and variance 1"
    threshold = (
        "All channels, exactly. num_batches_tracked is not used: converted networks with correct "
        "statistics often have 0 there."
    )
    fix = "recalibrate"
    safety = "unsafe"
    effect = "The layer normalises in eval() as it does in training."
    references = (
        "https://github.com/cleinc/bts/issues/90",
        "https://github.com/torch/nn/issues/1165",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if layer.tracks and not layer.frozen and fresh(layer):
                yield self.finding(
                    layer,
                    "error",
                    1.0,
                    1.0,
                    "In eval() the layer does not normalise: its statistics are those of a new layer.",
                )

    def sick(self) -> Example:
        return Example(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))

    def healthy(self) -> Example:
        model = self.sick().model
        with torch.no_grad():
            model(torch.randn(8, 4, generator=torch.Generator().manual_seed(0)))
        return Example(model)


def fresh(layer: Layer) -> bool:
    """Whether the statistics are exactly those of a new layer."""
    mean, var = layer.statistics()
    return bool((mean == 0).all() and (var == 1).all())
