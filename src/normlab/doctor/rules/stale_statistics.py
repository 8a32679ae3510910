"""NRM101: running statistics that are not those of the data."""

from collections.abc import Iterator
from statistics import median

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.drift import Drift, drift
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.averaged_weights import averaged
from normlab.doctor.rules.never_updated import fresh

Z, Z_ERROR, R = 0.3, 1.0, 0.8
NET_Z, NET_R = 0.2, 0.4
NOISES = 4  # standard errors that chance may reach in some layer of a deep network


class StaleStatistics(Rule):
    code = "NRM101"
    name = "statistics-stale"
    what = (
        "Compares the running mean and variance of each batch norm with those of its input over the "
        "batches given: once with the model in eval(), and once with the layers before it normalising"
        " by the batch. A layer is reported if both differ. If only the first differs, the cause may "
        "be an earlier layer; if only the second differs, the cause may be the batches."
    )
    why = (
        "In eval() the layer then centres and scales by numbers that do not belong to its input: "
        "accuracy falls in eval() but not in train(). Usual causes are data scaled differently than "
        "in training, training that ended before the statistics had caught up, and weights that were "
        "changed without the statistics."
    )
    statistic = "median over channels of z = |data mean - running mean| / sqrt(running var + eps)"
    by_r = "median over channels of r = |ln((data var + eps) / (running var + eps))|"
    threshold = (
        "z above 0.3 or r above 0.8 in a layer; z above 1 is an error. As the median over all layers:"
        " z above 0.2 or r above 0.4. A healthy MobileNetV2 on 128 crops of 8 pictures had at most "
        "0.21 and 0.63 in a layer, and 0.09 and 0.19 over all layers; with unscaled input it had 1.0 "
        "and 1.3 over all layers. Each limit is raised by the uncertainty that comes from the number "
        "of samples."
    )
    fix = "recalibrate"
    safety = "unsafe"
    effect = "The output in eval() is then computed with the statistics of these data."
    needs = ("batches",)
    references = (
        "https://github.com/pytorch/pytorch/issues/4741",
        "arXiv:2105.07576 (Wu & Johnson 2021)",
        "arXiv:2006.16971 (Schneider et al. 2020)",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        known = [(layer, both) for layer in watched(case) if (both := least(layer)) is not None]
        named = set()
        for layer, both in known:
            limit = Z + NOISES * both.noise
            if both.z > limit:
                named.add(layer.name)
                severity = "error" if both.z > Z_ERROR + NOISES * both.noise else "warning"
                yield self.finding(layer, severity, both.z, limit, CONSEQUENCE)
            elif both.r > R + NOISES * both.r_noise:
                named.add(layer.name)
                more = {"statistic": self.by_r}
                limit = R + NOISES * both.r_noise
                yield self.finding(layer, "warning", both.r, limit, CONSEQUENCE, **more)
        if known and not named:
            yield from self._whole([both for _, both in known])

    def _whole(self, all_layers: list[Drift]) -> Iterator[Finding]:
        z, r = (median(getattr(one, name) for one in all_layers) for name in ("z", "r"))
        noise = NOISES * max(one.noise for one in all_layers)
        r_noise = NOISES * max(one.r_noise for one in all_layers)
        says = "Every layer is a little off, and together they change the output in eval()."
        if z > NET_Z + noise:
            yield self.finding(None, "warning", z, NET_Z + noise, says)
        elif r > NET_R + r_noise:
            more = {"statistic": self.by_r}
            yield self.finding(None, "warning", r, NET_R + r_noise, says, **more)

    def sick(self) -> Example:
        model, x = trained_norm()
        return Example(model, [3.0 * part + 5.0 for part in x])

    def healthy(self) -> Example:
        return Example(*trained_norm())


CONSEQUENCE = (
    "In eval() the layer normalises by a mean and variance that differ from those of these data."
)


def watched(case: Case) -> list[Layer]:
    """Layers whose statistics are meant to be those of the data: not new ones, not of averaged weights."""
    apart = averaged(case)
    return [one for one in case.sound if not fresh(one) and one.module not in apart]


def least(layer: Layer) -> Drift | None:
    """The smaller z and r of the two passes, and the larger noise; None where nothing is known."""
    both = [one for seen in (layer.seen, layer.seen_training) if (one := drift(layer, seen))]
    if not both:
        return None
    z, r = min(one.z for one in both), min(one.r for one in both)
    return Drift(z, r, max(one.noise for one in both), min(one.samples for one in both))


def trained_norm(batches: int = 40) -> tuple[nn.Module, list[torch.Tensor]]:
    """A linear layer and a batch norm that has seen its data, and those data."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6))
    with torch.no_grad():
        for parameter in model[0].parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        x = [torch.randn(32, 4, generator=generator) for _ in range(batches)]
        for part in x:
            model(part)
    return model.eval(), x
