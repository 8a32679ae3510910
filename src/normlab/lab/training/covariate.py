"""Internal covariate shift: batch norm with noise that brings it back, and a measure on gradients."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dynamics
from normlab.lab.training.effects import difference, factor, intervals, points, ratio
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.lab.training.smoothness import typical
from normlab.report.page import Numbers

DEPTH = 8
LR = 0.1
NOISY = "batch + noise"
SHARE = 0.5  # of batch norm's gain that the noise may leave


def cells(plan: Plan) -> dict[str, Training]:
    steps = plan.choose(300, 150)
    pairs = np.linspace(10, steps - 1, plan.choose(15, 10)).astype(int).tolist()
    networks = {norm.name: (norm, False) for norm in plan.norms("none", "batch")}
    networks |= {NOISY: (Origin("batch"), True)}
    taps = tuple(f"drive_{i}" for i in range(DEPTH))
    return {
        name: plan.training(
            norm=norm,
            steps=steps,
            marks=tuple(sorted({mark for pair in pairs for mark in (pair, pair + 1)})),
            lrs=(LR,),
            options={"depth": DEPTH, "noise": noise},
            probes={"gradient_shift": {}, "entering": {"taps": taps}},
        )
        for name, (norm, noise) in networks.items()
    }


def movement(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """How far a distribution moves from one step to the next, in its standard deviations.

    √((Δmean)² + (Δstd)²) / std for each unit; units without spread are left out. Arrays (seeds, marks,
    layers, units) whose marks are pairs of steps → medians over pairs and units, (seeds, layers).
    """
    before = std[:, ::2]
    moved = np.hypot(np.diff(mean, axis=1)[:, ::2], np.diff(std, axis=1)[:, ::2])
    relative = np.where(before > 0, moved / np.where(before > 0, before, 1), np.nan)
    return np.nanmedian(relative, axis=(1, 3))


def measure(study: Study) -> None:
    plan = study.shared.plan
    found = study.shared.of(study)
    steps = np.array(cells(plan)["batch"].marks)
    accuracy = {n: a["test_accuracy"] for n, a in found.items()}
    moved = {n: movement(a["mean"], a["std"]) for n, a in found.items()}
    shift = {n: typical(a["shift"]) for n, a in found.items()}
    cosine = {n: a["cosine"].mean(1) for n, a in found.items()}
    for name, a in found.items():
        study.number(f"accuracy.{name}", accuracy[name].mean(), "test accuracy, mean over training")
        study.number(f"moved.{name}", moved[name].mean(), "movement of what enters the rectifiers")
        study.number(f"shift.{name}", shift[name].mean(), "distance of a layer's gradients")
        study.number(f"relative.{name}", np.median(a["relative"]), "the same over their length")
        study.number(f"cosine.{name}", cosine[name].mean(), "cosine of a layer's gradients")
    _judge(study, accuracy, moved, shift, cosine)
    picture = _figure(study, steps, accuracy, moved, shift, cosine)
    present(study, _design(plan, len(steps) // 2), picture, _table(found, moved, shift, cosine))


def _figure(study: Study, steps: np.ndarray, accuracy, moved, shift, cosine):
    def courses(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {n: intervals(v.T) for n, v in values.items()}

    return study.figure(
        dynamics.shift,
        "Test accuracy over training; and by layer, over training: movement from one step to the next of "
        "what enters the rectifiers, and distance and cosine of each layer's gradients before and after the "
        "layers below have made their step (means over seeds, band: 95 % interval).",
        "Four panels, one line for each network: accuracy by step, and three measures by layer.",
        steps=steps,
        accuracy=courses(accuracy),
        measures={
            "movement of inputs, sd": (True, np.arange(1, DEPTH + 1), courses(moved)),
            "distance of gradients": (False, np.arange(2, DEPTH + 2), courses(shift)),
            "cosine of gradients": (False, np.arange(2, DEPTH + 2), courses(cosine)),
        },
    )


def _judge(study: Study, accuracy, moved, shift, cosine) -> None:
    mean, spread = ratio(shift["batch"].mean(1), shift["none"].mean(1))
    study.claim("distance", mean, spread, factor(mean, spread))
    told = f"gradient shift ×{10**mean:.2g}"
    study.claim("cosine", *difference(cosine["batch"].mean(1), cosine["none"].mean(1)))
    overlap = study.shared.plan.overlap
    whole = {n: a.mean(1) for n, a in accuracy.items()}
    mean, spread, words = left(whole["none"], whole["batch"], whole[NOISY], overlap)
    unstable, doubt = ratio(moved[NOISY].mean(1), moved["none"].mean(1))
    words += f"; inputs move {factor(unstable, doubt)} as much as without batch norm"
    if not unstable - doubt > 0:
        spread = np.nan
        words += ", so that the noise tests nothing"
    study.claim("noise", mean, spread, words)
    study.found = f"{told}; {words}"


def left(
    none: np.ndarray, batch: np.ndarray, noisy: np.ndarray, overlap: float = 0.0
) -> tuple[float, float, str]:
    """What noisy batch norm gains beyond `SHARE` of batch norm's gain, half of its interval, and words.

    Nothing is known where batch norm itself gains nothing that could be lost.

    >>> round(left(np.array([0.5, 0.5]), np.array([0.7, 0.7]), np.array([0.5, 0.5]))[0], 3)
    -0.1
    """
    mean, spread = difference(noisy - none, SHARE * (batch - none), overlap)
    gain, doubt = difference(batch, none, overlap)
    kept, unsure = difference(noisy, none, overlap)
    words = f"gain of batch norm {points(gain, doubt)}, with noise {points(kept, unsure)}"
    return mean, spread if gain - doubt > 0 else np.nan, words


def _design(plan: Plan, pairs: int) -> str:
    cell = cells(plan)["batch"]
    return (
        f"{DEPTH} layers of 64 rectified units, normalised before the rectifier, He's first weights, plain "
        f"gradient descent at {LR:g} in batches of {cell.batch_size} for {cell.steps} steps. Noise after "
        f"every batch norm: for each unit and step a mean from U(−0.5, 0.5) and a scale from U(1, 1.25), and "
        f"about them noise of its own for each example (appendix A of the paper); accuracies are those of "
        f"evaluation mode, without the noise (whose running statistics were taken with it, to the "
        f"network's cost), and are averaged over {2 * pairs} marks of training. At "
        f"{pairs} pairs of neighbouring steps, for one fixed batch in training mode: how far mean and "
        f"standard deviation of each rectifier's input move. At the same steps, definition 2.1 of the "
        f"paper: the gradient of each layer's weights before the step, and after only the layers below have "
        f"made theirs, on the same batch. {plan.words} "
        f"{plan.about_splits}"
    )


def _table(found, moved, shift, cosine) -> Numbers:
    rows = [
        (
            name,
            *mean_and_spread(a["test_accuracy"].mean(1)),
            float(a["test_accuracy"][:, -1].mean()),
            float(moved[name].mean()),
            float(shift[name].mean()),
            float(np.median(a["relative"])),
            float(cosine[name].mean()),
        )
        for name, a in found.items()
    ]
    header = (
        "network",
        "mean accuracy",
        "±",
        "last",
        "inputs move, sd",
        "distance",
        "over length",
        "cosine",
    )
    return Numbers("Over training and layers, means over seeds", header, tuple(rows))
