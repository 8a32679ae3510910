"""NRM201: batches too small to estimate a mean and variance from."""

from collections.abc import Iterator
from statistics import median

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding, Severity
from normlab.doctor.rule import Example, Rule
from normlab.doctor.seen import Seen

FEW, TOO_FEW = 32.0, 8.0
_ALONE = "Expected more than 1 value per channel"


class SmallBatches(Rule):
    code = "NRM201"
    name = "batch-too-small"
    what = (
        "Estimates how many independent values of a channel a batch holds; pixels of one sample are "
        "alike and count as fewer. It also finds a batch with a single value per channel, which stops"
        " training with an error."
    )
    why = (
        "In training every sample is normalised by the other samples of its batch. With few values "
        "the variance is uncertain (its relative deviation is 0.54 for 8 values, 0.25 for 32), and "
        "eval(), which uses averages over many batches, computes something else than training did."
    )
    statistic = (
        "samples in a batch x data variance / variance of sample means, median over channels"
    )
    threshold = (
        "Below 32 is a warning, below 8 an error. If the model is in eval(), it is one level less, "
        "since it may not be trained with the batches given. Digits in batches of 16, 32 and 64 give "
        "15.8, 35 and 64."
    )
    effect = (
        "Larger batches, SyncBatchNorm over processes, group norm (fix: convert), frozen statistics "
        "(fix: freeze), or drop_last for a last short batch make training and eval() agree."
    )
    fix = "convert"
    safety = "unsafe"
    needs = ("batches",)
    references = (
        "arXiv:1803.08494 (Wu & He 2018)",
        "https://github.com/open-mmlab/mmdetection/issues/2319",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        assert case.observed is not None
        alone = sum(n for said, n in case.observed.failures.items() if _ALONE in said)
        if alone:
            says = "A batch leaves a channel a single value: training stops there with an error."
            more = {"statistic": "batches with one value per channel", "fix": "", "safety": None}
            more["effect"] = "Drop the last short batch (drop_last=True), or give larger batches."
            yield self.finding(
                None, "error" if case.training else "warning", float(alone), 0.0, says, **more
            )
        for layer in case.layers:
            number = independent(layer) if trains(layer) else None
            if number is not None and number < FEW:
                yield self.finding(layer, _severity(number, case), number, FEW, _SAYS)

    def sick(self) -> Example:
        return _example(4)

    def healthy(self) -> Example:
        return _example(64)


_SAYS = (
    "A batch holds too few values to estimate the mean and variance: training and eval() differ."
)


def _severity(number: float, case: Case) -> Severity:
    if number < TOO_FEW:
        return "error" if case.training else "warning"
    return "warning" if case.training else "remark"


def trains(layer: Layer) -> bool:
    """Whether it would normalise by the batch in training."""
    return layer.by_batch and layer.module is not None


def independent(layer: Layer) -> float | None:
    """Independent values of a channel in a batch, the median over channels; None where unknown."""
    seen = layer.seen
    if seen is None or not seen.sizes or seen.pooled.count < 2:
        return None
    size = median(seen.sizes)
    means = torch.cat(seen.sample_means).cpu()
    if len(means) < 16:  # too few to say how samples differ: as if all places of one were the same
        return float(size)
    return min(float(size) * _each(seen, means), float(seen.values[1]))


def _each(seen: Seen, means: torch.Tensor) -> float:
    """Independent values in one sample, at least 1."""
    var = seen.pooled.var().cpu().flatten()
    spread = means.var(0)
    var = var[:: -(-len(var) // len(spread))]
    alive = (spread > 0) & (var > 0)
    return max(1.0, float((var[alive] / spread[alive]).median())) if bool(alive.any()) else 1.0


def _example(size: int) -> Example:
    generator = torch.Generator().manual_seed(0)
    batches = [torch.randn(size, 4, generator=generator) for _ in range(16)]
    return Example(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU()), batches)
