"""NRM303: a momentum that was meant in another framework's sense."""

from collections.abc import Iterator

from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

LARGE = 0.5


class MomentumConvention(Rule):
    code = "NRM303"
    name = "momentum-other-sense"
    what = "Finds batch norms whose momentum is 0.5 or more, or 0 in a layer that is being trained."
    why = (
        "In torch, momentum is the share of the new batch. In Keras, Flax and TensorFlow it is the "
        "share of the old value: their 0.99 is torch's 0.01. If the number is copied unchanged, the "
        "running statistics are those of the last batch or two. With 0 they never change."
    )
    statistic = "momentum"
    threshold = (
        "0.5: the statistics then forget half of their old value in every batch. A momentum of 0 is "
        "reported only while the layer trains: converted networks that are only used often have it."
    )
    fix = "restore_momentum"
    safety = "unsafe"
    effect = (
        "With 1 - momentum the statistics average over as many batches as intended. If batches are "
        "given, they are computed anew."
    )
    needs = ("model",)
    references = (
        "https://github.com/pytorch/vision/issues/8250",
        "https://github.com/Cadene/pretrained-models.pytorch/issues/5",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        for layer in case.layers:
            share = momentum(layer)
            if share is None:
                continue
            if share >= LARGE:
                yield self.finding(layer, "warning", share, LARGE, _SAYS)
            elif share == 0 and learns(layer):
                says = "The layer trains, and its running statistics never change."
                effect = "Set a momentum above 0, such as 0.1."
                more = {"fix": "", "safety": None, "effect": effect}
                yield self.finding(layer, "warning", share, 0.0, says, **more)

    def sick(self) -> Example:
        return Example(nn.BatchNorm2d(3, momentum=0.99).eval())

    def healthy(self) -> Example:
        return Example(nn.BatchNorm2d(3, momentum=0.01).eval())


_SAYS = "The running statistics are nearly those of the last batch."


def momentum(layer: Layer) -> float | None:
    """The share of a new batch, of layers that keep running statistics and update them; else None."""
    frozen = layer.found is not None and layer.found.frozen
    if frozen or not layer.tracks or layer.module is None:
        return None
    value = getattr(layer.module, "momentum", None)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def learns(layer: Layer) -> bool:
    """Whether it is in training mode and has parameters that are trained."""
    assert layer.module is not None
    return layer.module.training and any(p.requires_grad for p in layer.module.parameters())
