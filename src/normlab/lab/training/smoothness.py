"""Smoother optimisation: the loss and its gradient along the gradient, as training goes on."""

import numpy as np

from normlab.lab.training.drawings import dynamics
from normlab.lab.training.effects import factor, geometric_mean, intervals, ratio
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan, marks
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

LR = 0.1
MEASURES = {
    "loss_range": "range of the loss",
    "predictiveness": "change of the gradient",
    "beta": "effective β",
}


def cells(plan: Plan) -> dict[str, Training]:
    steps = plan.choose(300, 150)
    return {
        norm.name: plan.training(
            norm=norm,
            steps=steps,
            marks=marks(steps, plan.choose(20, 10)),
            lrs=(LR,),
            probes={"landscape": {}},
        )
        for norm in plan.norms("none", "batch", "layer")
    }


def typical(values: np.ndarray) -> np.ndarray:
    """Geometric mean over the marks, (seeds, marks, …) → (seeds, …)."""
    return geometric_mean(values, 1)


def measure(study: Study) -> None:
    plan = study.shared.plan
    found = study.shared.of(study)
    steps = np.array(cells(plan)["batch"].marks)
    for name, a in found.items():
        for key, words in MEASURES.items():
            study.number(f"{key}.{name}", typical(a[key]).mean(), f"{words}, mean over seeds")
    _judge(study, found)
    picture = study.figure(
        dynamics.panels,
        "Along the gradient of the current batch, at eight step sizes between 1/2 and 4 learning rates: the "
        "range of the loss, the largest change of the gradient, and that change over the distance moved "
        "(geometric mean over seeds; band: 95 % interval).",
        "Three panels on log axes against the step, one line for each normaliser.",
        steps=steps,
        measures={
            words: {n: _course(a[key]) for n, a in found.items()} for key, words in MEASURES.items()
        },
    )
    present(study, _design(plan, len(steps)), picture, _table(found), _thirds(found))


def _course(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Geometric mean at each mark with the two ends of its interval."""
    mean, spread = intervals(np.log10(values).T)
    return 10**mean, 10 ** (mean - spread), 10 ** (mean + spread)


def _judge(study: Study, found: dict[str, dict[str, np.ndarray]]) -> None:
    told = []
    for key, words in MEASURES.items():
        mean, spread = ratio(typical(found["batch"][key]), typical(found["none"][key]))
        study.claim(key, mean, spread, factor(mean, spread))
        told.append(f"{words} ×{10**mean:.2g}")
    study.found = f"batch norm over none: {', '.join(told)}"
    mean, spread = ratio(typical(found["batch"]["beta"]), typical(found["layer"]["beta"]))
    study.claim("also.own", mean, spread, factor(mean, spread))


def _design(plan: Plan, count: int) -> str:
    cell = cells(plan)["batch"]
    return (
        f"Five layers of 64 rectified units, He's first weights, plain gradient descent at {LR:g} in batches "
        f"of {cell.batch_size} for {cell.steps} steps. At {count} of them, each network looks along the "
        f"gradient of its current batch, in training mode, at eight step sizes η spaced evenly in the log: "
        f"the range of the loss over them; the largest distance of the gradient there from that at η = 0; "
        f"and the largest of that distance over the distance moved, the effective β-smoothness. All "
        f"parameters together; a seed's value is the geometric mean over the marks. Lengths of gradients "
        f"depend on the scale of the weights, which normalisation changes: the measures are the paper's, "
        f"and compare networks at the same rate. {plan.words}"
    )


def _table(found: dict[str, dict[str, np.ndarray]]) -> Numbers:
    header = ("norm", *MEASURES.values(), "last accuracy")
    rows = [
        (
            name,
            *(float(geometric_mean(typical(a[key]))) for key in MEASURES),
            float(a["test_accuracy"][:, -1].mean()),
        )
        for name, a in found.items()
    ]
    return Numbers("Geometric means over marks and seeds", header, tuple(rows))


def _thirds(found: dict[str, dict[str, np.ndarray]]) -> Numbers:
    """Early and late apart: who has learned has small gradients, however rough the loss is."""
    rows = []
    for key, words in MEASURES.items():
        parts = zip(*(np.array_split(found[n][key], 3, 1) for n in ("batch", "none")), strict=True)
        rows.append((words, *(factor(*ratio(typical(b), typical(n))) for b, n in parts)))
    header = ("batch norm over none", "first third", "second", "last")
    return Numbers(
        "The same ratios by thirds of the marks, with 95 % intervals", header, tuple(rows)
    )
