"""NRM308: means and variances over so few values that little is left of the input."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

FEW = 4
_ROWS = ("layer", "instance", "group", "rms", "l2", "positional", "positional_rms", "positional_l2")


class DegenerateGroup(Rule):
    code = "NRM308"
    name = "too-few-values"
    what = (
        "Counts the values from which layer, group, instance, RMS and L2 norms compute each "
        "statistic."
    )
    why = (
        "With one value, a norm that subtracts the mean outputs its bias, whatever the input is, "
        "without a message. With two values its outputs are +1 and -1: only their order is kept."
    )
    statistic = "values in one statistic"
    threshold = "4 for a warning; 1 is an error for norms that subtract the mean."
    effect = "Use fewer groups, or normalise over more dimensions."
    needs = ("model",)
    references = ("arXiv:1803.08494 (Wu & He 2018)",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            number = values(layer)
            if number is None or number >= FEW:
                continue
            one = number == 1
            dead = one and layer.found is not None and layer.found.row.center
            says = (
                _ONE
                if dead
                else _SIGN
                if one
                else f"Of {number} values hardly more than the order is left."
            )
            yield self.finding(
                layer, "error" if dead else "warning", float(number), float(FEW), says
            )

    def sick(self) -> Example:
        return Example(nn.GroupNorm(6, 6), [torch.randn(8, 6)])

    def healthy(self) -> Example:
        return Example(nn.GroupNorm(1, 6), [torch.randn(8, 6)])


_ONE = "The output is the bias, whatever comes in."
_SIGN = "The output is the sign of the input."


def values(layer: Layer) -> int | None:
    """How many values a statistic is taken over; None where it is not known, or depends on the batch."""
    found = layer.found
    if found is None or found.row.name not in _ROWS or layer.tracks:
        return None
    shape = found.settings.get("normalized_shape")
    if shape is not None:
        return math.prod(shape) if isinstance(shape, tuple | list | torch.Size) else int(shape)
    if layer.seen is None or len(layer.seen.shape) < 2:
        return None
    _, channels, *places = layer.seen.shape
    if found.row.name == "group":
        channels //= found.settings["num_groups"]
    return {"instance": math.prod(places)}.get(found.row.name, channels * (
        1 if found.row.name.startswith("positional") else math.prod(places)))  # fmt: skip
