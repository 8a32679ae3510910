"""NRM504: track_running_stats set to False on a layer that holds statistics."""

from collections.abc import Iterator

from torch import nn

from normlab.doctor.case import Case
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class TrackingSwitched(Rule):
    code = "NRM504"
    name = "tracking-switched-off"
    what = "Finds batch norms that hold running statistics and have track_running_stats=False."
    why = (
        "If it is set after the layer was made, it does not do what its name says: in eval() torch "
        "still normalises by the stored statistics, in train() by the batch, and the stored "
        "statistics are no longer updated. So train() and eval() differ."
    )
    statistic = "track_running_stats beside stored statistics"
    threshold = "Both at once."
    fix = "freeze"
    safety = "unsafe"
    effect = "The stored statistics are used in training too; to track again, set it to True."
    needs = ("model",)
    references = (
        "https://github.com/Lightning-AI/pytorch-lightning/issues/15063",
        "https://github.com/speediedan/finetuning-scheduler/issues/13",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if layer.tracks and getattr(layer.module, "track_running_stats", True) is False:
                says = (
                    "In train() it normalises by the batch, in eval() by stored statistics that are no "
                    "longer updated."
                )
                yield self.finding(layer, "warning", None, None, says)

    def sick(self) -> Example:
        model = nn.BatchNorm1d(3)
        model.track_running_stats = False
        return Example(model)

    def healthy(self) -> Example:
        return Example(nn.BatchNorm1d(3, track_running_stats=False))
