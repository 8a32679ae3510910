"""The size of the batch: test error after equal epochs, for each normaliser (Wu & He 2018, figure 1)."""

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dots
from normlab.lab.training.effects import difference, intervals, points
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

NORMS = ("batch", "group", "layer", "ghost")
QUICK_NORMS = NORMS[:2]
SIZES, QUICK_SIZES = (2, 4, 8, 16, 32, 64), (2, 8, 32)
GHOST = 4
RATE = 0.2 / 32  # for each example of a batch
Errors = dict[str, dict[int, np.ndarray]]  # norm → size → one for each seed


def cells(plan: Plan) -> dict[tuple[str, int], Training]:
    epochs, train = plan.choose(5, 4), _train(plan)
    examples = plan.examples(train)
    found = {}
    for norm in plan.norms(*plan.choose(NORMS, QUICK_NORMS)):
        options = {"ghost_batch_size": GHOST} if norm.name == "ghost" else {}
        for size in plan.choose(SIZES, QUICK_SIZES):
            steps = epochs * max(1, examples // size)
            found[norm.name, size] = plan.training(
                norm=norm,
                norm_options=options,
                steps=steps,
                marks=(steps,),
                lrs=(RATE * size,),
                batch_size=size,
                train=train,
            )
    return found


def _train(plan: Plan) -> int:
    """How many examples are trained on, or all there are."""
    return plan.choose(1200, 400)


def measure(study: Study) -> None:
    found = study.shared.of(study)
    errors: Errors = {}
    for (norm, size), cell in found.items():
        error = 1 - cell["test_accuracy"][:, -1].astype(float)
        errors.setdefault(norm, {})[size] = error
        study.number(f"error.{norm}.{size}", error.mean(), "test error after training")
    _judge(study, errors)
    present(study, _design(study, found), _figure(study, errors), _table(errors))


def _judge(study: Study, errors: Errors) -> None:
    batch, group = errors["batch"], errors["group"]
    pairs = {
        "eight": (batch[8], batch[32]),
        "also.two": (batch[2], batch[32]),
        "also.group": (batch[2], group[2]),
        "also.steady": (group[2], group[32]),
    }
    words, overlap = {}, study.shared.plan.overlap
    for claim, (first, second) in pairs.items():
        mean, spread = difference(first, second, overlap)
        words[claim] = points(mean, spread)
        study.claim(claim, mean, spread, words[claim], len(first))
    study.found = (
        f"batch norm's error at 8 − at 32 {words['eight']}, at 2 − at 32 {words['also.two']}"
    )


def _design(study: Study, found: dict[tuple[str, int], dict[str, np.ndarray]]) -> str:
    plan = study.shared.plan
    steps = ", ".join(
        f"{cell['loss'].shape[1]} at {size}"
        for (norm, size), cell in found.items()
        if norm == "batch"
    )
    return (
        f"Five dense layers of 64 rectified units, normalised before the rectifier; the same number of "
        f"epochs at every size of the batch (steps: {steps}), the learning rate in proportion to it, "
        f"{RATE * 32:g} at 32. Group norm has 4 groups; ghost batch norm, in the full run, normalises "
        f"{GHOST} examples together, so that it is batch norm up to that size. {plan.words} "
        f"{plan.examples(_train(plan)):,} examples are trained on. "
        f"{plan.about_splits}"
    )


def _figure(study: Study, errors: Errors):
    series = {norm: intervals(by_size.values()) for norm, by_size in errors.items()}
    sizes = tuple(str(size) for size in errors["batch"])
    return study.figure(
        dots.panels,
        "Test error after equal epochs against the size of the batch. Means over seeds, 95 % intervals.",
        "Curves of the test error over batch sizes, one for each normaliser.",
        panels=(("Examples in a batch", sizes, series),),
        ylabel="test error",
        joined=True,
    )


def _table(errors: Errors) -> Numbers:
    sizes = tuple(errors["batch"])
    rows = tuple(
        (norm, *("{:.3f} ± {:.3f}".format(*mean_and_spread(by_size[size])) for size in sizes))
        for norm, by_size in errors.items()
    )
    return Numbers("Test error by size of the batch", ("norm", *map(str, sizes)), rows)
