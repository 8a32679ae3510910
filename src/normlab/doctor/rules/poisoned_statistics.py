"""NRM103: running statistics that are NaN, infinite or negative."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer, usable
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class PoisonedStatistics(Rule):
    code = "NRM103"
    name = "statistics-poisoned"
    what = "Finds running statistics that hold NaN or infinity, or a variance below 0."
    why = (
        "One infinite value in one batch makes them NaN, and no later batch repairs them: every new "
        "value contains a share of the old one. A GradScaler skips the optimizer's step for such a "
        "batch, but not the statistics. In eval() the channel is NaN, and so is everything computed "
        "from it."
    )
    statistic = "channels whose mean or variance is not a usable number"
    threshold = "0: one such channel makes the output NaN."
    fix = "reset"
    safety = "unsafe"
    effect = "The statistics are computed anew from data, and the outputs are numbers again."
    references = ("https://github.com/pytorch/pytorch/issues/88474",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if layer.tracks and not usable(layer):
                yield self.finding(
                    layer,
                    "error",
                    float(spoilt(layer)),
                    0.0,
                    "In eval() these channels are NaN, and more training does not repair them.",
                )

    def sick(self) -> Example:
        model = nn.BatchNorm1d(3)
        with torch.no_grad():
            model(torch.tensor([[1.0, 2.0, 3.0], [float("inf"), 1.0, 0.0]]))
        return Example(model)

    def healthy(self) -> Example:
        model = nn.BatchNorm1d(3)
        with torch.no_grad():
            model(torch.tensor([[1.0, 2.0, 3.0], [6e4, 1.0, 0.0]]))
        return Example(model)


def spoilt(layer: Layer) -> int:
    mean, var = layer.statistics()
    return int((~mean.isfinite() | ~var.isfinite() | (var < 0)).sum())
