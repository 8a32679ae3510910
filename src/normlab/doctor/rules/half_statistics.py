"""NRM302: running statistics that are kept in half precision."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.dtypes import HALF


class HalfStatistics(Rule):
    code = "NRM302"
    name = "statistics-in-half"
    what = "Finds running statistics that are kept in float16 or bfloat16."
    why = (
        "In training, each update adds a small share of the batch's statistics to the old value. With"
        " 3 or 4 digits small changes are rounded away, and the statistics never reach those of the "
        "data. float16 also overflows at 65504."
    )
    statistic = "bits of the fraction of the running variance"
    threshold = "23, which is float32: torch itself keeps statistics in float32 under autocast."
    effect = "Call .float() on the batch norms before training goes on, and let autocast choose the rest."
    references = ("https://github.com/pytorch/pytorch/issues/90342",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if layer.var is not None and layer.var.dtype in HALF:
                bits = 10.0 if layer.var.dtype == torch.float16 else 7.0
                severity = "warning" if case.training else "remark"
                yield self.finding(layer, severity, bits, 23.0, _SAYS)

    def sick(self) -> Example:
        return Example(nn.BatchNorm2d(3).half())

    def healthy(self) -> Example:
        return Example(nn.BatchNorm2d(3))


_SAYS = "Small updates of the statistics are rounded away in training."
