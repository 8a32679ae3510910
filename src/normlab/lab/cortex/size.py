"""Phenomena 1 to 6: the size of gratings, and of holes in them."""

import numpy as np
import torch

from normlab.lab.cortex.curves import largest_rise, peak
from normlab.lab.cortex.parameters import LARGE, TARGET
from normlab.lab.cortex.setup import PATCH, Lab, Study, panel, picture, rates

STEP = 0.09  # degrees, two pixels
DIAMETERS = STEP * np.arange(1, 33)
WIDE = np.concatenate([STEP * np.arange(1, 25), STEP * np.arange(27, 63, 5)])  # to 5.58°
LAST = float(WIDE[-1]) - 1
GRADES = (1.0, 0.5, 0.25, 0.12)
SWEEP = np.unique(np.concatenate([np.array(GRADES), np.geomspace(0.02, 1.0, 18)]))
TURNED = 15.9  # degrees: where the response to a large grating is half
LOW, HIGH = 2**-0.21, 2**1.52  # cycles/degree: where that to a 0.81° grating is half


def sweep(lab: Lab) -> np.ndarray:
    """Rates (diameter, contrast) over WIDE and SWEEP on the large grid; several phenomena read them."""
    if "size" not in lab.kept:
        screen = lab.model(LARGE).screen
        disks = [screen.grating(TARGET) * screen.disk(d) for d in WIDE]
        lab.kept["size"] = rates(lab.model(LARGE), disks, SWEEP)
    return lab.kept["size"]


def at(lab: Lab, contrast: float) -> np.ndarray:
    """The sweep's rates over diameters at one contrast."""
    return sweep(lab)[:, int(np.argmin(np.abs(SWEEP - contrast)))]


def _disks(lab: Lab, diameters, frequency: float = TARGET, orientation: float = 0.0):
    screen = lab.model().screen
    return {d: screen.grating(frequency, orientation) * screen.disk(d) for d in diameters}


def tuning(study: Study) -> None:
    lab = study.shared
    rate = at(lab, 1.0)
    best = peak(WIDE, rate)
    study.number("diameter", best, "diameter of the largest response, degrees")
    study.curve("rate", WIDE, rate, "spikes/s at contrast 1 by diameter (degrees), grid 5.76°")
    study.near("diameter", best)
    study.near("peak", rate.max())
    study.near("plateau", rate[-1])
    study.claim("rises", rate[0] / rate.max())
    study.claim("falls", rate[-1] / rate.max())
    study.claim("level", np.ptp(rate[WIDE >= LAST]) / rate.max())
    study.found = f"peak {rate.max():.1f} spikes/s at {best:.2f}°, plateau {rate[-1]:.1f}"
    picture(
        study,
        f"Response to a grating of contrast 1 against its diameter, in steps of {STEP}° (two pixels), "
        "which decide the peak.",
        "A curve that rises steeply to its peak at 0.81 degrees, falls to half, and levels off.",
        [panel(WIDE, {"model": rate}, "diameter (°)", marks={f"peak, {best:.2f}°": best},
               levels={"closed form, very large": lab.parameters.asymptote(1.0)})],
        {f"{d:.2f}°": image for d, image in _disks(lab, (0.36, 0.81, 1.62)).items()},
    )  # fmt: skip


def by_contrast(study: Study) -> None:
    curves = {f"{c:.0%}": at(study.shared, c) for c in GRADES}
    best = [peak(WIDE, rate) for rate in curves.values()]
    study.curve("diameter", curves, best, "diameter of the largest response (degrees) by contrast")
    for name, value in zip(("half", "quarter", "eighth"), best[1:], strict=True):
        study.near(name, value)
    study.claim("grows", best[3] / best[0])
    study.found = "peak at " + ", ".join(
        f"{b:.2f}° ({c})" for b, c in zip(best, curves, strict=True)
    )
    inner = WIDE <= 2.2
    relative = {c: (rate / rate.max())[inner] for c, rate in curves.items()}
    picture(
        study,
        "Size tuning at four contrasts: rates, and each curve relative to its own peak.",
        "Four curves with peaks that move to the right as contrast falls.",
        [panel(WIDE[inner], {c: r[inner] for c, r in curves.items()}, "diameter (°)"),
         panel(WIDE[inner], relative, "diameter (°)", ylabel="relative to its peak")],
        {c: _disks(study.shared, (0.81,))[0.81] * value for c, value in zip(curves, GRADES, strict=True)},
    )  # fmt: skip


