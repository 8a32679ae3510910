"""Normalised inputs: condition number, and steps to a given loss, raw against standardised."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import descents
from normlab.lab.training.effects import factor, geometric_mean, ratio, seeds_last
from normlab.lab.training.engine.cell import Origin
from normlab.lab.training.engine.data import words
from normlab.lab.training.engine.descent import Descent
from normlab.lab.training.plan import Plan, decades
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

INPUTS = {"raw": False, "standardised": True}
LRS = decades(-4, 0, 5)  # of Adam, each kind of input at its best
DATA = Origin("breast-cancer")

Label = tuple[str, str]


def cells(plan: Plan) -> dict[Label, Descent]:
    data = _source(plan)
    common = {"data": data, "seeds": plan.seeds, "folds": plan.folds_of(data)}
    found: dict[Label, Descent] = {}
    for name, standardize in INPUTS.items():
        common["standardize"] = standardize
        found["sgd", name] = Descent(optimizer="sgd", steps=plan.choose(20000, 4000), **common)
        found["adam", name] = Descent(
            optimizer="adam", steps=plan.choose(3000, 1000), lrs=LRS, **common
        )
    return found


def best(reached: np.ndarray) -> int:
    """The row of (rates, seeds) that reaches the target soonest in the middle seed."""
    return int(np.median(reached, axis=1).argmin())


def _source(plan: Plan) -> Origin:
    return plan.data if plan.given else DATA


def measure(study: Study) -> None:
    plan = study.shared.plan
    found, asked = study.shared.of(study), cells(plan)
    steps, curves = {}, {}
    for label, arrays in found.items():
        reached = seeds_last(arrays["reached"], len(plan.seeds))
        at = best(reached)
        steps[label] = np.minimum(reached[at], asked[label].steps)  # at least so many
        curves[label] = seeds_last(arrays["loss"], len(plan.seeds))[at].mean(0)
        name = ".".join(label)
        study.number(f"steps.{name}", steps[label].mean(), "steps to a quarter of the first loss")
        study.number(
            f"reached.{name}", np.isfinite(reached[at]).mean(), "share of seeds that got there"
        )
    conditions = {name: found["sgd", name]["condition"] for name in INPUTS}
    for name, values in conditions.items():
        study.number(
            f"condition.{name}", geometric_mean(values), "condition number, geometric mean"
        )
    _judge(study, conditions, steps)
    picture = study.figure(
        descents.descents,
        "Loss of softmax regression over steps (mean over seeds): gradient descent at the largest rate that "
        "is sure to be stable, and Adam at its best rate, on raw and on standardised inputs. The line is the "
        "loss to be reached.",
        "Four curves that fall: with standardised inputs early, with raw inputs far later or never.",
        places={label: found[label]["places"] for label in found},
        curves=curves,
        target=asked["sgd", "raw"].target * float(curves["sgd", "raw"][0]),
    )
    present(study, _design(plan, asked), picture, _table(conditions, steps, found))


def _judge(study: Study, conditions: dict[str, np.ndarray], steps: dict[Label, np.ndarray]) -> None:
    overlap = study.shared.plan.held_out(_source(study.shared.plan))
    mean, spread = ratio(conditions["raw"], conditions["standardised"], overlap)
    study.claim("condition", mean, spread, factor(mean, spread))
    for claim, optimizer in (("descent", "sgd"), ("also.adam", "adam")):
        mean, spread = ratio(steps[optimizer, "raw"], steps[optimizer, "standardised"], overlap)
        study.claim(claim, mean, spread, factor(mean, spread))
        if optimizer == "sgd":
            study.found = (
                f"raw inputs take {factor(mean, spread)} the steps of gradient descent, or more"
            )


def _design(plan: Plan, asked: dict[Label, Descent]) -> str:
    cell = asked["sgd", "raw"]
    return (
        f"Softmax regression from zero weights on {words(cell.data)}, float64, whole training part a step, "
        f"until the loss is {cell.target:.0%} of that at the start; {cell.steps:,} steps of gradient descent "
        f"or {asked['adam', 'raw'].steps:,} of Adam at most, and what has not arrived by then counts as "
        f"that many. Gradient descent at the rate 1/L, L half of the largest eigenvalue of $X^TX/N$; Adam at "
        f"the best of {', '.join(f'{lr:g}' for lr in LRS)}. {len(plan.seeds)} seeds, each of "
        f"which leaves out another 1/{cell.folds} of the data. The loss is convex, so that nothing else is "
        f"drawn: intervals are those of the jackknife, Student's with the variance (k − 1)²/k s² for k parts."
    )


def _table(conditions: dict[str, np.ndarray], steps: dict[Label, np.ndarray], found) -> Numbers:
    rows = []
    for name in INPUTS:
        row: list[str | float] = [name, float(geometric_mean(conditions[name]))]
        for optimizer in ("sgd", "adam"):
            mean, spread = mean_and_spread(steps[optimizer, name])
            never = np.isinf(seeds_last(found[optimizer, name]["reached"], len(conditions[name])))
            more = "≥ " if never.all(0).any() else ""
            row.append(f"{more}{mean:.0f} ± {spread:.0f}")
        rows.append(tuple(row))
    return Numbers(
        "Condition number, and steps to a quarter of the first loss",
        ("inputs", "condition number", "gradient descent", "Adam"),
        tuple(rows),
    )
