"""Phenomena 7 to 12: contrast response, alone and with orientation, frequency, noise, diameter."""

import numpy as np
import torch

from normlab.lab.cortex.curves import half_contrast, steepest
from normlab.lab.cortex.parameters import TARGET
from normlab.lab.cortex.setup import (
    CONTRASTS,
    PATCH,
    Study,
    panel,
    picture,
    rates,
    sets,
    with_second,
)
from normlab.lab.cortex.size import SWEEP, WIDE, sweep

OCTAVE_APART = 2.0 ** np.arange(-7, 1)  # contrasts
BLOCK = 0.25 / TARGET  # degrees: a quarter of a cycle
NOISE = 0.25  # contrast
SEEN = np.array([0.0, 0.03, 0.06, 0.12, 0.18, 0.25, 0.35, 0.5])


def response(study: Study) -> None:
    lab = study.shared
    grating = lab.model().screen.grating(TARGET)
    fine = rates(lab.model(), [grating], CONTRASTS)[0]
    coarse = rates(lab.model(), [grating], OCTAVE_APART)[0]
    rises = np.diff(coarse)
    study.near("steepest", steepest(CONTRASTS, fine))
    study.near("steepest-octaves", steepest(OCTAVE_APART, coarse))
    study.claim("foot", rises[0] / rises.max())
    study.claim("shoulder", abs(rises[-1]) / rises.max())
    top = CONTRASTS[int(np.argmax(fine))]
    study.curve("rate", OCTAVE_APART, coarse, "spikes/s by contrast, large grating")
    study.found = f"steepest at {steepest(CONTRASTS, fine):.1%}, largest at {top:.0%}"
    picture(
        study,
        f"Response to a large preferred grating. The steepest place is {steepest(CONTRASTS, fine):.1%} on "
        f"a fine grid and {steepest(OCTAVE_APART, coarse):.1%} on contrasts an octave apart: the grid "
        "decides whether it is the published 9 %.",
        "A sigmoid on a logarithmic axis of contrast.",
        [panel(CONTRASTS, {"model": fine}, "contrast", log=True,
               marks={"steepest": steepest(CONTRASTS, fine)})],
        {f"{c:.0%}": grating * c for c in (0.06, 0.25, 1.0)},
    )  # fmt: skip


def supersaturation(study: Study) -> None:
    lab = study.shared
    lines, lost = {}, []
    for prefix, label, model in sets(study):
        rate = rates(model, [model.screen.grating(TARGET)], CONTRASTS)[0]
        lines[label] = rate
        lost.append(1 - rate[-1] / rate.max())
        study.claim(
            prefix + "turns", lost[-1], detail=f"largest {rate.max():.1f}, last {rate[-1]:.1f}"
        )
    study.curve("lost", lines, lost, "1 − response at contrast 1 / largest response")
    study.found = f"loses {lost[0]:.1%}; changed set {lost[-1]:.0%}"
    picture(
        study,
        "Contrast response of the standard set, which hardly turns down, and of the changed set.",
        "Two curves; the standard one stays level at high contrast, the changed one falls.",
        [panel(CONTRASTS, lines, "contrast", log=True)],
        {f"{c:.0%}": lab.model().screen.grating(TARGET) * c for c in (0.25, 0.5, 1.0)},
    )


def noise(study: Study) -> None:
    lab = study.shared
    model, screen = lab.model(), lab.model().screen
    generator = torch.Generator().manual_seed(lab.settings.seed)
    patch = screen.disk(PATCH)
    grating = screen.grating(TARGET) * patch
    frames = screen.binary_noise(lab.settings.noises, BLOCK, generator) * patch
    sets_of = torch.stack([torch.stack([grating, frame]) for frame in frames])
    each = rates(model, sets_of, with_second(SEEN, NOISE))
    mean, error = each.mean(0), each.std(0, ddof=1) / np.sqrt(len(each))
    alone = rates(model, [grating], SEEN)[0]
    for name, i, base in (
        ("raises", 0, lab.blank),
        ("lowers-12", 3, alone[3]),
        ("lowers-50", 7, alone[7]),
    ):
        study.claim(name, mean[i] / base, 2 * error[i] / base)
    study.curve("with", SEEN, mean, f"mean spikes/s with noise of {NOISE:.0%}, by contrast")
    study.curve("alone", SEEN, alone, "spikes/s without noise, by contrast")
    study.found = (
        f"{mean[0]:.1f} instead of {alone[0]:.1f} spikes/s at contrast 0, "
        f"{mean[3]:.1f} instead of {alone[3]:.1f} at 12 %"
    )
    picture(
        study,
        f"A patch of {PATCH}° with and without binary noise of {NOISE:.0%} in blocks of a quarter cycle, "
        f"the mean of {len(frames)} frames.",
        "Two rising curves that cross: with noise the response is higher at no contrast and lower above.",
        [panel(SEEN, {"alone": alone, "with noise": mean}, "contrast of the grating")],
        {"grating": grating * 0.25, "noise": frames[0] * NOISE,
         "both": grating * 0.25 + frames[0] * NOISE},
    )  # fmt: skip


