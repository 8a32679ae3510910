"""Faster and steadier: the batch-norm paper's three layers of sigmoids."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.catalogue import MEMBERS
from normlab.lab.training.drawings import dynamics
from normlab.lab.training.effects import (
    difference,
    factor,
    geometric_mean,
    intervals,
    points,
    ratio,
    seeds_last,
)
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan, spaced
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

LRS = (0.3, 1.0, 3.0)
LR = 1.0
LEVEL = 0.9  # of the best mean accuracy that the plain network reaches at any rate
NETWORK = {"width": 100, "depth": 3, "activation": "sigmoid"}
BOUND = next(claim.bound for claim in MEMBERS["faster"].claims if claim.name == "faster")


def cells(plan: Plan) -> dict[str, Training]:
    steps = plan.choose(900, 400)
    return {
        norm.name: plan.training(
            norm=norm,
            steps=steps,
            marks=spaced(5, steps, plan.choose(45, 25)),
            lrs=LRS,
            options=NETWORK,
            batch_size=60,
            std=0.1,
            validated=True,
            probes={"percentiles": {"tap": "drive_2"}},
        )
        for norm in plan.norms("none", "batch")
    }


def first(accuracy: np.ndarray, steps: np.ndarray, level: float) -> np.ndarray:
    """For each seed, the first of the steps at which its accuracy (seeds, marks) reaches the level.

    Infinite for a seed that never does.

    >>> first(np.array([[0.1, 0.9], [0.1, 0.2]]), np.array([10, 20]), 0.8)
    array([20., inf])
    """
    return np.where(accuracy >= level, steps, np.inf).min(1)


def rounding(slow: np.ndarray, fast: np.ndarray, steps: np.ndarray) -> float:
    """Decades by which a mean log ratio may be off: the level is reached between two of the evaluated steps.

    >>> round(rounding(np.array([80.0]), np.array([40.0]), np.array([20, 40, 80])), 3)  # log10 2
    0.301
    """
    before = np.concatenate([[1.0], steps[:-1]])
    each = [np.log10(f / before[np.searchsorted(steps, f)]) for f in (slow, fast)]
    return float(max(found.mean() for found in each))


def speed_up(
    slow: np.ndarray, fast: np.ndarray, steps: np.ndarray
) -> tuple[float, float, str, float]:
    """Decades by which `fast` needs fewer steps, half of its interval, words, and how much of it is rounding.

    steps: those at which the networks were evaluated.

    A seed that never reaches the level counts as if it did at the last step: of `slow`, that makes the
    ratio a lower bound; of `fast`, an upper bound, which can refute the claim and not confirm it.
    """
    slow_by, fast_by = np.minimum(slow, steps[-1]), np.minimum(fast, steps[-1])
    mean, spread = ratio(slow_by, fast_by)
    slack = rounding(slow_by, fast_by, steps)
    spread += slack
    never = [int(np.isinf(found).sum()) for found in (slow, fast)]
    if never[1] and mean + spread >= BOUND:
        spread = np.nan
    words = factor(mean, 0.0 if np.isnan(spread) else spread)
    if never[0] and not never[1]:
        words = f"at least {words}"
    if any(never):
        words += f"; not reached by {never[0]} of {len(slow)} without and {never[1]} with"
    return mean, spread, words, slack


def unsteadiness(percentiles: np.ndarray) -> np.ndarray:
    """How far the median moves over training, over the mean distance of the outer two: (seeds,)."""
    median = percentiles[..., 1]
    width = (percentiles[..., 2] - percentiles[..., 0]).mean(1)
    return (median.max(1) - median.min(1)) / width


def measure(study: Study) -> None:
    plan = study.shared.plan
    found, seeds = study.shared.of(study), len(plan.seeds)
    steps = np.array(cells(plan)["batch"].marks)
    every = {n: seeds_last(a["test_accuracy"], seeds) for n, a in found.items()}
    at = LRS.index(LR)
    accuracy = {n: a[at] for n, a in every.items()}
    inputs = {n: seeds_last(a["percentiles"], seeds)[at] for n, a in found.items()}
    validation = {n: seeds_last(a["validation_accuracy"], seeds) for n, a in found.items()}
    level = LEVEL * validation["none"].mean(1).max()
    reached, choosing = (
        {n: [first(row, steps, level) for row in a] for n, a in some.items()}
        for some in (every, validation)
    )
    for name, a in accuracy.items():
        study.curve(f"accuracy.{name}", steps, a.mean(0), f"mean test accuracy at the rate {LR:g}")
    slow, fast = (_best(choosing[n], reached[n], steps[-1]) for n in ("none", "batch"))
    mean, spread, words, slack = speed_up(slow, fast, steps)
    study.claim("also.tuned", mean, spread, words, slack=slack)
    _judge(study, accuracy, inputs, speed_up(reached["none"][at], reached["batch"][at], steps))
    picture = study.figure(
        dynamics.faster,
        f"Test accuracy at the rate {LR:g} (mean over seeds, band: 95 % interval), and the 15th, 50th and "
        "85th percentiles of one sigmoid's input over the test data, first seed.",
        "Accuracy over steps for each normaliser, and three lines for each that follow one unit's input.",
        steps=steps,
        curves={n: intervals(v.T) for n, v in accuracy.items()},
        percentiles={n: inputs[n][0] for n in ("none", "batch")},
    )
    present(study, _design(plan, level, steps), picture, _table(every, inputs, reached))


def _best(choosing: list[np.ndarray], judging: list[np.ndarray], last: float) -> np.ndarray:
    """The seeds' steps at the rate with the fewest in the geometric mean, on the validation data."""
    means = [np.log(np.minimum(found, last)).mean() for found in choosing]
    return judging[int(np.argmin(means))]


