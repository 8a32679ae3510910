"""Where batch norm is at home: a residual network, and a Transformer on padded sequences."""

from collections.abc import Mapping

import numpy as np

from normlab.lab.family import Study
from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dots
from normlab.lab.training.effects import difference, points
from normlab.lab.training.engine.cell import Source, Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.report.page import Numbers

RESNET = ("none", "batch", "group")
TRANSFORMER = {  # name → normaliser and options
    "none": ("none", {}),
    "layer pre": ("layer", {}),
    "layer post": ("layer", {"order": "post"}),
    "rms pre": ("rms", {}),
    "batch, mask": ("batch", {"masked": True}),
    "batch, no mask": ("batch", {}),
}
LR, ADAM = 0.1, 3e-3
Found = Mapping[tuple[str, str], Mapping[str, np.ndarray]]


def cells(plan: Plan) -> dict[tuple[str, str], Training]:
    norms = plan.norms(*RESNET)
    own = [norm for norm in norms if norm.name not in RESNET]
    found = {("resnet", norm.name): _resnet(plan, norm) for norm in norms}
    for name, (norm, options) in TRANSFORMER.items():
        found["transformer", name] = _transformer(plan, Source(norm), options)
    known = {norm for norm, _ in TRANSFORMER.values()}
    for norm in own:
        if norm.name not in known:
            found["transformer", norm.name] = _transformer(plan, norm, {})
    return found


def _resnet(plan: Plan, norm: Source) -> Training:
    steps = plan.choose(200, 80)
    return plan.training(
        network="resnet", norm=norm, steps=steps, marks=(steps,), lrs=(LR,), seeds=plan.seeds[:6]
    )


def _transformer(plan: Plan, norm: Source, options: Mapping[str, object]) -> Training:
    steps = plan.choose(200, 60)
    return plan.training(
        network="transformer",
        options=options,
        norm=norm,
        steps=steps,
        marks=(steps,),
        lrs=(ADAM,),
        optimizer="adam",
        standardize=False,
        seeds=plan.seeds[:6],
        probes={"padding": {}},
    )


def measure(study: Study) -> None:
    found = study.shared.of(study)
    for (network, name), cell in found.items():
        accuracy = cell["test_accuracy"][:, -1].mean()
        study.number(f"accuracy.{network}.{name}", accuracy, "mean test accuracy")
        for mode in ("training", "evaluation"):
            if (key := f"padding_{mode}") in cell:
                change = cell[key][:, -1].mean()
                study.number(f"{key}.{name}", change, "largest change by 16 more tokens of padding")
    _judge(study, found)
    present(study, _design(study, found), _figure(study, found), _table(found))


def _judge(study: Study, found: Found) -> None:
    accuracy = {label: cell["test_accuracy"][:, -1] for label, cell in found.items()}
    pairs = {
        "resnet": (("resnet", "batch"), ("resnet", "none")),
        "transformer": (("transformer", "batch, mask"), ("transformer", "layer pre")),
        "also.group": (("resnet", "batch"), ("resnet", "group")),
    }
    words = {}
    for claim, (first, second) in pairs.items():
        mean, spread = difference(accuracy[first], accuracy[second])
        words[claim] = points(mean, spread)
        study.claim(claim, mean, spread, words[claim])
    for claim, name in (("also.padding", "batch, no mask"), ("also.masked", "batch, mask")):
        study.claim(claim, *mean_and_spread(found["transformer", name]["padding_training"][:, -1]))
    study.found = (
        f"residual network: batch − none {words['resnet']}; Transformer: batch − layer "
        f"{words['transformer']}"
    )


def _design(study: Study, found: Found) -> str:
    plan: Plan = study.shared.plan
    steps = {network: cell["loss"].shape[1] for (network, _), cell in found.items()}
    return (
        f"Residual network: a convolution and three blocks of two, 8 channels; gradient descent at the rate "
        f"{LR:g} for {steps['resnet']} steps. Transformer: two layers of width 32 with four heads; Adam at "
        f"{ADAM:g} for {steps['transformer']} steps. It reads an image as a sequence of its inked pixels "
        f"(row, column, intensity; at least a quarter of the largest intensity, at most 36 of them), padded to "
        f"one length; attention and the mean before the readout leave the padding out, layer and RMS norm "
        f"take each token by itself, and batch norm is or is not told which tokens are padding. Norms stand "
        f"before each branch (pre) unless it says post. Batches of 32. {plan.words}, of which "
        f"{len(found['resnet', 'batch']['loss'])} are used. Intervals are Student's."
    )


def _figure(study: Study, found: Found):
    panels = []
    for title, network in (("Residual network", "resnet"), ("Transformer", "transformer")):
        chosen = {name: cell for (kind, name), cell in found.items() if kind == network}
        series = {
            name: np.array([mean_and_spread(cell["test_accuracy"][:, -1])]).T
            for name, cell in chosen.items()
        }
        panels.append((title, ("after training",), series))
    return study.figure(
        dots.panels,
        "Test accuracy after training. Means over seeds, 95 % intervals.",
        "Dots: left for a residual network with three norms, right for a Transformer with six.",
        panels=tuple(panels),
        ylabel="test accuracy",
    )


def _table(found: Found) -> Numbers:
    rows = []
    for (network, name), cell in found.items():
        changes = [
            f"{cell[key][:, -1].mean():.2g}" if (key := f"padding_{mode}") in cell else ""
            for mode in ("training", "evaluation")
        ]
        rows.append((network, name, *mean_and_spread(cell["test_accuracy"][:, -1]), *changes))
    return Numbers(
        "Accuracy, and the largest change of a probability by 16 more tokens of padding, in training mode "
        "and in evaluation",
        ("network", "norm", "accuracy", "±", "training mode", "evaluation"),
        tuple(rows),
    )
