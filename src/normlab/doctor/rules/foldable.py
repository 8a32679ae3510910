"""NRM402: batch norms that could be folded into the layer before them."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, usable
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.neighbours import feeding, graph_missing


class Foldable(Rule):
    code = "NRM402"
    name = "foldable"
    what = (
        "Finds, in a model that is in eval(), batch norms whose input comes directly from a "
        "convolution or linear layer that feeds nothing else."
    )
    why = (
        "In eval() such a norm multiplies and adds constants, which the weights and bias before it "
        "can hold. Folding saves a pass over the activations, but the folded model can no longer be "
        "trained as before."
    )
    statistic = "parameters and statistics saved"
    threshold = "None: the graph of the model decides. A layer that is used twice is never folded."
    fix = "fold"
    safety = "safe"
    effect = "The same outputs within rounding, with fewer passes over the activations."
    needs = ("model",)
    references = ("https://github.com/pytorch/pytorch/issues/104593",)

    def why_not(self, case: Case) -> str:
        missing = super().why_not(case)
        if not missing and case.training:
            return "the model is in training, where batch norms cannot be folded; call eval() first"
        return missing or graph_missing(case)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.tracking:
            assert layer.mean is not None
            if usable(layer) and feeding(case, layer) is not None:
                saved = layer.mean.numel() * (2 if layer.weight is None else 4)
                yield self.finding(layer, "remark", float(saved), None, _SAYS)

    def sick(self) -> Example:
        return Example(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval())

    def healthy(self) -> Example:
        return Example(_Used().eval())


_SAYS = "In eval() the layer costs a pass over the activations that folding would save."


class _Used(nn.Module):
    """The output of the convolution goes two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        return y + self.norm(y)
