"""NRM307: channels whose scale is set by eps."""

from collections.abc import Iterator

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.dominated import dominated, example, share


class EpsSetsGain(Rule):
    code = "NRM307"
    name = "eps-sets-gain"
    what = (
        "Finds channels whose running variance is below eps, but whose input varies and whose weight is "
        "not small."
    )
    why = (
        "They are not dead: their factor is weight / sqrt(eps), and the network was trained with it. "
        "A conversion that changes eps, or a clean-up that resets it, changes predictions."
    )
    statistic = "share of the layer's channels"
    threshold = "None: every such channel is counted."
    effect = "Leave eps as it is, and keep it when the weights are moved to another model."
    references = ("https://github.com/pytorch/vision/issues/648",)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.tracking:
            kinds = dominated(layer)
            if kinds is not None and bool(kinds.sets_gain.any()):
                yield self.finding(layer, "remark", share(kinds.sets_gain), None, _SAYS)

    def sick(self) -> Example:
        return example(1e-6, 1.0)

    def healthy(self) -> Example:
        return example(1e-2, 1.0)


_SAYS = "eps sets the scale of these channels; another eps would change predictions."
