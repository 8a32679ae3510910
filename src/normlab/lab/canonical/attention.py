"""Attention: a gain on the drive, before the division, acts on contrast or on response by its size."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.drawings import curves
from normlab.lab.canonical.fitting import Fit, fit
from normlab.lab.canonical.setup import Study
from normlab.report.page import Ask, Formula, Numbers, Prose

DRIVE, POOL = (5.0, 60.0), (20.0, 360.0)  # standard deviations over place and orientation (°)
SIGMA, GAIN, LINE = (
    1e-6,
    2.0,
    1.0,
)  # semi-saturation; of attention; of the grating's orientation (°)
REACH = 201  # places under the window of the pool, ± 5 standard deviations
PLACE = 100  # the stimuli lie at ± this
PLACES = torch.arange(-200.0, 201.0, dtype=torch.float64)
ANGLES = torch.arange(-180.0, 180.0, dtype=torch.float64)
CONTRASTS = np.geomspace(1e-6, 1.0, 25)
REPORTED = {  # stimulus and field of attention (standard deviations), attended / unattended
    "contrast_gain": ((3.0, 30.0), (1.99, 1.57, 1.01)),
    "response_gain": ((5.0, 3.0), (2.00, 1.72, 1.42)),
}
AT = (1e-5, 1e-3, 1.0)

Model = Callable[[float, float, Tensor], tuple[Tensor, Tensor]]


def bump(away: Tensor, width: float) -> Tensor:
    return torch.exp(-0.5 * (away / width) ** 2)


def kernel(from_each: Tensor, width: float) -> Tensor:
    """A Gaussian of unit area over a whole line, sampled in steps of 1."""
    return bump(from_each, width) / (width * (2 * torch.pi) ** 0.5)


def around(angle: Tensor) -> Tensor:
    return (angle + 180) % 360 - 180


def stimulus_drive(width: float) -> Tensor:
    """E at contrast 1: two equal gratings, blurred over place and orientation; orientations × places."""
    place = kernel(PLACES[:, None] - PLACES, DRIVE[0]) @ (
        bump(PLACES - PLACE, width) + bump(PLACES + PLACE, width)
    )
    angle = kernel(around(ANGLES[:, None] - ANGLES), DRIVE[1]) @ bump(ANGLES, LINE)
    return angle[:, None] * place


def response(stimulus: float, field: float, contrast: Tensor) -> tuple[Tensor, Tensor]:
    """Responses to the attended and the unattended grating at each contrast.

        R = A·E / (σ + pool * (A·E)),   A = 1 + (GAIN − 1) · bump around the attended place

    which is the divisive row with power 1 over channels (orientations) and space (places).
    """
    gain = 1 + (GAIN - 1) * bump(PLACES - PLACE, field)
    drive = contrast[:, None, None] * (gain * stimulus_drive(stimulus))
    weights = kernel(around(ANGLES[:, None] - ANGLES), POOL[1])
    out = divisive_norm(
        drive, power=1.0, sigma=SIGMA, pool_weight=weights, width=POOL[0], size=REACH
    )
    there = {int(place): i for i, place in enumerate(PLACES.tolist())}
    cell = out[:, len(ANGLES) // 2]
    return cell[:, there[PLACE]], cell[:, there[-PLACE]]


def measure(study: Study, model: Model = response) -> None:
    """Measure and judge; another model can be put in the place of the equation's."""
    found = {}
    for name, ((stimulus, field), reported) in REPORTED.items():
        ratios = torch.div(*model(stimulus, field, torch.tensor(AT, dtype=torch.float64)))
        study.curve(f"{name}.ratio", AT, ratios, "attended / unattended, at each contrast")
        study.claim(f"{name}_numbers", (ratios - torch.tensor(reported)).abs().max())
        both = [r.numpy() for r in model(stimulus, field, torch.from_numpy(CONTRASTS))]
        fits = [fit(CONTRASTS, r, intervals=()) for r in both]
        found[name] = both, fits, ratios.tolist()
        for label, value in _gains(fits).items():
            study.number(f"{name}.{label}", value, f"{label} by which attention changes the fit")
    contrast, gained = (_gains(found[name][1]) for name in REPORTED)
    study.claim("contrast_gain", _share(contrast))
    study.claim("rmax_stays", contrast["rmax"])
    study.claim("response_gain", gained["rmax"])
    study.found = "; ".join(
        "{} {:.2f}, {:.2f}, {:.2f}".format(name.replace("_", " "), *ratios)
        for name, (_, _, ratios) in found.items()
    )
    _show(study, found)


def _gains(fits: list[Fit]) -> dict[str, float]:
    """By what factor the attended curve is higher, and needs less contrast."""
    attended, unattended = fits
    return {
        "rmax": attended.rmax.value / unattended.rmax.value,
        "c50": unattended.c50.value / attended.c50.value,
    }


def _share(gains: dict[str, float]) -> float:
    """How much of the two gains together, in logarithms, is that on contrast."""
    height, shift = (abs(np.log(gains[name])) for name in ("rmax", "c50"))
    return shift / (height + shift) if height + shift > 0 else float("nan")


def _show(study: Study, found) -> None:
    picture = study.figure(
        curves.attention,
        "Responses to two equal gratings, the attended and the unattended one, against their "
        "contrast. Left: a small grating in a wide field of attention; the curve moves to the left. "
        "Middle: a larger grating in a narrow field; the curve grows. Right: attended over unattended; "
        "the rings are the published model's.",
        "Two panels with pairs of sigmoids, the attended one to the left or higher; a panel of two ratios "
        "that fall from 2, one to 1 and one to 1.4.",
        contrast=CONTRASTS,
        responses={name.replace("_", " "): both for name, (both, _, _) in found.items()},
        published=[(AT, reported) for _, reported in REPORTED.values()],
    )
    rows = []
    for name, ((stimulus, field), reported) in REPORTED.items():
        rows += [
            (f"{name.replace('_', ' ')} ({stimulus:g}, {field:g})", at, ours, theirs)
            for at, ours, theirs in zip(AT, found[name][2], reported, strict=True)
        ]
    gains = {name: _gains(fits) for name, (_, fits, _) in found.items()}
    study.show(
        Prose(
            "Reynolds and Heeger let attention multiply the drive, $A \\cdot E$, before it is divided; "
            "the pool is of what is multiplied. With a power of 1 that is the divisive row, its channels "
            "the orientations and its space the places:"
        ),
        Formula(r"R = \frac{A\,E}{\sigma + s * (A\,E)}"),
        Ask(
            "Attention doubles the drive. Does the response double?",
            "Only where σ rules, at low contrast. Where the pool rules, a field that covers the pool "
            "raises both sides of the fraction, and nothing is gained; a field narrower than the pool "
            "raises the drive more than the pool, and some of the gain stays at any contrast.",
        ),
        picture,
        Numbers(
            "Attended over unattended (stimulus, field: standard deviations)",
            ("case", "contrast", "here", "published model"),
            tuple(rows),
        ),
        Numbers(
            "What attention does to a fitted contrast response",
            ("case", "rmax ×", "c50 ÷"),
            tuple((name.replace("_", " "), g["rmax"], g["c50"]) for name, g in gains.items()),
        ),
    )
