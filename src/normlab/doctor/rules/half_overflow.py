"""NRM301: numbers that half precision cannot hold, before they overflow."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding, Severity
from normlab.doctor.rule import Example, Rule

MOST = torch.finfo(torch.float16).max
NEAR = MOST / 4


class HalfOverflow(Rule):
    code = "NRM301"
    name = "half-overflow"
    what = "Finds layers whose input or running variance comes near the largest number of float16, 65504."
    why = (
        "In .half() a larger variance becomes infinite, and the channel becomes 0 without a message. "
        "Under autocast a larger input becomes infinite, and one such batch makes the running "
        "statistics NaN permanently."
    )
    statistic = "the largest of |input| and running variance"
    threshold = (
        "A quarter of 65504 is a remark, 65504 a warning; it is an error if the layer itself computes"
        " in float16. bfloat16 has the range of float32 and is not affected."
    )
    effect = (
        "Keep batch norms and what feeds them in float32 (autocast off around them), scale the input "
        "down, or use bfloat16."
    )
    references = (
        "https://github.com/pytorch/pytorch/issues/115500",
        "https://github.com/apple/coreai-torch/issues/54",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            peak = largest(layer)
            if peak > NEAR:
                says = _OVER if peak > MOST else _NEARLY
                yield self.finding(layer, _severity(layer, peak), peak, NEAR, says)

    def sick(self) -> Example:
        return _example(400.0)

    def healthy(self) -> Example:
        return _example(4.0)


_OVER = "In float16 these numbers are infinite."
_NEARLY = "In float16 these numbers are within a factor of 4 of being infinite."


def largest(layer: Layer) -> float:
    """|x| or the running variance, whichever is larger, as far as they are finite."""
    peak = 0.0 if layer.seen is None else layer.seen.peak
    if layer.tracks:
        _, var = layer.statistics()
        finite = var[var.isfinite()]
        peak = max(peak, float(finite.max()) if len(finite) else 0.0)
    return peak if peak < float("inf") else 0.0


def _severity(layer: Layer, peak: float) -> Severity:
    if peak <= MOST:
        return "remark"
    held = layer.var if layer.var is not None else layer.weight
    seen = None if layer.seen is None else layer.seen.dtype
    return "error" if torch.float16 in (seen, None if held is None else held.dtype) else "warning"


def _example(scale: float) -> Example:
    x = scale * torch.randn(256, 3, generator=torch.Generator().manual_seed(0))
    model = nn.BatchNorm1d(3, momentum=None)
    with torch.no_grad():
        model(x)
    return Example(model.eval(), [x])
