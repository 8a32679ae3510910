"""Sensitivity to initialisation: accuracy against the scale of the first weights."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.effects import difference, factor, points, ratio, undone
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan, decades
from normlab.lab.training.presenting import present
from normlab.lab.training.rates import NORMS, steps_of
from normlab.lab.training.setup import Study
from normlab.lab.training.swept import swept
from normlab.report.page import Numbers

SCALES = decades(-2, 2, 9)
STEP = np.log10(SCALES[-1] / SCALES[0]) / (len(SCALES) - 1)
WORKS = 0.9  # of the best mean accuracy of all
LR = 0.1


def cells(plan: Plan) -> dict[str, Training]:
    steps = steps_of(plan)
    return {
        norm.name: plan.training(norm=norm, steps=steps, marks=(steps,), lrs=(LR,), scales=SCALES)
        for norm in plan.norms(*NORMS)
    }


def measure(study: Study) -> None:
    alt = (
        "Curves of accuracy over four decades of scale: narrow without normalisation, wide with it."
    )
    accuracy, picture = swept(study, SCALES, "scale of the first weights", alt)
    top = max(found.mean(1).max() for found in accuracy.values())
    spans = {name: STEP * (found >= WORKS * top).sum(0) for name, found in accuracy.items()}
    for name, found in spans.items():
        study.number(f"decades.{name}", found.mean(), "decades of scale at which training works")
    _judge(study, accuracy, spans)
    present(study, _design(study.shared.plan), picture, _table(accuracy, spans))


def _design(plan: Plan) -> str:
    return (
        f"Five layers of 64 rectified units as in the experiment on learning rates, at the rate {LR:g}, "
        f"for {steps_of(plan)} steps; He's first weights times {len(SCALES)} scales from {SCALES[0]:g} to "
        f"{SCALES[-1]:g}. Training works for a seed at a scale if it reaches {WORKS:.0%} of the best mean "
        f"accuracy of all. {plan.words} The ends of a range are known to "
        f"a step of the grid, {STEP:g} decades, so a difference of two ranges to two steps: its interval is "
        f"Student's, widened by so much on either side. {plan.about_splits}"
    )


def _judge(study: Study, accuracy: dict[str, np.ndarray], spans: dict[str, np.ndarray]) -> None:
    mean, spread = difference(spans["batch"], spans["none"])
    study.claim("batch", mean, spread + 2 * STEP, "decades", slack=2 * STEP)
    with_norm, without = spans["batch"].mean(), spans["none"].mean()
    study.found = f"works over {with_norm:.1f} decades of scale, without over {without:.1f}"
    overlap = study.shared.plan.overlap
    mean, spread = difference(accuracy["batch"][0], accuracy["none"][0], overlap)
    study.claim("also.small", mean, spread, points(mean, spread))
    right = accuracy["batch"][SCALES.index(1.0)]
    share = ratio(accuracy["batch"][-1], right, overlap)
    study.claim("also.large", *undone(*share), factor(*share))


def _table(accuracy: dict[str, np.ndarray], spans: dict[str, np.ndarray]) -> Numbers:
    header = ("norm", "decades", "±", *(f"×{scale:g}" for scale in SCALES[::2]))
    rows = [
        (name, *mean_and_spread(spans[name]), *(float(v) for v in found.mean(1)[::2]))
        for name, found in accuracy.items()
    ]
    return Numbers("Decades at which training works, and accuracy by scale", header, tuple(rows))
