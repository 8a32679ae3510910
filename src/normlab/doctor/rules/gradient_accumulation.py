"""NRM502: several batches for one step of the optimizer."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

MOST = 64
EXACT = 0.02


class GradientAccumulation(Rule):
    code = "NRM502"
    name = "gradient-accumulation"
    what = (
        "Compares the number of batches that the batch norms have counted with the number of steps "
        "that the optimizer has taken, if it counts them (Adam and its relatives)."
    )
    why = (
        "When gradients are added up over k batches, the gradient is that of a large batch. But every"
        " batch norm still normalises by its own small batch, and its running statistics forget k "
        "times as fast."
    )
    statistic = "num_batches_tracked / steps of the optimizer"
    threshold = (
        "A whole number from 2 to 64, to within 2 %. Other ratios come from checkpoints that were "
        "trained with another optimizer before."
    )
    effect = (
        "momentum = 1 - (1 - momentum)^(1/k) makes the statistics average over as many optimizer "
        "steps as before (k = 8: 0.1 becomes 0.0131). The noise of the small batches stays; only a "
        "norm that does not use the batch removes it."
    )
    needs = ("model", "optimizer")
    references = (
        "https://github.com/pytorch/pytorch/issues/46516",
        "https://github.com/ultralytics/yolov5/issues/1630",
    )

    def why_not(self, case: Case) -> str:
        return super().why_not(case) or (
            "" if steps(case.optimizer) else "the optimizer counts no steps"
        )

    def look(self, case: Case) -> Iterator[Finding]:
        taken = steps(case.optimizer)
        for layer in case.layers:
            calls = 1 if layer.seen is None else max(1, layer.seen.calls)
            ratio = counted(layer) / taken / calls
            whole = round(ratio)
            if 2 <= whole <= MOST and abs(ratio - whole) <= EXACT * whole:
                says = f"The statistics take {whole} batches for each step of the optimizer."
                yield self.finding(layer, "remark", ratio, 2.0, says)

    def sick(self) -> Example:
        return _example(4)

    def healthy(self) -> Example:
        return _example(1)


def steps(optimizer: Any) -> int:
    """The most steps that any parameter has had; 0 where they are not counted."""
    found = (
        int(s["step"]) for s in optimizer.state.values() if isinstance(s, dict) and "step" in s
    )
    return max(found, default=0)


def counted(layer: Layer) -> int:
    value = getattr(layer.module, "num_batches_tracked", None)
    return int(value) if isinstance(value, torch.Tensor) and layer.by_batch else 0


def _example(k: int) -> Example:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    optimizer = torch.optim.Adam(model.parameters())
    for batch in range(24):
        model(torch.randn(8, 3, generator=generator)).square().mean().backward()
        if (batch + 1) % k == 0:
            optimizer.step()
            optimizer.zero_grad()
    return Example(model, None, optimizer)
