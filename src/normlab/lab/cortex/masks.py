"""Phenomena 21 to 23: masks on top of the grating."""

import numpy as np

from normlab.lab.cortex.curves import half_contrast, suppression
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import TARGET
from normlab.lab.cortex.setup import (
    CONTRASTS,
    Study,
    pairs,
    panel,
    picture,
    rates,
    sets,
    with_second,
)

ANGLES = np.arange(-90.0, 90.1, 7.5)
OCTAVES = np.arange(-1.5, 3.26, 0.125)
QUADRATURE = 90.0  # degrees: the mask's phase, without which signal and mask add up
SIGNAL, MASK, STRONG = 0.15, 0.25, 0.5  # contrasts


def plaids(model: V1, phase: float = QUADRATURE) -> np.ndarray:
    """Rates (mask's orientation, [signal alone, with mask, with a strong mask]); mask 1 cycle/degree."""
    screen = model.screen
    masks = [screen.grating(TARGET / 2, angle, phase) for angle in ANGLES]
    amounts = [(SIGNAL, 0.0), (SIGNAL, MASK), (SIGNAL, STRONG)]
    return rates(model, pairs(screen.grating(TARGET), masks), amounts)


def orientation(study: Study) -> None:
    lab = study.shared
    panels, found = [], []
    for prefix, label, model in sets(study):
        alone, masked, strong = plaids(model).T
        index = suppression(masked, float(alone[0]))
        hard = suppression(strong, float(alone[0]))
        study.claim(prefix + "broad", index.min())
        study.claim(prefix + "orthogonal", abs(ANGLES[int(np.argmin(index))]))
        study.claim(prefix + "complete", hard.max())
        study.curve(f"{prefix}index", ANGLES, index, f"suppression index by orientation, {label}")
        found.append(f"{label}: {index.min():.2f} to {index.max():.2f}, at most {hard.max():.2f}")
        lines = {f"mask {MASK:.0%}": index, f"mask {STRONG:.0%}": hard}
        panels.append(
            panel(
                ANGLES,
                lines,
                "orientation of the mask (°)",
                ylabel="suppression index",
                title=label,
            )
        )
    study.found = "; ".join(found)
    screen = lab.model().screen
    picture(
        study,
        f"How much a mask of 1 cycle/degree takes from the response to a signal of {SIGNAL:.0%}: 1 − R with "
        "/ R without. The mask's phase is 90° from the signal's.",
        "Suppression at every orientation of the mask, lowest at 90 degrees.",
        panels,
        {
            "signal": screen.grating(TARGET) * SIGNAL,
            **{
                f"with mask, {a}°": screen.grating(TARGET) * SIGNAL
                + screen.grating(TARGET / 2, float(a), QUADRATURE) * MASK
                for a in (0, 45, 90)
            },
        },
    )


def _dip(model: V1) -> tuple[np.ndarray, float, float]:
    """Suppression by an orthogonal mask over OCTAVES, its largest's place and size; signal 10 %."""
    screen = model.screen
    masks = [screen.grating(2.0**f, 90.0, QUADRATURE) for f in OCTAVES]
    alone, masked = rates(model, pairs(screen.grating(TARGET), masks), [(0.1, 0.0), (0.1, MASK)]).T
    index = suppression(masked, float(alone[0]))
    return index, float(OCTAVES[int(np.argmax(index))]), float(index.max())


def frequency(study: Study) -> None:
    model = study.shared.model()
    index, place, depth = _dip(model)
    study.claim("near", abs(place - np.log2(TARGET)))
    study.claim("deep", depth)
    study.curve("index", 2.0**OCTAVES, index, "suppression index by the mask's cycles/degree")
    study.found = f"{depth:.2f} at {2**place:.2f} cycles/°"
    screen = model.screen
    picture(
        study,
        f"Suppression of a signal of 10 % by an orthogonal mask of {MASK:.0%} against the mask's frequency.",
        "Suppression that is largest a little below the preferred frequency.",
        [panel(OCTAVES, {"model": index}, "mask (cycles/°)", ylabel="suppression index", octaves=True,
               marks={"preferred": float(np.log2(TARGET))})],
        {f"{f:g} cycles/°": screen.grating(TARGET) * 0.1 + screen.grating(f, 90.0) * MASK
         for f in (0.5, 1.41, 4.0)},
    )  # fmt: skip


def shifted(study: Study) -> None:
    lines, found = {}, []
    for prefix, label, model in sets(study):
        lines[label], place, _ = _dip(model)
        study.claim(
            prefix + "octave", abs(place - np.log2(TARGET)), detail=f"{2**place:.2f} cycles/°"
        )
        found.append(f"{label}: dip at {2**place:.2f} cycles/°")
    study.found = "; ".join(found)
    picture(
        study,
        "The same suppression with a pool whose preferred frequency lies an octave below the cell's.",
        "Two curves of suppression; the changed set's has its largest value at a lower frequency.",
        [panel(OCTAVES, lines, "mask (cycles/°)", ylabel="suppression index", octaves=True,
               marks={"preferred": float(np.log2(TARGET))})],
    )  # fmt: skip


def contrast(study: Study) -> None:
    model = study.shared.model()
    screen = model.screen
    strengths = (0.0, 0.06, 0.12, 0.25, 0.5)
    contrasts = CONTRASTS[CONTRASTS <= 0.5]
    both = pairs(screen.grating(TARGET), [screen.grating(TARGET, 90.0)])
    amounts = np.concatenate([with_second(contrasts, k) for k in strengths])
    all_rates = rates(model, both, amounts)[0].reshape(len(strengths), -1)
    top = all_rates[0].max()
    halves = [half_contrast(contrasts, rate, 0.0) for rate in all_rates]
    names = [f"{k:.0%}" for k in strengths]
    study.curve(
        "half", names, halves, "contrast of half the largest response, by the mask's contrast"
    )
    study.claim("right", halves[4] / halves[0])
    study.claim("down", all_rates[4].max() / top)
    study.claim("negligible", halves[1] / halves[0])
    study.found = f"half at {halves[0]:.3f} without, {halves[1]:.3f} (6 %), {halves[4]:.3f} (50 %)"
    picture(
        study,
        "Contrast responses under an orthogonal mask of the preferred frequency.",
        "Sigmoids that move to the right as the mask grows; those of weak masks coincide.",
        [panel(contrasts, dict(zip(names, all_rates, strict=True)), "contrast of the signal", log=True)],
        {"signal": screen.grating(TARGET) * 0.25,
         **{f"mask {k:.0%}": screen.grating(TARGET) * 0.25 + screen.grating(TARGET, 90.0) * k
            for k in (0.12, 0.5)}},
    )  # fmt: skip
