"""Higher learning rates: accuracy and divergence against the rate, for each normaliser."""

from collections.abc import Mapping

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.effects import difference, factor, points, seeds_last
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan, decades
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.lab.training.swept import swept
from normlab.report.page import Numbers

NORMS = ("none", "batch", "layer", "group", "rms", "divisive")
LRS = decades(-0.75, 1.25, 9)
# the largest stable rate of the grid is below the largest of all by up to a step; of a difference of two
# such rates, both ends are rounded, and either way
STEP = np.log10(LRS[-1] / LRS[0]) / (len(LRS) - 1)
STABLE = 0.9  # of the best mean accuracy that this normaliser reaches at any rate
WORKS = 0.5  # of the best of all: below it, nothing was learned that could be stable


def steps_of(plan: Plan) -> int:
    return plan.choose(400, 150)


def cells(plan: Plan) -> dict[str, Training]:
    steps = steps_of(plan)
    return {
        norm.name: plan.training(norm=norm, steps=steps, marks=(steps,), lrs=LRS, validated=True)
        for norm in plan.norms(*NORMS)
    }


def largest(accuracy: np.ndarray, places: np.ndarray, best: float) -> np.ndarray:
    """For each seed (last axis), the largest place of the sweep whose accuracy reaches `best`.

    NaN for a seed that reaches it nowhere.

    >>> largest(np.array([[0.9], [0.9], [0.1]]), np.array([1.0, 2.0, 3.0]), 0.8)
    array([2.])
    """
    reached = np.where(accuracy >= best, places[:, None], -np.inf).max(0)
    return np.where(np.isfinite(reached), reached, np.nan)


def measure(study: Study) -> None:
    alt = (
        "Curves of accuracy that rise with the rate and then fall off; without normalisation first."
    )
    accuracy, picture = swept(study, LRS, "learning rate", alt)
    seeds = len(study.shared.plan.seeds)
    chosen = {n: validation(cell, seeds) for n, cell in study.shared.of(study).items()}
    top = max(found.max() for found in chosen.values())
    rates = {
        name: largest(found, np.log10(LRS), max(STABLE * chosen[name].max(), WORKS * top))
        for name, found in accuracy.items()
    }
    for name, found in rates.items():
        study.number(f"largest.{name}", 10 ** found.mean(), "largest stable rate")
    _judge(study, rates)
    present(study, _design(study.shared.plan), picture, _table(accuracy, rates, chosen))


def validation(cell: Mapping[str, np.ndarray], seeds: int) -> np.ndarray:
    """Last accuracy on the validation data at each rate, mean over seeds."""
    return seeds_last(cell["validation_accuracy"][:, -1], seeds).mean(1)


def at_best(cell: Mapping[str, np.ndarray], seeds: int) -> np.ndarray:
    """Last test accuracy of each seed, at the rate that is best on the validation data."""
    tested = seeds_last(cell["test_accuracy"][:, -1], seeds)
    return tested[validation(cell, seeds).argmax()]


def _judge(study: Study, rates: dict[str, np.ndarray]) -> None:
    plan, found = study.shared.plan, study.shared.of(study)
    for claim, other in (("batch", "none"), ("also.own", "layer")):
        mean, spread = difference(rates["batch"], rates[other])
        spread += STEP
        study.claim(claim, mean, spread, factor(mean, spread), slack=STEP)
        if other == "none":
            study.found = f"largest stable rate {factor(mean, spread)} that without"
    best = {n: at_best(found[n], len(plan.seeds)) for n in ("batch", "none")}
    mean, spread = difference(best["batch"], best["none"], plan.overlap)
    study.claim("accuracy", mean, spread, points(mean, spread))


def _upwards(mean: float, spread: float) -> str:
    """The interval of one largest rate: the truth is up to a step above what the grid shows."""
    low, high = 10 ** (mean - spread), 10 ** (mean + spread + STEP)
    return f"{low:.3g} to {high:.3g}"


def _design(plan: Plan) -> str:
    return (
        f"Five layers of 64 rectified units, normalised before the rectifier; plain gradient descent in "
        f"batches of 32 for {steps_of(plan)} steps, at {len(LRS)} rates from {LRS[0]:.2g} to {LRS[-1]:.3g}. "
        f"A rate is stable for a seed if its test accuracy is {STABLE:.0%} of that normaliser's best. The "
        f"best rate and its accuracy are those on an eighth of the training data, kept for validation. "
        f"{plan.words} A rate is known to a step of the grid, {STEP:.2f} decades: intervals of ratios are "
        f"Student's, widened by a whole step on either side. {plan.about_splits}"
    )


def _table(
    accuracy: dict[str, np.ndarray], rates: dict[str, np.ndarray], chosen: dict[str, np.ndarray]
) -> Numbers:
    rows = []
    for name, found in accuracy.items():
        mean, spread = mean_and_spread(rates[name])
        best = chosen[name].argmax()
        rows.append(
            (
                name,
                float(10**mean),
                _upwards(mean, spread),
                LRS[best],
                *(float(v) for v in mean_and_spread(found[best])),
            )
        )
    return Numbers(
        "Largest stable rate (geometric mean over seeds), and the best rate of the grid",
        ("norm", "largest stable rate", "95 %", "best rate", "accuracy there", "±"),
        tuple(rows),
    )
