"""NRM404: dropout before a batch norm."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from normlab.doctor.case import Case, Layer
from normlab.doctor.drift import drift
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

LIMIT = 1.1
FITS = 0.5  # of ln ratio: nearer to the variance without dropout than to that with it


class DropoutBeforeNorm(Rule):
    code = "NRM404"
    name = "dropout-before-batch-norm"
    what = (
        "Runs the batches with dropout on and with dropout off, everything else in eval(), and compares the "
        "variance of each batch norm's input."
    )
    why = (
        "Dropout raises the variance in training but not in eval(). With mean m, variance v and drop "
        "probability p, the variance is (v + p m^2) / (v (1 - p)) times as large. The running "
        "variance is the one of training, so in eval() the output of the layer is too small."
    )
    statistic = "median over channels of variance with dropout / variance without"
    threshold = "1.1: the output of the layer in eval() is then 5 % too small."
    fix = "move_dropout"
    safety = "unsafe"
    effect = (
        "move_dropout moves dropout behind the last batch norm. Statistics computed with dropout off "
        "(fix: recalibrate) also help."
    )
    needs = ("batches",)
    references = ("arXiv:1801.05134 (Li et al. 2018)",)

    def why_not(self, case: Case) -> str:
        missing = super().why_not(case)
        return missing or ("" if dropouts(case) else "the model holds no dropout")

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.sound:
            ratio = raised(layer)
            if ratio is None or ratio <= LIMIT or not layer.by_batch:
                continue
            own, severity = drift(layer, layer.seen), "warning"
            says = "The running variance was measured with dropout on; in eval() the output is too small."
            if own is not None and fitted(layer):
                says = (
                    "The statistics fit eval(), not training: they will drift if training goes on."
                )
                severity = "remark"
            yield self.finding(layer, severity, ratio, LIMIT, says + _predicted(case, layer))

    def sick(self) -> Example:
        return _example(nn.Dropout(0.5), nn.BatchNorm1d(6))

    def healthy(self) -> Example:
        return _example(nn.BatchNorm1d(6), nn.Dropout(0.5))


def dropouts(case: Case) -> list[nn.Module]:
    assert case.model is not None
    return [part for part in case.model.modules() if isinstance(part, _DropoutNd) and part.p > 0]


def raised(layer: Layer) -> float | None:
    """How many times as large the variance is with dropout on; None where it was not seen."""
    on, off = layer.seen_dropout, layer.seen
    if on is None or off is None or on.pooled.count < 2 or off.pooled.count < 2:
        return None
    alive = off.pooled.var() > layer.eps
    ratio = (on.pooled.var() + layer.eps) / (off.pooled.var() + layer.eps)
    return float(ratio[alive].median()) if bool(alive.any()) else None


def fitted(layer: Layer) -> bool:
    """Whether the running variance is nearer to that without dropout than to that with it."""
    assert layer.seen is not None
    assert layer.seen_dropout is not None
    _, var = layer.statistics()
    off, on = (s.pooled.var().cpu() + layer.eps for s in (layer.seen, layer.seen_dropout))
    place = ((var.cpu() + layer.eps).log() - off.log()) / (on.log() - off.log())
    return float(place[off > 2 * layer.eps].nanmedian()) < FITS


def _predicted(case: Case, layer: Layer) -> str:
    """What the formula says, where a dropout feeds the layer directly."""
    if case.graph is None or layer.module is None or layer.seen is None:
        return ""
    first = next((node.module for node in case.graph.feeders(layer.module)), None)
    if not isinstance(first, _DropoutNd):
        return ""
    p, mean, var = first.p, layer.seen.pooled.mean, layer.seen.pooled.var()
    ratio = ((var + p * mean.square()) / (var * (1 - p))).median().item() if p < 1 else float("inf")
    return f" For p = {p:g} the formula predicts a ratio of {ratio:.3g}."


def _example(*layers: nn.Module) -> Example:
    generator = torch.Generator().manual_seed(0)
    x = [1 + torch.randn(64, 6, generator=generator) for _ in range(20)]
    model = nn.Sequential(*layers)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for part in x:
            model(part)
    return Example(model.eval(), x)