def _shrinking(study: Study, gratings: dict[str, tuple[float, float]]) -> list[float]:
    """Size tuning for gratings of other (frequency, orientation); the peak diameters."""
    lab = study.shared
    curves = {
        label: rates(lab.model(), _disks(lab, DIAMETERS, *kind).values())[:, 0]
        for label, kind in gratings.items()
    }
    best = [peak(DIAMETERS, rate) for rate in curves.values()]
    study.curve("diameter", curves, best, "diameter of the largest response, degrees")
    study.found = "peak at " + ", ".join(
        f"{b:.2f}° ({c})" for b, c in zip(best, curves, strict=True)
    )
    picture(
        study,
        "Size tuning with the preferred grating and with others.",
        "Size-tuning curves; those of gratings that are not preferred peak at smaller diameters.",
        [panel(DIAMETERS, curves, "diameter (°)")],
        {label: _disks(lab, (0.81,), *kind)[0.81] for label, kind in gratings.items()},
    )
    return best


def by_orientation(study: Study) -> None:
    best = _shrinking(study, {"0°": (TARGET, 0.0), f"{TURNED}°": (TARGET, TURNED)})
    study.near("turned", best[1])
    study.claim("shrinks", best[1] / best[0])


def by_frequency(study: Study) -> None:
    gratings = {"2 cycles/°": TARGET, f"{LOW:.2f} cycles/°": LOW, f"{HIGH:.2f} cycles/°": HIGH}
    best = _shrinking(study, {label: (f, 0.0) for label, f in gratings.items()})
    study.near("low", best[1])
    study.near("high", best[2])
    study.claim("low-shrinks", best[1] / best[0])
    study.claim("high-shrinks", best[2] / best[0])


def _holes(lab: Lab) -> tuple[np.ndarray, np.ndarray, dict[float, torch.Tensor]]:
    """Inner diameters, rates (diameter, GRADES) and the annuli."""
    inner = np.concatenate([[0.0], DIAMETERS[:28]])
    screen = lab.model().screen
    images = {d: screen.grating(TARGET) * screen.annulus(d) for d in inner}
    if "holes" not in lab.kept:
        lab.kept["holes"] = rates(lab.model(), images.values(), GRADES)
    return inner, lab.kept["holes"], images


def hole(study: Study) -> None:
    inner, all_rates, images = _holes(study.shared)
    rate, blank = all_rates[:, 0], study.shared.blank
    lowest = int(np.argmin(rate))
    study.curve("rate", inner, rate, "spikes/s at contrast 1 by the hole's diameter (degrees)")
    study.claim("steady", largest_rise(rate[: lowest + 1]) / rate[0])
    study.claim(
        "spontaneous", abs(rate[lowest] - blank) / rate[0],
        detail=f"{rate[lowest]:.2f} spikes/s, below the blank's {blank:.2f}",
    )  # fmt: skip
    study.claim("half", rate[int(np.argmin(np.abs(inner - PATCH)))] / rate[0])
    study.found = f"from {rate[0]:.1f} to {rate[lowest]:.2f} spikes/s (blank {blank:.2f})"
    picture(
        study,
        "Response to a large grating with a hole in its middle. Below the blank's rate: the surround "
        "inhibits, and the maintained discharge lets it be seen.",
        "A curve that falls from 41 spikes per second to less than the blank's rate.",
        [panel(inner, {"model": rate}, "diameter of the hole (°)", levels={"blank": blank})],
        {f"{d:.2f}°": images[d] for d in inner[[0, 5, 9, 18]]},
    )


def hole_by_contrast(study: Study) -> None:
    inner, all_rates, _ = _holes(study.shared)
    relative = all_rates / all_rates[0]
    study.claim("invariant", np.ptp(relative, axis=1).max())
    study.found = f"curves differ by {np.ptp(relative, axis=1).max():.3f} of their first"
    labels = [f"{c:.0%}" for c in GRADES]
    picture(
        study,
        "The same at four contrasts: rates, and each curve relative to the response without a hole.",
        "Four falling curves that nearly coincide once each is divided by its first value.",
        [panel(inner, dict(zip(labels, all_rates.T, strict=True)), "diameter of the hole (°)"),
         panel(inner, dict(zip(labels, relative.T, strict=True)), "diameter of the hole (°)",
               ylabel="relative to no hole")],
    )  # fmt: skip
