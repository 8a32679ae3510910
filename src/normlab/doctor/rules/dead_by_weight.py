"""NRM305: channels that their own weight makes constant."""

from collections.abc import Iterator

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.dominated import dominated, example, share


class DeadByWeight(Rule):
    code = "NRM305"
    name = "dead-by-weight"
    what = "Finds channels whose running variance is below eps and whose weight is below 0.001 in size."
    why = (
        "Their output is the bias, whatever the input is. The predictions are not wrong, but the "
        "channel and the layers that compute it do useless work."
    )
    statistic = "share of the layer's channels"
    threshold = (
        "None: every such channel is counted. A weight of 0 with a variance that is not small is not "
        "counted: residual branches start that way."
    )
    fix = "prune"
    safety = "safe"
    effect = "The constant is folded into the next layer, and the channel is removed."
    references = ("https://github.com/pytorch/vision/issues/648",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.tracking:
            kinds = dominated(layer)
            if kinds is not None and bool(kinds.by_weight.any()):
                yield self.finding(layer, "remark", share(kinds.by_weight), None, _SAYS)

    def sick(self) -> Example:
        return example(1e-9, 1e-5)

    def healthy(self) -> Example:
        return example(1e-9, 1.0)


_SAYS = "The output of these channels is their bias: their weight is almost 0."
