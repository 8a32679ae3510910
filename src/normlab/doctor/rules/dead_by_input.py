"""NRM306: channels whose input is constant."""

from collections.abc import Iterator

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.dominated import dominated, example, share


class DeadByInput(Rule):
    code = "NRM306"
    name = "dead-by-input"
    what = (
        "Finds channels whose running variance is 0, or so small that float32 holds it as a subnormal "
        "number, and that do not vary in the batches given either."
    )
    why = (
        "A filter before these channels has died. Their output is constant. If their input ever "
        "varied, it would be multiplied by 1 / sqrt(eps), a factor of hundreds."
    )
    statistic = "share of the layer's channels"
    threshold = (
        "None: every such channel is counted. It is a warning if half of a layer's channels or more "
        "are dead."
    )
    fix = "prune"
    safety = "safe"
    effect = "The constant is folded into the next layer, and the channel is removed."
    references = ("https://github.com/pytorch/vision/issues/648",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.tracking:
            kinds = dominated(layer)
            if kinds is not None and bool(kinds.by_input.any()):
                part = share(kinds.by_input)
                yield self.finding(layer, "warning" if part >= 0.5 else "remark", part, None, _SAYS)

    def sick(self) -> Example:
        return example(0.0, 1.0)

    def healthy(self) -> Example:
        return example(0.1, 1.0)


_SAYS = "The input of these channels is constant, so their output is too."
