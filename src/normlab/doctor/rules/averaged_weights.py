"""NRM105: averaged weights beside statistics that belong to other weights."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

_NAMES = (
    "AveragedModel",
    "ModelEma",
    "ModelEmaV2",
    "ModelEmaV3",
    "ExponentialMovingAverage",
    "EMA",
)
Z, R = 0.15, 0.4


class AveragedWeights(Rule):
    code = "NRM105"
    name = "averaged-weights"
    what = (
        "Finds models of averaged weights (AveragedModel of torch.optim.swa_utils, timm's ModelEma, ...) "
        "whose batch norms do not hold the statistics that the averaged weights give. Without batches it "
        "says that this was not compared."
    )
    why = (
        "Averaged weights give every layer inputs with another mean and variance than the separate "
        "weights gave while the statistics were tracked. For a plain average (SWA) the difference is "
        "large; for a short exponential average (EMA) it is often small."
    )
    statistic = "median over channels of z (see NRM101)"
    threshold = (
        "z above 0.15 or r above 0.4. This is half of NRM101's limit, because the cause is known "
        "here."
    )
    fix = "recalibrate"
    safety = "unsafe"
    effect = "The statistics become those of the averaged weights."
    needs = ("model", "batches")
    references = (
        "https://github.com/pytorch/ignite/issues/2590",
        "https://github.com/huggingface/pytorch-image-models/issues/106",
    )

    def why_not(self, case: Case) -> str:
        missing = super().why_not(case)
        return missing or ("" if averaged(case) else "no part of the model holds averaged weights")

    def look(self, case: Case) -> Iterator[Finding]:
        from normlab.doctor.rules.stale_statistics import NOISES, least

        apart = averaged(case)
        for layer in case.sound:
            both = least(layer) if layer.module in apart else None
            if both is None:
                continue
            says = "The weights are averages, but the statistics were not computed from the averaged weights."
            if both.z > Z + NOISES * both.noise:
                yield self.finding(layer, "warning", both.z, Z + NOISES * both.noise, says)
            elif both.r > R + NOISES * both.r_noise:
                more = {"statistic": "median over channels of r (see NRM101)"}
                yield self.finding(
                    layer, "warning", both.r, R + NOISES * both.r_noise, says, **more
                )

    def sick(self) -> Example:
        model, x = _averaged()
        return Example(model, x)

    def healthy(self) -> Example:
        model, x = _averaged()
        norm = model.module.get_submodule("1")
        assert isinstance(norm, nn.BatchNorm1d)
        norm.reset_running_stats()
        norm.momentum = None
        with torch.no_grad():
            for part in x:
                model.train()(part)
        return Example(model.eval(), x)


def averaged(case: Case) -> set[nn.Module]:
    """Every module within a model of averaged weights."""
    if case.model is None:
        return set()
    holders = (part for part in case.model.modules() if type(part).__name__ in _NAMES)
    return {part for holder in holders for part in holder.modules()}


def _averaged() -> tuple[AveragedModel, list[torch.Tensor]]:
    """Two networks far apart, and the average of their weights."""
    from normlab.doctor.rules.stale_statistics import trained_norm

    one, x = trained_norm()
    two, _ = trained_norm()
    whole = AveragedModel(one)
    with torch.no_grad():
        weight, bias = two.get_submodule("0").parameters()
        weight.neg_().add_(0.2)
        bias.add_(4.0)
    whole.update_parameters(one)
    whole.update_parameters(two)
    return whole.eval(), x
