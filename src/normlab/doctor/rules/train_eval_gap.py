"""NRM104: one layer's statistics account for a difference between eval() and the data."""

from collections.abc import Iterator

from normlab.doctor.case import Case
from normlab.doctor.drift import drift
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.stale_statistics import least, trained_norm, watched

LIMIT = 0.3
Z = 0.15


class TrainEvalGap(Rule):
    code = "NRM104"
    name = "train-eval-gap"
    what = (
        "Gives one layer at a time the statistics of the data, leaves all others as they are, and "
        "measures how far the output moves. It reports the layer that moves the output most, and also"
        " the layers with the largest z and r of NRM101."
    )
    why = (
        "A model that is good in train() and bad in eval() often has one layer that causes the "
        "difference. The difference is seen at the output, and the layers after the faulty one look "
        "just as bad."
    )
    statistic = "|output with this layer's statistics from the data - output| / |output|, on the first batch"
    threshold = (
        "0.3, for a layer whose own z is above 0.15 in both passes. Healthy networks of the "
        "calibration set stay below 0.1. The limit is a judgement."
    )
    fix = "recalibrate"
    safety = "unsafe"
    effect = "The output in eval() moves by about the measured amount."
    needs = ("batches",)
    references = ("https://github.com/pytorch/pytorch/issues/5406",)

    def look(self, case: Case) -> Iterator[Finding]:
        assert case.observed is not None
        changes = case.observed.changes
        known = {layer.name: layer for layer in watched(case) if layer.name in changes}
        off = {
            n: both
            for n, one in known.items()
            if (both := least(one)) and both.z > Z + 4 * both.noise
        }
        worst = max(off, key=lambda name: changes[name], default="")
        if worst and changes[worst] > LIMIT:
            yield self.finding(
                known[worst],
                "error" if changes[worst] > 1 else "warning",
                changes[worst],
                LIMIT,
                f"New statistics in this layer alone move the output by {changes[worst]:.0%} of its size; "
                f"{_largest(known)}.",
            )

    def sick(self) -> Example:
        model, x = trained_norm()
        return Example(model, [3.0 * part + 5.0 for part in x])

    def healthy(self) -> Example:
        return Example(*trained_norm())


def _largest(known: dict) -> str:
    """Which layer has the largest z, and which the largest r, in eval()."""
    drifts = {name: one for name, layer in known.items() if (one := drift(layer, layer.seen))}
    z = max(drifts, key=lambda name: drifts[name].z)
    r = max(drifts, key=lambda name: drifts[name].r)
    return f"the largest z in eval() is {drifts[z].z:.2g} at {z}, the largest r {drifts[r].r:.2g} at {r}"
