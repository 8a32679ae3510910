"""What experiments share that train each normaliser at several places of one setting."""

from collections.abc import Sequence

import numpy as np

from normlab.lab.training.drawings import sweeps
from normlab.lab.training.effects import intervals, seeds_last
from normlab.lab.training.setup import Study
from normlab.report.page import Picture


def swept(
    study: Study, places: Sequence[float], xlabel: str, alt: str
) -> tuple[dict[str, np.ndarray], Picture]:
    """Test accuracy of each normaliser, (places, seeds), and the picture of it; both put on record."""
    found, seeds = study.shared.of(study), len(study.shared.plan.seeds)
    accuracy = {n: seeds_last(a["test_accuracy"][:, -1], seeds) for n, a in found.items()}
    diverged = {n: seeds_last(a["diverged"] >= 0, seeds).mean(1) for n, a in found.items()}
    for name in found:
        study.curve(
            f"accuracy.{name}", places, accuracy[name].mean(1), f"mean test accuracy by {xlabel}"
        )
        study.curve(f"diverged.{name}", places, diverged[name], "share of seeds that diverged")
    picture = study.figure(
        sweeps.sweep,
        "Test accuracy after training (mean over seeds, band: 95 % interval), and the share of seeds whose "
        f"loss became infinite, against the {xlabel}.",
        alt,
        places=np.array(places),
        curves={name: intervals(values) for name, values in accuracy.items()},
        shares=diverged,
        xlabel=xlabel,
    )
    return accuracy, picture