def _scaled(curves: np.ndarray) -> float:
    """How far curves are from multiples of the first: largest residual, relative to each's peak."""
    first = curves[0]
    best = (curves @ first)[:, None] / (first @ first) * first
    return float((np.abs(curves - best).max(1) / curves.max(1)).max())


def _family(
    study: Study, gratings: dict[str, tuple[float, float]]
) -> tuple[np.ndarray, list[float]]:
    """Contrast responses above the blank to patches of (frequency, orientation); half-contrasts."""
    lab = study.shared
    screen = lab.model().screen
    images = {k: screen.grating(*kind) * screen.disk(PATCH) for k, kind in gratings.items()}
    all_rates = rates(lab.model(), images.values(), CONTRASTS)
    halves = [half_contrast(CONTRASTS, rate, lab.blank) for rate in all_rates]
    study.curve("half", gratings, halves, "contrast of half the largest response above the blank's")
    study.curve("top", gratings, all_rates.max(1), "largest response, spikes/s")
    study.found = "half at " + ", ".join(
        f"{h:.3f} ({k})" for h, k in zip(halves, gratings, strict=True)
    )
    above = all_rates - lab.blank
    picture(
        study,
        f"Contrast responses to patches of {PATCH}°, and the same relative to each curve's largest.",
        "Contrast responses of different heights that nearly coincide once divided by their largest.",
        [panel(CONTRASTS, dict(zip(gratings, all_rates, strict=True)), "contrast", log=True),
         panel(CONTRASTS, dict(zip(gratings, above / above.max(1, keepdims=True), strict=True)),
               "contrast", log=True, ylabel="relative to its largest")],
        images,
    )  # fmt: skip
    return above, halves


def by_orientation(study: Study) -> None:
    above, halves = _family(study, {f"{a}°": (TARGET, float(a)) for a in (0, 15, 30)})
    for name, half in zip(("half-0", "half-15", "half-30"), halves, strict=True):
        study.near(name, half)
    study.claim("scaled", _scaled(above))


def by_frequency(study: Study) -> None:
    above, _ = _family(study, {f"{f:g} cycles/°": (f, 0.0) for f in (2.0, 1.0, 1.41, 2.83)})
    study.claim("down", above[1:].max() / above[0].max())
    study.claim("scaled", _scaled(above))


def by_diameter(study: Study) -> None:
    all_rates = sweep(study.shared)
    chosen = [int(np.argmin(np.abs(WIDE - d))) for d in (0.2, 0.4, PATCH, 1.6, 3.2, 4.8)]
    tops = all_rates.max(1)
    lost = 1 - all_rates[:, -1] / tops
    study.near("largest", WIDE[int(np.argmax(tops))])
    study.claim("falls", tops[chosen[-1]] / tops[chosen[2]])
    study.claim("saturates", lost[WIDE >= 1.6].min())
    study.claim("only-large", lost[WIDE <= PATCH].max())
    names = [f"{WIDE[i]:.2f}°" for i in chosen]
    study.curve("top", names, tops[chosen], "largest response by diameter, spikes/s")
    study.curve("lost", names, lost[chosen], "1 − response at contrast 1 / largest, by diameter")
    study.found = f"maximum {tops[chosen[2]]:.1f} at {PATCH}°, {tops[chosen[-1]]:.1f} at 4.8°"
    screen = study.shared.model().screen
    picture(
        study,
        "Contrast responses to gratings of six diameters.",
        "Curves whose maxima rise up to 0.8 degrees and then fall; the largest turn down at the end.",
        [panel(SWEEP, dict(zip(names, all_rates[chosen], strict=True)), "contrast", log=True)],
        {f"{d}°": screen.grating(TARGET) * screen.disk(d) for d in (0.2, 0.81, 1.6)},
    )
