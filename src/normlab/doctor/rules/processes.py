"""NRM505: several processes, each normalising by its own part of the batch."""

from collections.abc import Iterator

from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.small_batches import FEW, independent, trains


class Processes(Rule):
    code = "NRM505"
    name = "processes-without-sync"
    what = (
        "Finds batch norms that do not share their statistics, in a DistributedDataParallel model of "
        "several processes."
    )
    why = (
        "Each process normalises by its own share of the batch. The running statistics are those of process "
        "0, or differ from process to process where buffers are not broadcast."
    )
    statistic = "independent values of a channel in the batch of one process (see NRM201)"
    threshold = "32. Above it, or without batches, it is a remark."
    fix = "convert"
    safety = "unsafe"
    effect = (
        "SyncBatchNorm, or a normlab layer with a process group, normalises by the batch of all "
        "processes."
    )
    needs = ("model",)
    references = ("https://github.com/huggingface/pytorch-image-models/issues/110",)

    def why_not(self, case: Case) -> str:
        missing = super().why_not(case)
        return missing or (
            "" if case.processes > 1 else "the model is not on several processes (DDP)"
        )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if trains(layer) and not synchronises(layer.module):
                number = independent(layer)
                few = number is not None and number < FEW
                says = f"Each of {case.processes} processes normalises only by its own part of the batch."
                yield self.finding(layer, "warning" if few else "remark", number, FEW, says)

    def sick(self) -> Example:
        return Example(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), processes=2)

    def healthy(self) -> Example:
        return Example(nn.Sequential(nn.Linear(4, 4), nn.SyncBatchNorm(4)), processes=2)


def synchronises(module: nn.Module | None) -> bool:
    return (
        isinstance(module, nn.SyncBatchNorm) or getattr(module, "process_group", None) is not None
    )
