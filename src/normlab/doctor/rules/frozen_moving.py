"""NRM503: layers whose parameters are frozen and whose statistics move."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule


class FrozenMoving(Rule):
    code = "NRM503"
    name = "frozen-but-moving"
    what = (
        "Finds batch norms in training mode whose weight and bias need no gradient; with batches it measures "
        "how far one forward pass moves their statistics."
    )
    why = (
        "requires_grad=False stops the optimizer from changing the parameters, but forward() still "
        "changes the statistics. In fine-tuning, the part that should stay fixed normalises by the "
        "batch and drifts away from its checkpoint."
    )
    statistic = (
        "median over channels of |change of the running mean| / sqrt(variance), in one forward pass"
    )
    threshold = "Any change at all."
    fix = "freeze"
    safety = "unsafe"
    effect = (
        "The layer uses its stored statistics in training too, and train() does not change that."
    )
    needs = ("model", "training")
    references = (
        "https://github.com/pytorch/pytorch/issues/86590",
        "https://github.com/pytorch/pytorch/issues/66073",
        "https://github.com/Lightning-AI/pytorch-lightning/issues/13902",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            if not held(layer):
                continue
            moved = None if case.observed is None else case.observed.moved.get(layer.name)
            if moved is not None or case.observed is None:
                says = "Its parameters are frozen, but every forward pass in training changes its statistics."
                yield self.finding(layer, "error", moved, 0.0, says)

    def sick(self) -> Example:
        return Example(_example())

    def healthy(self) -> Example:
        model = _example()
        model[0].eval()
        return Example(model)


def held(layer: Layer) -> bool:
    """Whether it trains its statistics and none of its parameters."""
    own = [p for p in (layer.weight, layer.bias) if isinstance(p, nn.Parameter)]
    frozen = bool(own) and not any(p.requires_grad for p in own)
    still = layer.found is not None and layer.found.frozen
    tracks = layer.tracks and getattr(layer.module, "track_running_stats", True)
    moves = getattr(layer.module, "momentum", None) != 0
    return bool(
        frozen and layer.module and layer.module.training and tracks and moves and not still
    )


def _example() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    for parameter in model[0].parameters():
        parameter.requires_grad_(False)
    return model.train()
