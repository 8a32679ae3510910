"""NRM501: weight decay on the weights and biases of norms."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class WeightDecay(Rule):
    code = "NRM501"
    name = "weight-decay-on-norms"
    what = "Finds weights and biases of norms to which the optimizer applies weight decay."
    why = (
        "For the weights before a norm, decay only limits their size, which the norm makes "
        "irrelevant. But the norm's own weight is a scale that the network needs: decay pulls it "
        "towards 0 whatever the data say. Many training recipes exclude norms and all biases from "
        "decay."
    )
    statistic = "weight_decay of the optimizer's group"
    threshold = "0. It is a remark: networks train either way."
    effect = "Put the parameters of norms into a group of their own with weight_decay=0."
    needs = ("model", "optimizer")
    references = (
        "https://github.com/pytorch/pytorch/issues/1402",
        "arXiv:1812.01187 (He et al. 2018)",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        decay = {
            id(p): float(group.get("weight_decay", 0.0) or 0.0)
            for group in case.optimizer.param_groups
            for p in group["params"]
        }
        for layer in case.layers:
            own = [p for p in (layer.weight, layer.bias) if p is not None and p.requires_grad]
            most = max((decay.get(id(p), 0.0) for p in own), default=0.0)
            if most > 0:
                yield self.finding(
                    layer, "remark", most, None, "Decay pulls the scale of the layer to 0."
                )

    def sick(self) -> Example:
        model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        return Example(model, None, torch.optim.SGD(model.parameters(), 0.1, weight_decay=1e-4))

    def healthy(self) -> Example:
        model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        groups = [
            {"params": list(model[0].parameters()), "weight_decay": 1e-4},
            {"params": list(model[1].parameters()), "weight_decay": 0.0},
        ]
        return Example(model, None, torch.optim.SGD(groups, 0.1))
