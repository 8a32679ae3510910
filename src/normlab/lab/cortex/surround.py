"""Phenomena 24 to 27: an annular grating around the patch that fills the receptive field."""

import numpy as np
import torch

from normlab.lab.cortex.curves import crossings, peak, suppression, width
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import LARGE, TARGET
from normlab.lab.cortex.setup import (
    CONTRASTS,
    PATCH,
    Study,
    pairs,
    panel,
    picture,
    rates,
    sets,
    with_second,
)
from normlab.lab.cortex.tuning import place, tuned

GAP = 1.08  # degrees: inner diameter of the surround in tuning experiments
CENTER, SURROUND = 0.5, 0.5  # contrasts
ANGLES = np.arange(-90.0, 90.1, 7.5)
OCTAVES = np.arange(-1.5, 3.41, 0.2)


def _patch(model: V1) -> torch.Tensor:
    return model.screen.grating(TARGET) * model.screen.disk(PATCH)


def _ring(model: V1, inner: float, frequency: float = TARGET, orientation: float = 0.0):
    return model.screen.grating(frequency, orientation) * model.screen.annulus(inner)


def _tuned(study: Study, axis: str, x: np.ndarray, preferred: float) -> np.ndarray:
    """Suppression over the surround's orientation or frequency, judged and drawn."""
    lab = study.shared
    model = lab.model()
    kinds = [(TARGET, a) if axis == "orientation" else (2.0**a, 0.0) for a in x]
    rings = [_ring(model, GAP, *kind) for kind in kinds]
    amounts = [(CENTER, 0.0), (CENTER, SURROUND)]
    alone, with_ring = rates(model, pairs(_patch(model), rings), amounts).T
    index = suppression(with_ring, float(alone[0]))
    cell_x, xlabel, look = place(axis)
    cell = tuned(lab, axis, PATCH)[:, -1]
    wide, cell_wide = width(x, index), width(cell_x, cell)
    if np.isnan(wide):  # suppression never falls to half: wider than the sweep
        wide = float(np.ptp(x))
    study.claim("near", abs(abs(peak(x, index)) - preferred))
    study.claim("wider", wide / cell_wide, detail=f"{wide:.3g} for {cell_wide:.3g}")
    study.curve("index", x, index, f"suppression index by the surround's {axis}")
    at = peak(x, index)
    where, unit = f"{at:.3g}°", "°"
    if axis == "frequency":
        where, unit = f"{2**at:.2f} cycles/°", " octaves"
    widths = f"width {wide:.3g}{unit}, the cell's {cell_wide:.3g}{unit}"
    study.found = f"largest {index.max():.2f} at {where}, {widths}"
    lines = {"suppression by the surround": index / index.max()}
    cell_line = np.interp(x, cell_x, cell / cell.max())
    picture(
        study,
        f"Suppression of a {PATCH}° patch by a surround from {GAP}° outwards, both of {CENTER:.0%}, beside "
        f"the cell's own tuning to the patch; each relative to its largest.",
        "Two curves with peaks near the preferred value, that of suppression wider.",
        [panel(x, lines | {"tuning of the cell": cell_line}, xlabel, ylabel="relative", **look)],
        {f"{k[1]:g}°" if axis == "orientation" else f"{k[0]:.2g} cycles/°":
         _patch(model) * CENTER + _ring(model, GAP, *k) * SURROUND for k in kinds[:: len(kinds) // 4][:4]},
    )  # fmt: skip
    return index


def orientation(study: Study) -> None:
    index = _tuned(study, "orientation", ANGLES, 0.0)
    study.claim("orthogonal", index[0] / index.max())


def frequency(study: Study) -> None:
    _tuned(study, "frequency", OCTAVES, float(np.log2(TARGET)))


def _responses(model: V1, strengths, orientation: float = 0.0) -> np.ndarray:
    """Contrast responses (strength, contrast) of the patch in a surround that touches it."""
    both = pairs(_patch(model), [_ring(model, PATCH, TARGET, orientation)])
    amounts = np.concatenate([with_second(CONTRASTS, k) for k in strengths])
    return rates(model, both, amounts)[0].reshape(len(strengths), -1)


def _reaching(rate: np.ndarray, level: float) -> float:
    """The first contrast of that rate; 1 if there is none."""
    found = crossings(CONTRASTS, rate, level)
    return found[0] if found else 1.0


def _slope(rate: np.ndarray) -> float:
    """1 / octaves of contrast between a quarter and three quarters of a curve's own rise."""
    low, high = rate[0], rate.max()
    ends = [_reaching(rate, low + share * (high - low)) for share in (0.25, 0.75)]
    return 1 / float(np.log2(ends[1] / ends[0]))


def contrast(study: Study) -> None:
    panels, found = [], []
    strengths = (0.0, 0.12, 0.25, 0.5)
    for prefix, label, model in sets(study):
        none, *_, strong = all_rates = _responses(model, strengths)
        half = none.max() / 2
        shift = _reaching(strong, half) / _reaching(none, half)
        slope = (strong.max() - strong[0]) / (none.max() - none[0])
        study.claim(prefix + "right", shift)
        study.claim(prefix + "down", strong[-1] / none[-1])
        study.claim(
            prefix + "shallower", _slope(strong) / _slope(none),
            detail=f"slopes {_slope(none):.2f} and {_slope(strong):.2f} per octave",
        )  # fmt: skip
        study.number(f"{prefix}rise", slope, f"rise with a surround, relative to none, {label}")
        found.append(f"{label}: ×{shift:.1f} right, slope ×{_slope(strong) / _slope(none):.2f}")
        lines = {f"surround {k:.0%}": r for k, r in zip(strengths, all_rates, strict=True)}
        panels.append(panel(CONTRASTS, lines, "contrast of the patch", log=True, title=label))
    study.found = "; ".join(found)
    model = study.shared.model()
    picture(
        study,
        f"Contrast responses to a {PATCH}° patch in parallel surrounds of four contrasts.",
        "Sigmoids that move to the right and down as the surround's contrast grows.",
        panels,
        {f"{k:.0%}": _patch(model) * 0.5 + _ring(model, PATCH) * k for k in strengths},
    )


def parallel(study: Study) -> None:
    model = study.shared.model(LARGE)
    alone = _responses(model, (0.0,))[0]
    lines = {"none": alone}
    for label, angle in (("parallel", 0.0), ("orthogonal", 90.0)):
        lines[label] = _responses(model, (SURROUND,), angle)[0]
        study.near(label, lines[label][-1] / alone[-1])
    half = alone.max() / 2
    at = {label: _reaching(rate, half) for label, rate in lines.items()}
    shift = [np.log(at[label] / at["none"]) for label in ("parallel", "orthogonal")]
    study.curve("half", at, at.values(), "contrast of half the largest response without a surround")
    study.claim(
        "more", shift[0] / shift[1], detail=f"×{np.exp(shift[0]):.2f} and ×{np.exp(shift[1]):.2f}"
    )
    study.found = (
        f"at contrast 1: {lines['parallel'][-1] / alone[-1]:.3f} parallel, "
        f"{lines['orthogonal'][-1] / alone[-1]:.3f} orthogonal"
    )
    picture(
        study,
        f"Contrast responses to a {PATCH}° patch without and with surrounds of {SURROUND:.0%}, grid 5.76°.",
        "Three sigmoids: without a surround, a little to the right with an orthogonal one, far to the "
        "right with a parallel one.",
        [panel(CONTRASTS, lines, "contrast of the patch", log=True)],
        {label: _patch(model) * 0.5 + _ring(model, PATCH, TARGET, angle) * SURROUND
         for label, angle in (("parallel", 0.0), ("orthogonal", 90.0))},
    )  # fmt: skip
