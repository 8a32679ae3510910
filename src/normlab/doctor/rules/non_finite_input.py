"""NRM310: a layer whose input holds NaN or infinity."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class NonFiniteInput(Rule):
    code = "NRM310"
    name = "input-not-finite"
    what = "Finds the first layer whose input holds NaN or infinity on the batches given."
    why = (
        "One such value makes the mean and variance of its channel NaN: in training for the whole "
        "batch and, through the running statistics, for everything that follows."
    )
    statistic = "batches with NaN or infinity at the layer"
    threshold = "0."
    effect = "Look for the cause in the data, or in the layers between this one and the one before."
    needs = ("batches",)
    references = ("https://github.com/pytorch/pytorch/issues/88474",)

    def look(self, case: Case) -> Iterator[Finding]:
        assert case.observed is not None
        by_name = {layer.name: layer for layer in case.layers}
        for name in case.observed.order:
            seen = by_name[name].seen
            if seen is not None and seen.bad:
                from_data = case.observed.bad_inputs
                says = (
                    "The batches themselves hold such values." if from_data
                    else "The batches are finite: the values arise in the model, before this layer."
                )  # fmt: skip
                yield self.finding(by_name[name], "error", float(seen.bad), 0.0, says)
                return

    def sick(self) -> Example:
        return Example(nn.BatchNorm1d(2), [torch.tensor([[1.0, 2.0], [float("nan"), 0.0]])])

    def healthy(self) -> Example:
        return Example(nn.BatchNorm1d(2), [torch.tensor([[1.0, 2.0], [3.0, 0.0]])])
