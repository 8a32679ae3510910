"""Phenomena 13 to 18: tuning for orientation and spatial frequency, with diameter and contrast."""

import numpy as np
import torch

from normlab.lab.cortex.curves import peak, width
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import TARGET
from normlab.lab.cortex.setup import (
    OCTAVES,
    ORIENTATIONS,
    PATCH,
    Lab,
    Study,
    panel,
    picture,
    rates,
    sets,
)

GRADES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
DIAMETERS = (PATCH, 2 * PATCH)


def gratings(model: V1, axis: str, diameter: float | None = None) -> list:
    """Gratings over ORIENTATIONS or OCTAVES, filling the screen or within a disk."""
    screen = model.screen
    window = 1.0 if diameter is None else screen.disk(diameter)
    if axis == "orientation":
        return [screen.grating(TARGET, a) * window for a in ORIENTATIONS]
    return [screen.grating(2.0**f) * window for f in OCTAVES]


def tuned(
    lab: Lab, axis: str, diameter: float | None = None, model: V1 | None = None
) -> np.ndarray:
    """Rates (place on the axis, GRADES) and drives; kept where the standard set measured them."""
    model = model or lab.model()
    key = f"{axis} {diameter} {model.parameters}"
    if key not in lab.kept:
        images = gratings(model, axis, diameter)
        lab.kept[key] = rates(model, images, GRADES)
    return lab.kept[key]


def place(axis: str) -> tuple[np.ndarray, str, dict]:
    """The sweep of an axis, its label, and how it is drawn."""
    if axis == "orientation":
        return ORIENTATIONS, "orientation (°)", {}
    return OCTAVES, "spatial frequency (cycles/°)", {"octaves": True}


def _some(lab: Lab, axis: str, diameter: float | None = None) -> dict:
    """Three of the gratings, for the figure."""
    x, _, _ = place(axis)
    images = gratings(lab.model(), axis, diameter)
    picks = (-30.0, 0.0, 45.0) if axis == "orientation" else (0.0, 1.0, 2.0)
    names = [f"{p:g}°" if axis == "orientation" else f"{2**p:g} cycles/°" for p in picks]
    return {n: images[int(np.argmin(np.abs(x - p)))] for n, p in zip(names, picks, strict=True)}


def _alone(study: Study, axis: str, preferred: float, unit: str) -> None:
    lab = study.shared
    x, xlabel, look = place(axis)
    rate = tuned(lab, axis)[:, -1]
    drive = lab.model().own_drive(torch.stack(gratings(lab.model(), axis))).numpy()
    wide, filter_wide = width(x, rate), width(x, drive)
    study.number("width", wide, f"full width at half height,{unit}")
    study.number("filter", filter_wide, f"the same of the filter's drive,{unit}")
    study.near("width", wide)
    study.claim("at-preference", abs(peak(x, rate) - preferred))
    study.claim("narrower", wide / filter_wide)
    study.found = f"width {wide:.3g}{unit}, the filter's {filter_wide:.3g}{unit}"
    both = {"response": rate / rate.max(), "filter": drive / drive.max()}
    picture(
        study,
        f"Tuning of the response and of the filter's drive, full-screen gratings of contrast 1; steps of "
        f"{x[1] - x[0]:.2g}{unit}, with straight lines between them, decide the width.",
        "A peak at the preferred value; the response is narrower than the filter.",
        [panel(x, both, xlabel, ylabel="relative to the largest", levels={"half": 0.5}, **look)],
        _some(lab, axis),
    )


def orientation(study: Study) -> None:
    _alone(study, "orientation", 0.0, "°")


def frequency(study: Study) -> None:
    _alone(study, "frequency", 1.0, " octaves")


def _by_diameter(study: Study, axis: str, unit: str) -> None:
    lab = study.shared
    x, xlabel, look = place(axis)
    curves = {f"{d:.2f}°": tuned(lab, axis, d)[:, -1] for d in DIAMETERS}
    widths = [width(x, rate) for rate in curves.values()]
    study.curve("width", curves, widths, f"full width at half height by diameter,{unit}")
    study.near("small", widths[0])
    study.near("large", widths[1])
    study.claim("narrows", widths[1] / widths[0])
    study.found = (
        f"{widths[0]:.3g}{unit} at {DIAMETERS[0]}°, {widths[1]:.3g}{unit} at {DIAMETERS[1]}°"
    )
    picture(
        study,
        "Tuning with a patch as large as the receptive field and with one twice as large, contrast 1.",
        "Two tuning curves; the larger patch's is lower and narrower.",
        [panel(x, curves, xlabel, **look),
         panel(x, {k: r / r.max() for k, r in curves.items()}, xlabel, ylabel="relative", **look)],
        {k: gratings(lab.model(), axis, d)[int(np.argmin(np.abs(x - (0 if axis == "orientation" else 1))))]
         for k, d in zip(curves, DIAMETERS, strict=True)},
    )  # fmt: skip


def orientation_by_diameter(study: Study) -> None:
    _by_diameter(study, "orientation", "°")


def frequency_by_diameter(study: Study) -> None:
    _by_diameter(study, "frequency", " octaves")


def _relative(x: np.ndarray, all_rates: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Curves relative to their largest, and their widths, by contrast."""
    curves = {f"{c:.0%}": r / r.max() for c, r in zip(GRADES, all_rates.T, strict=True)}
    return curves, np.array([width(x, rate) for rate in curves.values()])


def orientation_by_contrast(study: Study) -> None:
    lab = study.shared
    curves, widths = _relative(ORIENTATIONS, tuned(lab, "orientation"))
    study.curve("width", curves, widths, "full width at half height (degrees) by contrast")
    study.near("low", widths[0])
    study.near("high", widths[4])
    study.claim("constant", widths[:5].max() / widths[:5].min())
    study.found = f"{widths[0]:.1f}° at 5 %, {widths[4]:.1f}° at 80 %"
    picture(
        study,
        "Tuning for orientation at six contrasts, each curve relative to its largest.",
        "Six tuning curves that nearly coincide.",
        [panel(ORIENTATIONS, curves, "orientation (°)", ylabel="relative to its largest")],
        {f"{c:.0%}": lab.model().screen.grating(TARGET) * c for c in (0.1, 0.4, 1.0)},
    )


def frequency_by_contrast(study: Study) -> None:
    lab = study.shared
    panels, found = [], []
    for prefix, label, model in sets(study):
        curves, widths = _relative(OCTAVES, tuned(lab, "frequency", model=model))
        study.curve(f"{prefix}width", curves, widths, f"width (octaves) by contrast, {label}")
        study.claim(
            prefix + "narrows", widths[1] / widths[4],
            detail=f"{widths[1]:.3f} at 10 %, {widths[4]:.3f} octaves at 80 %; 5 %: {widths[0]:.3f}",
        )  # fmt: skip
        found.append(f"{label} {widths[4]:.2f} → {widths[1]:.2f} octaves")
        panels.append(
            panel(OCTAVES, curves, "cycles/°", octaves=True, title=label, ylabel="relative")
        )
    study.found = "; ".join(found) + " from 80 to 10 %"
    picture(
        study,
        "Tuning for spatial frequency at six contrasts, each curve relative to its largest.",
        "Tuning curves by contrast: wider at low contrast with the standard set, slightly narrower with "
        "the changed set.",
        panels,
    )
