"""Training against evaluation: running statistics on data as in training, and where they mislead."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dots
from normlab.lab.training.effects import difference, intervals, points
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.plan import Plan, marks
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

SHIFTS = {  # test image → a · x + b, in standard deviations of the training part
    "as trained": (1.0, 0.0),
    "darker": (1.0, -1.0),
    "brighter": (1.0, 1.0),
    "half contrast": (0.5, 0.0),
    "twice contrast": (2.0, 0.0),
}
LAST = (0.1, 0.5, 0.9)  # momenta of the last update
MOMENTA = (0.01, 0.1, 0.9, 0.99)
LR, BATCH, SMALL = 0.1, 32, 8
Found = Mapping[Any, Mapping[str, np.ndarray]]


def cells(plan: Plan) -> dict[str, Training]:
    steps, longer = plan.choose(400, 150), plan.choose(1200, 400)
    modes = {"modes": {"shifts": tuple(SHIFTS.values())}}
    found = {
        norm.name: plan.training(
            norm=norm, steps=steps, marks=(steps,), lrs=(LR,), batch_size=BATCH, probes=modes
        )
        for norm in plan.norms("layer")
    }
    batch = plan.norms("batch")[0]
    common = {"norm": batch, "lrs": (LR,), "batch_size": BATCH}
    probes = modes | {"last_batch": {"momenta": LAST}}
    found["batch"] = plan.training(steps=steps, marks=(steps,), probes=probes, **common)
    common |= {"batch_size": SMALL, "lrs": (LR * SMALL / BATCH,)}
    for momentum in MOMENTA:
        options = {"momentum": momentum}
        found[f"momentum {momentum:g}"] = plan.training(
            steps=longer, marks=_last_quarter(longer), norm_options=options, **common
        )
    return found


def _last_quarter(steps: int, count: int = 8) -> tuple[int, ...]:
    begin = steps - steps // 4
    return tuple(begin + mark for mark in marks(steps - begin, count))


def measure(study: Study) -> None:
    found = study.shared.of(study)
    compared = {name: cell for name, cell in found.items() if "running" in cell}
    for name, cell in compared.items():
        for mode in ("running", "own", "batches"):
            values = cell[mode][:, -1].mean(0)
            study.curve(f"{mode}.{name}", SHIFTS, values, f"test accuracy by shift, {mode}")
    accuracy = momentum_accuracy(found)
    study.curve("momentum", MOMENTA, accuracy.mean(1), "accuracy in evaluation, batches of 8")
    after = found["batch"]["last_batch"][:, -1]
    study.curve("last", LAST, after.mean(0), "accuracy after one update from 2 examples")
    _judge(study, found)
    present(study, _design(study, found), _figure(study, found), _table(compared))


def momentum_accuracy(found: Found) -> np.ndarray:
    """Means of the last quarter's evaluations, (momenta, seeds)."""
    return np.stack([found[f"momentum {m:g}"]["test_accuracy"].mean(1) for m in MOMENTA])


def _judge(study: Study, found: Found) -> None:
    batch = {
        n: found["batch"][n][:, -1].astype(float)
        for n in ("running", "own", "batches", "last_batch")
    }
    running, overlap = batch["running"], study.shared.plan.overlap
    for claim, other in (("same", "own"), ("also.batches", "batches")):
        mean, spread = difference(running[:, 0], batch[other][:, 0], overlap)
        study.claim(claim, abs(mean), spread, points(mean, spread))
        if claim == "same":
            study.found = f"evaluation − training mode {points(mean, spread)}"
    lost = (batch["own"] - running)[:, 1:].mean(1)
    mean, spread = mean_and_spread(lost, overlap=overlap)
    study.claim("also.shift", mean, spread, points(mean, spread))
    mean, spread = difference(running_at_end(found), batch["last_batch"][:, -1], overlap)
    study.claim("also.last", mean, spread, points(mean, spread))
    accuracy = momentum_accuracy(found)
    mean, spread = difference(accuracy[0], accuracy[-1], overlap)
    study.claim("also.momentum", mean, spread, points(mean, spread))


def running_at_end(found: Found) -> np.ndarray:
    return found["batch"]["test_accuracy"][:, -1]


def _design(study: Study, found: Found) -> str:
    plan = study.shared.plan
    steps, longer = (found[name]["loss"].shape[1] for name in ("batch", f"momentum {MOMENTA[0]:g}"))
    return (
        f"Five layers of 64 rectified units, normalised before the rectifier, at the rate {LR:g} in batches "
        f"of {BATCH} for {steps} steps. The trained network then classifies the test images with its running "
        f"statistics (momentum 0.1), with those of all test images together, and with those of batches of "
        f"{BATCH} as in training, of mixed classes. Shifts are by one standard deviation of the training "
        f"images, contrasts about their mean; a shift is claimed as the mean of the four. The last update "
        f"is the mean of 8 pairs of examples. Momentum: batches of {SMALL}, rate {LR * SMALL / BATCH:g}, "
        f"{longer} steps; the four differ in nothing but the running statistics, and each accuracy is the "
        f"mean of 8 evaluations in the last quarter. {plan.words} "
        f"{plan.about_splits}"
    )


def _figure(study: Study, found: Found):
    batch = found["batch"]
    names = {
        "running": "running",
        "own": "of all test images",
        "batches": f"of batches of {BATCH}",
    }
    shifts = {words: intervals(batch[name][:, -1].T) for name, words in names.items()}
    last = np.column_stack([running_at_end(found), batch["last_batch"][:, -1]])
    return study.figure(
        dots.panels,
        "Test accuracy of the same networks: left, by test images (brightness ± 1 standard deviation, "
        "contrast halved and doubled) and the statistics used; middle, after one "
        "more update of the running statistics from 2 examples; right, with running statistics of "
        "other momenta, after training in batches of 8. Means over seeds, 95 % intervals.",
        "Dots: with running statistics accuracy falls on shifted images, after an update from two examples "
        "with a large momentum, and with momenta near 1; with the test images' own it stays.",
        panels=(
            (
                "Shifted test images",
                ("none", "−1", "+1", "×½", "×2"),
                shifts,
            ),
            (
                "Last update, momentum",
                ("none", *(f"{m:g}" for m in LAST)),
                {"running": intervals(last.T)},
            ),
            (
                "Momentum throughout",
                tuple(f"{m:g}" for m in MOMENTA),
                {"running": intervals(momentum_accuracy(found))},
            ),
        ),
        ylabel="test accuracy",
    )


def _table(compared: Found) -> Numbers:
    rows = [
        (name, mode, *(float(v) for v in cell[mode][:, -1].mean(0)))
        for name, cell in compared.items()
        for mode in ("running", "own", "batches")
    ]
    return Numbers(
        "Test accuracy by shift and by statistics: running, of all test images, of batches of 32",
        ("norm", "statistics", *SHIFTS),
        tuple(rows),
    )