def _judge(
    study: Study,
    accuracy: dict[str, np.ndarray],
    inputs: dict[str, np.ndarray],
    faster: tuple[float, float, str, float],
) -> None:
    plan = study.shared.plan
    mean, spread, words, slack = faster
    study.claim("faster", mean, spread, words, slack=slack)
    study.found = f"steps to learn, without over with: {words}"
    mean, spread = difference(accuracy["batch"][:, -1], accuracy["none"][:, -1], plan.overlap)
    study.claim("accuracy", mean, spread, points(mean, spread))
    mean, spread = ratio(unsteadiness(inputs["batch"]), unsteadiness(inputs["none"]))
    study.claim("steadier", mean, spread, factor(mean, spread))


def _design(plan: Plan, level: float, steps: np.ndarray) -> str:
    factor_between = (steps[-1] / steps[0]) ** (1 / (len(steps) - 1))
    return (
        f"The paper's network for MNIST, here on other data unless `--data mnist` is given: three layers of "
        f"100 sigmoids, normalised before the sigmoid, first weights N(0, 0.1²), batches of 60, plain "
        f"gradient descent for {steps[-1]} steps (the paper: 50,000) at the rates "
        f"{', '.join(f'{lr:g}' for lr in LRS)}; the paper does not give its rate, and the claims are judged "
        f"at {LR:g}. To have learned is to reach a test accuracy of {level:.3f}, {LEVEL:.0%} of the plain "
        f"network's best mean at any rate. The networks are evaluated at {len(steps)} steps, each "
        f"about {factor_between - 1:.0%} later than the one before, by which the intervals of steps are "
        f"widened. The level and the best rates are chosen on an eighth of the training data, which is kept "
        f"for that. The input of a sigmoid is what enters it, after the norm, in evaluation mode. "
        f"{plan.words} {plan.about_splits}"
    )


def _table(
    every: dict[str, np.ndarray],
    inputs: dict[str, np.ndarray],
    reached: dict[str, list[np.ndarray]],
) -> Numbers:
    rows = []
    for name, accuracy in every.items():
        medians = (float(np.median(found)) for found in reached[name])
        words = (f"{m:.0f}" if np.isfinite(m) else "not reached" for m in medians)
        final = accuracy[LRS.index(LR), :, -1]
        moved = float(geometric_mean(unsteadiness(inputs[name])))
        rows.append((name, *words, *mean_and_spread(final), moved))
    header = ("norm", *(f"steps at {lr:g}" for lr in LRS), "last accuracy", "±", "median moves")
    return Numbers(
        f"Median steps to learn at each rate; at {LR:g}, the last accuracy, and how far the median input "
        "moves in widths between the outer percentiles",
        header,
        tuple(rows),
    )
