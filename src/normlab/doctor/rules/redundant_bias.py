"""NRM401: a bias that a norm takes away at once."""

from collections.abc import Iterator

from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.neighbours import feeding, graph_missing


class RedundantBias(Rule):
    code = "NRM401"
    name = "redundant-bias"
    what = (
        "Finds convolutions and linear layers with a bias whose output goes into a batch or instance norm "
        "and nowhere else, with nothing in between."
    )
    why = (
        "The norm subtracts the mean of each channel and with it the bias. In training the bias has "
        "no effect and its gradient is 0; in eval() the running mean cancels it. It only costs memory"
        " and time."
    )
    statistic = "biases that have no effect"
    threshold = (
        "None: the graph of the model decides, not the order of its modules. A convolution is not "
        "counted if an activation follows it, if it is used twice, or if other code reads its bias."
    )
    fix = "drop_bias"
    safety = "safe"
    effect = "The bias is merged into the running mean; outputs stay as they are."
    needs = ("model",)
    references = ("https://github.com/milesial/Pytorch-UNet/issues/325",)

    def why_not(self, case: Case) -> str:
        return super().why_not(case) or graph_missing(case)

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            takes_mean = layer.row in ("batch", "instance") and not getattr(
                layer.found, "frozen", False
            )
            source = feeding(case, layer) if takes_mean else None
            bias = getattr(source, "bias", None)
            if bias is not None:
                yield self.finding(layer, "remark", float(bias.numel()), None, _SAYS)

    def sick(self) -> Example:
        return Example(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))

    def healthy(self) -> Example:
        return Example(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)))


_SAYS = "The bias of the layer before has no effect: this layer subtracts it."
