"""NRM203: one layer that normalises two different inputs."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule
from normlab.doctor.rules.small_batches import trains
from normlab.moments import Moments

Z, R = 0.5, 1.0


class SharedLayer(Rule):
    code = "NRM203"
    name = "layer-shared-over-domains"
    what = (
        "Finds batch norms that a forward pass calls more than once, on inputs that are distributed "
        "differently."
    )
    why = (
        "In training each call is normalised by its own mean and variance, while the running statistics are "
        "a mixture of all calls. In eval() none of the inputs is normalised as it was in training."
    )
    statistic = "median over channels of |mean of one call - mean of another| / std within calls"
    threshold = (
        "0.5 for means, 1 for |ln| of the ratio of variances. Both are judgements, chosen above the "
        "limits of NRM101."
    )
    effect = (
        "Give each input a batch norm of its own, or use a norm that needs no running statistics."
    )
    needs = ("batches",)
    references = (
        "arXiv:1906.03950 (Chang et al. 2019, domain-specific batch normalisation)",
        "https://github.com/soumith/ganhacks/issues/52",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            parts = calls(layer)
            if len(parts) < 2 or not layer.tracks:
                continue
            z, r = (max(values) for values in zip(*map(apart, parts[:-1], parts[1:]), strict=True))
            if z > Z:
                yield self.finding(layer, "warning", z, Z, _SAYS)
            elif r > R:
                more = {
                    "statistic": "median over channels of |ln(variance of one call / of another)|"
                }
                yield self.finding(layer, "warning", r, R, _SAYS, **more)

    def sick(self) -> Example:
        return Example(_Twice(3.0).eval(), _data())

    def healthy(self) -> Example:
        return Example(_Twice(0.0).eval(), _data())


_SAYS = "One set of statistics is used for inputs that differ; in eval() it fits none of them."


def calls(layer: Layer) -> list[Moments]:
    """What each call of a forward pass has seen, of layers that normalise by the batch."""
    seen = layer.seen_training if trains(layer) else None
    if seen is None:
        return []
    return [one for one in seen.by_call if one.count > 1]


def apart(one: Moments, other: Moments) -> tuple[float, float]:
    """z between two calls, and r."""
    within = ((one.var() + other.var()) / 2).clamp_min(1e-300)
    alive = within > 1e-12
    if not bool(alive.any()):
        return 0.0, 0.0
    z = (one.mean - other.mean).abs() / within.sqrt()
    r = (one.var().clamp_min(1e-300) / other.var().clamp_min(1e-300)).log().abs()
    return float(z[alive].median()), float(r[alive].median())


class _Twice(nn.Module):
    def __init__(self, shift: float):
        super().__init__()
        self.shift, self.norm = shift, nn.BatchNorm1d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) + self.norm(x + self.shift)


def _data() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(64, 3, generator=generator) for _ in range(4)]
