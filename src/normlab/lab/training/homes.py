"""Where batch norm is at home: a residual network, and a Transformer on padded sequences."""

from collections.abc import Mapping

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dots
from normlab.lab.training.effects import difference, intervals, log10_or_less, points, undone
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.lab.training.rates import at_best
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

RESNET = ("none", "batch", "group")
TRANSFORMER = {  # name → normaliser and options
    "none": ("none", {}),
    "layer, pre": ("layer", {}),
    "layer, post": ("layer", {"order": "post"}),
    "rms, pre": ("rms", {}),
    "batch, mask": ("batch", {"masked": True}),
    "batch, no mask": ("batch", {}),
}
RATES, RATE = (3e-3, 1e-2), 3e-3  # of Adam, for the residual network and the Transformer
_UNFINISHED = (
    "; in a quick run it has hardly begun, and verdicts may differ from those of a full one"
)
Found = Mapping[tuple[str, str], Mapping[str, np.ndarray]]
Accuracy = Mapping[tuple[str, str], np.ndarray]  # one for each seed


def cells(plan: Plan) -> dict[tuple[str, str], Training]:
    norms = plan.norms(*RESNET)
    own = [norm for norm in norms if norm.name not in RESNET]
    found = {("resnet", norm.name): _resnet(plan, norm) for norm in norms}
    for name, (norm, options) in TRANSFORMER.items():
        found["transformer", name] = _transformer(plan, Origin(norm), options)
    known = {norm for norm, _ in TRANSFORMER.values()}
    for norm in own:
        if norm.name not in known:
            found["transformer", norm.name] = _transformer(plan, norm, {})
    return found


def _resnet(plan: Plan, norm: Origin) -> Training:
    steps = plan.choose(200, 40)
    return plan.training(
        network="resnet",
        norm=norm,
        steps=steps,
        marks=(steps,),
        lrs=RATES,
        optimizer="adam",
        seeds=plan.seeds[:6],
        validated=True,
    )


def _transformer(plan: Plan, norm: Origin, options: Mapping[str, object]) -> Training:
    steps = plan.choose(400, 60)
    return plan.training(
        network="transformer",
        options=options,
        norm=norm,
        steps=steps,
        marks=(steps,),
        lrs=(RATE,),
        batch_size=16,
        optimizer="adam",
        standardize=False,
        seeds=plan.seeds[:6],
        probes={"padding": {}},
    )


def measure(study: Study) -> None:
    plan = study.shared.plan
    found = study.shared.of(study)
    seeds = len(plan.seeds[:6])
    accuracy = {
        label: at_best(cell, seeds) if label[0] == "resnet" else cell["test_accuracy"][:, -1]
        for label, cell in found.items()
    }
    for (network, name), cell in found.items():
        mean = accuracy[network, name].mean()
        study.number(f"accuracy.{network}.{name}", mean, "mean test accuracy at its best rate")
        for mode in ("training", "evaluation"):
            if (key := f"padding_{mode}") in cell:
                change = cell[key][:, -1].mean()
                study.number(f"{key}.{name}", change, "largest change by 16 more tokens of padding")
    _judge(study, found, accuracy)
    present(study, _design(study, found), _figure(study, accuracy), _table(found, accuracy))


def _judge(study: Study, found: Found, accuracy: Accuracy) -> None:
    pairs = {
        "resnet": (("resnet", "batch"), ("resnet", "none")),
        "transformer": (("transformer", "batch, mask"), ("transformer", "layer, pre")),
        "also.group": (("resnet", "batch"), ("resnet", "group")),
    }
    words, seeds = {}, len(next(iter(accuracy.values())))
    overlap = study.shared.plan.overlap
    for claim, (first, second) in pairs.items():
        mean, spread = difference(accuracy[first], accuracy[second], overlap)
        words[claim] = points(mean, spread)
        study.claim(claim, mean, spread, words[claim], seeds)
    for claim, name in (("also.padding", "batch, no mask"), ("also.masked", "batch, mask")):
        change = found["transformer", name]["padding_training"][:, -1]
        study.claim(claim, *undone(*mean_and_spread(log10_or_less(change))), "", seeds)
    study.found = (
        f"residual network: batch − none {words['resnet']}; Transformer: batch − layer "
        f"{words['transformer']}"
    )


def _design(study: Study, found: Found) -> str:
    plan = study.shared.plan
    steps = {network: cell["loss"].shape[1] for (network, _), cell in found.items()}
    return (
        f"Residual network: a convolution and three blocks of two, 8 channels; Adam for {steps['resnet']} "
        f"steps in batches of 32, each norm at the better of the rates {RATES[0]:g} and {RATES[1]:g}. "
        f"Transformer: one layer of width 32 with four heads; Adam at {RATE:g} for {steps['transformer']} "
        f"steps in batches of 16. It reads an image as a sequence of its inked pixels (row, column, "
        f"intensity; at least a quarter of the largest intensity, at most 32 of them), padded to one length; "
        f"attention and the mean before the readout leave the padding out, layer and RMS norm take each "
        f"token by itself, and batch norm has a mask of the padding, or none. Norms stand before "
        f"each branch (pre) unless it says post. {plan.words} At most 6 seeds are used. The better rate "
        f"is chosen on an eighth of the training data, which is kept for that. "
        f"{plan.about_splits} So few steps show how fast a network learns"
        f"{_UNFINISHED if plan.quick else ''}."
    )


def _figure(study: Study, accuracy: Accuracy):
    panels = []
    for title, network in (("Residual network", "resnet"), ("Transformer", "transformer")):
        chosen = {name: values for (kind, name), values in accuracy.items() if kind == network}
        names = tuple(name.replace(", ", ",\n") for name in chosen)
        series = intervals(chosen.values())
        panels.append((title, names, {"accuracy": series}))
    return study.figure(
        dots.panels,
        "Test accuracy after training, by norm. Means over seeds, 95 % intervals.",
        "Dots: left for a residual network with three norms, right for a Transformer with six.",
        panels=tuple(panels),
        ylabel="test accuracy",
    )


def _table(found: Found, accuracy: Accuracy) -> Numbers:
    rows = []
    for (network, name), cell in found.items():
        changes = [
            f"{cell[key][:, -1].mean():.2g}" if (key := f"padding_{mode}") in cell else ""
            for mode in ("training", "evaluation")
        ]
        rows.append((network, name, *mean_and_spread(accuracy[network, name]), *changes))
    return Numbers(
        "Accuracy, and the largest change of a probability by 16 more tokens of padding, in training mode "
        "and in evaluation",
        ("network", "norm", "accuracy", "±", "training mode", "evaluation"),
        tuple(rows),
    )
