"""NRM304: an eps that no framework uses, where it matters."""

from collections.abc import Iterator

import torch
from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding
from normlab.doctor.rule import Example, Rule

USUAL = (
    1e-3,
    1e-4,
    1e-5,
    1e-6,
    2e-5,
    1.001e-5,
    1.1e-5,
)  # torch, Keras, TensorFlow, Flax, MXNet, Caffe
MATTERS = 0.05


class EpsConvention(Rule):
    code = "NRM304"
    name = "eps-unusual"
    what = (
        "Finds batch norms whose eps is not a default of any framework, or differs from most of the "
        "model, where 10 times the eps would change the output."
    )
    why = (
        "Weights from another framework were trained with its eps: 1e-3 in Keras and TensorFlow, 1e-5"
        " in torch. Where variances are small, eps sets the scale, and a wrong eps changes "
        "predictions."
    )
    statistic = "median over channels of the change of the layer's output for eps x 10"
    threshold = (
        "5 %, for an eps that is unusual or differs from most of the model. Below that nothing is "
        "reported."
    )
    fix = "restore_eps"
    safety = "unsafe"
    effect = (
        "With the eps that the weights were trained with, the outputs are those of the original "
        "model."
    )
    needs = ("model",)
    references = (
        "https://github.com/huggingface/transformers/issues/19454",
        "https://github.com/Cadene/pretrained-models.pytorch/issues/44",
    )

    def look(self, case: Case) -> Iterator[Finding]:
        layers = [layer for layer in case.sound if layer.module is not None]
        every = [layer.eps for layer in layers]
        most = max(every, key=every.count, default=0.0)
        for layer in layers:
            change, alone = sensitivity(layer), 2 * every.count(layer.eps) < len(every)
            strange = not any(abs(layer.eps - one) < 1e-3 * one for one in USUAL)
            if change > MATTERS and (strange or (alone and layer.eps != most)):
                says = f"eps is {layer.eps:g}" + (", which no framework uses." if strange else
                       f", while most of the model has {most:g}.")  # fmt: skip
                yield self.finding(
                    layer, "warning", change, MATTERS, f"{says} It sets part of the scale."
                )

    def sick(self) -> Example:
        return _example(0.1)

    def healthy(self) -> Example:
        return _example(1e-3)


def sensitivity(layer: Layer, factor: float = 10.0) -> float:
    """The median over channels of |sqrt((v + eps) / (v + factor eps)) - 1|."""
    _, var = layer.statistics()
    ratio = (var + layer.eps) / (var + factor * layer.eps)
    return float((ratio.nan_to_num(1.0).sqrt() - 1).abs().median()) if len(var) else 0.0


def _example(eps: float) -> Example:
    model = nn.BatchNorm1d(3, eps=eps).eval()
    with torch.no_grad():
        assert model.running_var is not None
        model.running_var.fill_(0.5)
    return Example(model)
