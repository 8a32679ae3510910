"""Phenomena 28 to 30: receptive fields mapped with spots, with white noise, and with bars."""

import math

import numpy as np
import torch
from torch import Tensor

from normlab.lab.cortex import drawings
from normlab.lab.cortex.curves import width
from normlab.lab.cortex.model import V1
from normlab.lab.cortex.parameters import SPACING, TARGET
from normlab.lab.cortex.quadratic import QuadraticV1
from normlab.lab.cortex.setup import OCTAVES, ORIENTATIONS, Lab, Study, panel, picture, rates
from normlab.lab.cortex.tuning import tuned

REACH, STEPS = 16, (4, 1)  # pixels from the centre to the last spots; between them down and across
NOISE_GRID = 32  # pixels
CHUNK = 5000  # frames at once
SLOW = 2000  # frames at most where each takes the filter bank
BAR = 0.09  # degrees


def spot_map(lab: Lab, model: V1) -> np.ndarray:
    """Rates (down, across) of the even simple cell to one bright pixel of contrast 1.

    model may differ from the lab's in β alone: what the spots drive is found once.
    """
    if "spots" not in lab.kept:
        down, across = (torch.arange(-REACH, REACH + 1, step) for step in STEPS)
        places = torch.cartesian_prod(down, across) + model.size // 2
        lab.kept["spots"] = lab.model().respond(model.screen.spots(places), phase=0.0)
    rate = model.divided(lab.kept["spots"]).rate
    return rate.reshape(2 * REACH // STEPS[0] + 1, -1).numpy()


def spots(study: Study) -> None:
    lab = study.shared
    model, bare = lab.model(), lab.model(changes={"maintained": 0.0})
    rate, without = spot_map(lab, model), spot_map(lab, bare)
    study.near("highest", rate.max())
    study.near("lowest", rate.min())
    study.claim("maintained", lab.blank - rate.min())
    study.claim("without", bare.parameters.blank - without.min())
    study.number("highest", rate.max(), "highest rate of the map, spikes/s")
    study.number("lowest", rate.min(), "lowest rate of the map, spikes/s")
    study.found = f"{rate.min():.2f} to {rate.max():.2f} spikes/s, blank {lab.blank:.2f}"
    high, wide = ((REACH + step / 2) * SPACING for step in STEPS)
    x = np.arange(-REACH, REACH + 1, STEPS[1]) * SPACING
    row = len(rate) // 2
    study.show(
        study.figure(
            drawings.maps,
            "Rates of a simple cell to a bright spot of one pixel at each place: red above the blank's "
            "rate, blue below. Without β there is nothing below.",
            "Two maps with a bright stripe in the middle, the first with darker stripes beside it; a "
            "cross-section of both.",
            images=[rate, without],
            titles=[f"β = {lab.parameters.maintained:g}", "β = 0"],
            extent=(-wide, wide, -high, high),
            center=[lab.blank, 0.0],
            unit="spikes/s",
            curve={
                "x": x,
                "lines": {"with β": rate[row], "without": without[row]},
                "xlabel": "degrees", "ylabel": "spikes/s", "title": "through the middle",
                "level": lab.blank,
            },
        )
    )  # fmt: skip


def reverse_correlation(
    model: QuadraticV1 | V1, frames: int, generator: torch.Generator
) -> np.ndarray:
    """The covariance of rate and pixel over uniform white noise, relative to the pixels' variance."""
    size = model.size
    total, mean, count = torch.zeros(size, size, dtype=torch.float64), 0.0, 0
    sums = torch.zeros(size, size, dtype=torch.float64)
    for first in range(0, frames, CHUNK):
        images = torch.rand(min(CHUNK, frames - first), size, size, generator=generator) - 0.5
        rate = model.respond(images, phase=0.0).rate.flatten()
        total += torch.einsum("n,nyx->yx", rate, images.double())
        sums += images.double().sum(0)
        mean, count = mean + rate.sum().item(), count + len(images)
    return ((total - mean / count * sums) / count * 12).numpy()


def transfer(field: np.ndarray, gratings: list[Tensor]) -> np.ndarray:
    """The amplitude of a linear field's response to pairs of gratings in quadrature."""
    weights = torch.as_tensor(field)
    parts = torch.stack(
        [torch.tensordot(torch.stack([g.real, g.imag]), weights, 2) for g in gratings]
    )
    return torch.hypot(*parts.T).numpy()


def _waves(model: V1, axis: str) -> list[Tensor]:
    """Complex gratings: cosine and sine, over ORIENTATIONS or OCTAVES."""
    kinds = (
        [(TARGET, a) for a in ORIENTATIONS]
        if axis == "orientation"
        else [(2.0**f, 0.0) for f in OCTAVES]
    )
    screen = model.screen
    return [torch.complex(screen.grating(*k), screen.grating(*k, 90.0)) for k in kinds]


def noise(study: Study) -> None:
    lab = study.shared
    model = lab.model(NOISE_GRID)
    squares = model.parameters.pool_exponent == 2
    fast = QuadraticV1(model) if squares else model
    frames = lab.settings.frames if squares else min(lab.settings.frames, SLOW)
    generator = torch.Generator().manual_seed(lab.settings.seed)
    few = torch.rand(100, NOISE_GRID, NOISE_GRID, generator=generator) - 0.5
    slow, quick = (m.respond(few).pool.flatten() for m in (model, fast))
    field = reverse_correlation(fast, frames, generator)
    own = model.own_filter.real.numpy()
    bands = {a: transfer(field, _waves(model, a)) for a in ("orientation", "frequency")}
    for axis, x in (("orientation", ORIENTATIONS), ("frequency", OCTAVES)):
        found = width(x, bands[axis])
        study.near(axis, found)
        study.claim(f"{axis}-filter", abs(found / width(x, transfer(own, _waves(model, axis))) - 1))
    study.claim("gabor", np.corrcoef(field.ravel(), own.ravel())[0, 1])
    form = ((quick - slow).abs() / slow).max().item() if squares else math.nan
    study.claim("form", form, detail="" if squares else "only squares make a quadratic form")
    study.number("frames", frames, "frames of noise")
    study.found = (
        f"{width(ORIENTATIONS, bands['orientation']):.1f}°, "
        f"{width(OCTAVES, bands['frequency']):.2f} octaves from {frames} frames"
    )
    reach = NOISE_GRID * SPACING / 2
    filter_band = transfer(own, _waves(model, "frequency"))
    study.show(
        study.figure(
            drawings.maps,
            f"Left: what reverse correlation finds after {frames} frames of uniform white noise "
            "on 32 × 32 pixels. Middle: the cell's filter. Right: their tuning for frequency.",
            "Two maps with the same three stripes, one of them noisy; two tuning curves that nearly agree.",
            images=[field / np.abs(field).max(), own / np.abs(own).max()],
            titles=["found", "filter"],
            extent=(-reach, reach, -reach, reach),
            center=[0.0, 0.0],
            unit="",
            curve={
                "x": OCTAVES,
                "lines": {"found": bands["frequency"] / bands["frequency"].max(),
                          "filter": filter_band / filter_band.max()},
                "xlabel": "cycles/°", "ylabel": "relative", "title": "transfer", "octaves": True,
            },
        )
    )  # fmt: skip


def bars(study: Study) -> None:
    lab = study.shared
    model = lab.model()
    offsets = SPACING * np.arange(-24, 25)
    images = [model.screen.bar(BAR, model.screen.width, 0.0, float(x)) for x in offsets]
    bright, dark = (rates(model, [sign * i for i in images], phase=0.0)[:, 0] for sign in (1, -1))
    profile = bright - dark
    waves = np.exp(2j * math.pi * np.outer(2.0**OCTAVES, offsets))
    derived = np.abs(waves @ profile)
    measured = tuned(lab, "frequency")[:, -1]
    wide, grating_wide = width(OCTAVES, derived), width(OCTAVES, measured)
    study.claim("wider", wide / grating_wide, detail=f"{wide:.2f} and {grating_wide:.2f} octaves")
    study.number("derived", wide, "full width at half height derived from bars, octaves")
    study.number("measured", grating_wide, "measured with large gratings, octaves")
    study.found = f"{wide:.2f} octaves from bars, {grating_wide:.2f} from gratings"
    both = {"from bars": derived / derived.max(), "gratings": measured / measured.max()}
    picture(
        study,
        f"Left: rates of a simple cell to bright and dark bars of {BAR}°. Right: the Fourier amplitude of "
        "their difference, and tuning measured with gratings.",
        "Two profiles with opposite peaks; two tuning curves, that from bars wider.",
        [panel(offsets, {"bright": bright, "dark": dark}, "place of the bar (°)",
               levels={"blank": lab.blank}),
         panel(OCTAVES, both, "cycles/°", ylabel="relative to the largest", octaves=True)],
        {"bright": images[24], "dark": -images[24], "aside": images[32]},
    )  # fmt: skip
