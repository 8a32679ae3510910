"""Norms from biology against batch norm: accuracy, other contrasts, and sparsity."""

from collections.abc import Mapping

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.drawings import dots
from normlab.lab.training.effects import difference, intervals, points
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.plan import Plan
from normlab.lab.training.presenting import present
from normlab.lab.training.setup import Study
from normlab.report.page import Numbers

KINDS = {  # name → normaliser, and where it stands relative to the ReLU
    "none": ("none", "after"),
    "batch": ("batch", "before"),
    "lrn": ("lrn", "after"),
    "divisive": ("divisive", "before"),
    "miller": ("miller", "after"),
    "batch after": ("batch", "after"),
}
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
OTHERS = [i for i, factor in enumerate(FACTORS) if factor != 1]
TAPS = ("input_0", "normed_0", "output_0")
LR = 5e-3
Found = Mapping[str, Mapping[str, np.ndarray]]


def cells(plan: Plan) -> dict[str, Training]:
    steps = plan.choose(300, 100)
    kinds = [(name, Origin(kind), place) for name, (kind, place) in KINDS.items()]
    known = [norm for _, norm, _ in kinds]
    kinds += [(n.name, n, "before") for n in plan.norms() if n not in known]
    return {
        name: plan.training(
            network="cnn",
            options={"place": place},
            norm=norm,
            steps=steps,
            marks=(steps,),
            lrs=(LR,),
            optimizer="adam",
            probes={"contrasts": {"factors": FACTORS}, "sparsity": {"taps": TAPS}},
        )
        for name, norm, place in kinds
    }


def measure(study: Study) -> None:
    found = study.shared.of(study)
    for name, cell in found.items():
        contrast, gini = cell["contrast"][:, -1].mean(0), cell["gini"][:, -1].mean(0)
        study.curve(f"contrast.{name}", FACTORS, contrast, "mean test accuracy by contrast")
        study.curve(f"gini.{name}", TAPS, gini, "Gini index around the first layer's norm")
    _judge(study, found)
    present(study, _design(study, found), _figure(study, found), _table(found))


def sparser(cell: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much the first norm raises the Gini index: output − input, one for each seed."""
    gini = cell["gini"][:, -1].astype(float)
    return gini[:, TAPS.index("normed_0")] - gini[:, TAPS.index("input_0")]


def _judge(study: Study, found: Found) -> None:
    overlap = study.shared.plan.overlap
    accuracy = {name: cell["test_accuracy"][:, -1] for name, cell in found.items()}
    other = {name: cell["contrast"][:, -1][:, OTHERS].mean(1) for name, cell in found.items()}
    mean, spread = difference(accuracy["batch"], accuracy["lrn"], overlap)
    study.claim("batch", mean, spread, points(mean, spread))
    study.found = f"batch norm − local response norm {points(mean, spread)}"
    mean, spread = difference(other["batch"], other["divisive"], overlap)
    study.claim("also.contrast", mean, spread, points(mean, spread))
    for claim, name in (("also.sparse", "miller"), ("also.canonical", "batch after")):
        study.claim(claim, *mean_and_spread(sparser(found[name])))


def _design(study: Study, found: Found) -> str:
    plan = study.shared.plan
    return (
        f"Two convolutions of 3 × 3 with 8 and 16 channels, each with a norm, a ReLU and pooling, then "
        f"means over four quarters; batches of 32 for {found['batch']['loss'].shape[1]} steps of Adam at "
        f"{LR:g}, whose steps do not depend on the size of the gradient. "
        f"Local response norm (AlexNet's numbers) and Miller's divisive norm stand after the ReLU, batch "
        f"norm and signed divisive norm (σ learned) before it; batch norm a second time after it. Contrast: "
        f"test images, scaled as the training images are, times a factor about the image's mean. Gini index "
        f"of all values of one image at the first norm's input and output, and before pooling. "
        f"{plan.words} {plan.about_splits} Those of the Gini index are Student's."
    )


def _figure(study: Study, found: Found):
    contrast = {name: intervals(cell["contrast"][:, -1].T) for name, cell in found.items()}
    gini = {name: intervals(cell["gini"][:, -1].T) for name, cell in found.items()}
    return study.figure(
        dots.panels,
        "Left: accuracy on test images of other contrast than in training. Right: Gini index at the first "
        "norm's input and output and before pooling, 0 where all values are alike, near 1 where few are "
        "large. Means over seeds, 95 % intervals.",
        "Left, curves of accuracy that fall off on both sides of contrast 1. Right, dots of the Gini index "
        "before and after each norm.",
        panels=(
            ("Accuracy by contrast", tuple(f"×{f:g}" for f in FACTORS), contrast),
            ("Gini index", ("norm's input", "its output", "layer's output"), gini),
        ),
        ylabel=("test accuracy", "Gini index"),
        joined=True,
    )


def _table(found: Found) -> Numbers:
    rows = []
    for name, cell in found.items():
        mean, spread = mean_and_spread(cell["test_accuracy"][:, -1])
        by_contrast = (float(v) for v in cell["contrast"][:, -1].mean(0))
        rows.append((name, mean, spread, *by_contrast, float(sparser(cell).mean())))
    header = ("norm", "accuracy", "±", *(f"contrast ×{f:g}" for f in FACTORS), "Gini, out − in")
    return Numbers("Accuracy, by contrast too, and sparsity", header, tuple(rows))
