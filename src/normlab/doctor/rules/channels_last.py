"""NRM309: a layout in which torch's operator loses digits."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

LIMIT = 1e-3


class ChannelsLast(Rule):
    code = "NRM309"
    name = "channels-last-digits"
    what = (
        "Runs each layer whose input is in channels_last once more on the same numbers in the usual "
        "layout, and compares the outputs."
    )
    why = (
        "For group norm in channels_last torch computes the variance as E[x^2] - E[x]^2 in float32. Where "
        "the mean is far larger than the deviation, nearly all digits cancel."
    )
    statistic = "the largest difference of the outputs, in standard deviations of the output"
    threshold = "0.001, which is a thousand times the rounding of one float32 step."
    effect = (
        "Subtract a constant before the layer, call .contiguous() before it, or use normlab's layer, which "
        "keeps its digits in this layout (normlab.convert to='normlab')."
    )
    needs = ("batches",)
    references = ("docs/checks.md",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            error = 0.0 if layer.seen is None else layer.seen.layout_error
            if error > LIMIT:
                says = "In channels_last the layer loses digits that the usual layout keeps."
                yield self.finding(layer, "warning", error, LIMIT, says)

    def sick(self) -> Example:
        return _example(1000.0)

    def healthy(self) -> Example:
        return _example(1.0)


def _example(mean: float) -> Example:
    x = torch.randn(4, 8, 12, 12, generator=torch.Generator().manual_seed(0)) + mean
    return Example(nn.GroupNorm(2, 8), [x.contiguous(memory_format=torch.channels_last)])
