"""Acts as a regulariser: batch norm and dropout on few examples, at three sizes of batches."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dynamics
from normlab.lab.training.effects import difference, intervals, points
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

TRAIN = 400
BATCHES = (8, 32, 128)
MIDDLE = 32
LR, AT = 0.1, 32  # the rate is in proportion to the batch
DROPOUT = 0.5
KINDS = {
    "neither": ("none", 0.0),
    "batch": ("batch", 0.0),
    "dropout": ("none", DROPOUT),
    "both": ("batch", DROPOUT),
}
Table = dict[tuple[str, int], np.ndarray]


def cells(plan: Plan) -> dict[tuple[str, int], Training]:
    epochs = plan.choose(30, 12)
    examples = plan.examples(TRAIN)
    own = {norm.name: (norm, 0.0) for norm in plan.own}
    kinds = {n: (Origin(norm), p) for n, (norm, p) in KINDS.items()} | own
    return {
        (name, batch): plan.training(
            norm=norm,
            options={"width": 128, "depth": 2, "dropout": dropout},
            train=TRAIN,
            batch_size=batch,
            lrs=(LR * batch / AT,),
            steps=epochs * max(1, examples // batch),
            marks=(epochs * max(1, examples // batch),),
            watch_training=True,
        )
        for name, (norm, dropout) in kinds.items()
        for batch in BATCHES
    }


def measure(study: Study) -> None:
    plan = study.shared.plan
    found = study.shared.of(study)
    accuracy = {k: a["test_accuracy"][:, -1] for k, a in found.items()}
    gap = {k: (a["test_loss"] - a["train_loss"])[:, -1] for k, a in found.items()}
    fall = {k: (a["train_accuracy"] - a["test_accuracy"])[:, -1] for k, a in found.items()}
    for name in dict.fromkeys(name for name, _ in found):
        for key, values, words in (
            ("accuracy", accuracy, "mean test accuracy at a batch size"),
            ("gap", gap, "mean of test loss − training loss at a batch size"),
        ):
            means = [values[name, batch].mean() for batch in BATCHES]
            study.curve(f"{key}.{name}", BATCHES, means, words)
    _judge(study, accuracy, gap)
    picture = study.figure(
        dynamics.bars,
        "Gap of the loss and test accuracy after training, by the size of the batches (mean over seeds and "
        "95 % interval).",
        "Points with intervals for four kinds of networks at each size of batches.",
        groups=[str(batch) for batch in BATCHES],
        values=[_panel(gap), _panel(accuracy)],
        ylabels=("test loss − training loss", "test accuracy"),
        xlabel="batch size",
    )
    present(study, _design(plan), picture, _table(found, gap, fall))


def _judge(study: Study, accuracy: Table, gap: Table) -> None:
    overlap = study.shared.plan.overlap
    mean, spread = difference(gap["batch", MIDDLE], gap["neither", MIDDLE], overlap)
    study.claim("gap", mean, spread, "nats")
    study.found = f"gap of the loss {mean:+z.3f} ± {spread:.3f} nats"
    mean, spread = difference(accuracy["batch", MIDDLE], accuracy["neither", MIDDLE], overlap)
    study.claim("accuracy", mean, spread, points(mean, spread))
    study.found += f", test accuracy {points(mean, spread)}"
    with_norm = accuracy["both", MIDDLE] - accuracy["batch", MIDDLE]
    without = accuracy["dropout", MIDDLE] - accuracy["neither", MIDDLE]
    mean, spread = difference(with_norm, without, overlap)
    study.claim("replaces", mean, spread, points(mean, spread))
    small, large = BATCHES[0], BATCHES[-1]
    mean, spread = difference(
        gap["batch", small] - gap["neither", small],
        gap["batch", large] - gap["neither", large],
        overlap,
    )
    study.claim("also.small", mean, spread, "nats")


def _panel(values: Table) -> dict[str, np.ndarray]:
    names = dict.fromkeys(name for name, _ in values)
    return {n: intervals(values[n, b] for b in BATCHES) for n in names}


def _design(plan: Plan) -> str:
    cell = next(iter(cells(plan).values()))
    examples = plan.examples(TRAIN)
    return (
        f"Two layers of 128 rectified units, trained on {examples} examples for "
        f"{cell.steps // (examples // cell.batch_size)} epochs whatever the size of the batches; plain "
        f"gradient descent at {LR:g} × batch size / {AT}. Dropout follows each rectifier, with probability "
        f"{DROPOUT:g}. Losses and accuracies are those of evaluation mode after the last epoch, on training "
        f"and test data alike, so that neither noise nor dropout enters the gap. The claims without a size "
        f"are for batches of {MIDDLE}. {plan.words} {plan.about_splits}"
    )


def _table(found: dict[tuple[str, int], dict[str, np.ndarray]], gap: Table, fall: Table) -> Numbers:
    rows = [
        (
            name,
            batch,
            float(a["train_loss"][:, -1].mean()),
            float(a["test_loss"][:, -1].mean()),
            *mean_and_spread(gap[name, batch]),
            float(fall[name, batch].mean()),
            *mean_and_spread(a["test_accuracy"][:, -1]),
        )
        for (name, batch), a in found.items()
    ]
    header = (
        "network",
        "batch",
        "training loss",
        "test loss",
        "gap",
        "±",
        "gap of accuracy",
        "test accuracy",
        "±",
    )
    return Numbers("After training: mean over seeds, 95 % intervals", header, tuple(rows))
