"""Phenomena 19 and 20: square gratings, whose third harmonic a linear filter passes too."""

import numpy as np

from normlab.lab.cortex.curves import half_contrast
from normlab.lab.cortex.parameters import TARGET
from normlab.lab.cortex.setup import CONTRASTS, Study, panel, picture, rates, sets

OCTAVES = np.arange(-1.5, 3.01, 0.1)
THIRD = float(np.log2(TARGET / 3))


def _second_peak(rate: np.ndarray) -> tuple[float, float]:
    """Place (octaves) and height of the highest local maximum below the half of the target."""
    inner = np.flatnonzero((rate[1:-1] > rate[:-2]) & (rate[1:-1] >= rate[2:])) + 1
    below = [i for i in inner if np.log2(TARGET) - 2.2 < OCTAVES[i] < np.log2(TARGET) - 0.9]
    if not below:
        return float("nan"), 0.0
    best = max(below, key=lambda i: rate[i])
    return float(OCTAVES[best]), float(rate[best])


def tuning(study: Study) -> None:
    panels, found = [], []
    for prefix, label, model in sets(study):
        waves = {"sine": model.screen.grating, "square": model.screen.square_wave}
        lines = {
            name: rates(model, [wave(2.0**f) for f in OCTAVES])[:, 0]
            for name, wave in waves.items()
        }
        place, height = _second_peak(lines["square"])
        distance = abs(place - THIRD)
        share = height / lines["square"].max()
        study.claim(
            prefix + "place", distance if distance == distance else 9.0,
            detail=f"at {2**place:.2f} cycles/degree" if distance == distance else "no second peak",
        )  # fmt: skip
        study.claim(prefix + "height", share)
        study.number(f"{prefix}height", share, f"second peak relative to the first, {label}")
        found.append(f"{label}: {share:.2f} of the first peak")
        panels.append(
            panel(OCTAVES, lines, "cycles/°", octaves=True, title=label, marks={"F*/3": THIRD})
        )
    study.found = "; ".join(found)
    screen = study.shared.model().screen
    picture(
        study,
        "Tuning for sinusoidal and square gratings of contrast 1. Each pixel of a square grating is the "
        "mean of 16 × 16 points in it, so that its high harmonics do not come back as low ones. Cells reach "
        "0.6 to 0.8 of the first peak, a linear filter a third.",
        "Two tuning curves; with the changed set the square gratings' has a second peak near two thirds "
        "of a cycle per degree.",
        panels,
        {"sine, F*/3": screen.grating(TARGET / 3), "square, F*/3": screen.square_wave(TARGET / 3)},
    )


def contrast(study: Study) -> None:
    lab = study.shared
    panels, found = [], []
    for prefix, label, model in sets(study):
        waves = {"sine": model.screen.grating, "square": model.screen.square_wave}
        all_rates = rates(model, [wave(TARGET) for wave in waves.values()], CONTRASTS)
        halves = [half_contrast(CONTRASTS, rate, model.parameters.blank) for rate in all_rates]
        study.claim(prefix + "left", halves[1] / halves[0])
        study.curve(f"{prefix}half", waves, halves, f"contrast of half the response, {label}")
        found.append(f"{label}: half at {halves[1]:.3f} for {halves[0]:.3f}")
        panels.append(
            panel(
                CONTRASTS,
                dict(zip(waves, all_rates, strict=True)),
                "contrast",
                log=True,
                title=label,
            )
        )
    study.found = "; ".join(found)
    screen = lab.model().screen
    picture(
        study,
        "Contrast responses to sinusoidal and square gratings of 2 cycles/degree. The fundamental of a "
        "square wave is 4/π of its contrast.",
        "Two sigmoids in each panel, that of square gratings to the left.",
        panels,
        {"sine": screen.grating(TARGET), "square": screen.square_wave(TARGET)},
    )
