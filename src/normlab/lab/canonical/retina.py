"""Light adaptation: a receptor divided by the mean light around it signals contrast, not light."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.data.photographs import SCENES, photographs
from normlab.equation.reference import normalize
from normlab.equation.variants import divisive
from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.drawings import curves, images
from normlab.lab.canonical.fitting import fit
from normlab.lab.canonical.setup import Study
from normlab.lab.spreads import mean_and_spread
from normlab.report.page import Formula, Numbers, Prose

SIGMA = 1.0  # dark light: all light is in units of it
FLASHES = np.geomspace(1e-2, 1e6, 33)
DIM, BRIGHT = (0.0, 0.01, 0.1), (100.0, 1e3, 1e4)
BACKGROUNDS = (*DIM, 1.0, 10.0, *BRIGHT)
SURROUND = 8.0  # standard deviation of the local mean, in pixels
SUN, CLOUD = 1e5, 1e3  # light of a white pixel
SHADE = 3.0  # decades over which a shadow falls, from left to right
NEAR, LIT = 0.1, 100.0  # contrasts taken as small, where the mean light is so many σ

Model = Callable[[Tensor, Tensor], Tensor]
Retina = Callable[[Tensor], Tensor]


def flash(light: Tensor, background: Tensor) -> Tensor:
    """Response to a flash on a background: the pool is the light of both. I / (σ + I + I_background)."""
    pool = torch.stack([light, background.expand_as(light)], 1)
    return divisive_norm(light[:, None], pool_input=pool, power=1.0, sigma=SIGMA)[:, 0]


def local(light: Tensor) -> Tensor:
    """Each pixel divided by itself and the mean light around it: I / (σ + I + mean_surround I)."""
    return _pixels(light, surround(light))


def whole(light: Tensor) -> Tensor:
    """Each pixel divided by itself and the mean light of the whole scene."""
    return _pixels(light, light.mean().expand_as(light))


def _pixels(light: Tensor, mean: Tensor) -> Tensor:
    pool = torch.stack([light, mean])[None]
    return divisive_norm(light[None, None], pool_input=pool, power=1.0, sigma=SIGMA)[0, 0]


def surround(light: Tensor) -> Tensor:
    """The mean light around each pixel: what a horizontal cell pools, as the equation pools it."""
    row = divisive(channels=False, spatial=True)
    return normalize(light[None, None], row, power=1.0, sigma=SIGMA, width=SURROUND).pool[0, 0]


def measure(study: Study, adapting: Model = flash, near: Retina = local) -> None:
    """Measure and judge; another receptor or retina can be put in the place of the equation's."""
    _flashes(study, adapting)
    scenes = photographs(SCENES)
    _scenes(study, scenes, near)


def _flashes(study: Study, model: Model) -> None:
    light = torch.from_numpy(FLASHES)
    responses = {b: model(light, torch.tensor(b)).numpy() for b in BACKGROUNDS}
    fits = {b: fit(FLASHES, response, intervals=()) for b, response in responses.items()}
    half = {b: found.c50.value for b, found in fits.items()}
    study.curve(
        "half", BACKGROUNDS, half.values(), "light of half the response, by background, in σ"
    )
    study.claim("weber", abs(study.number("weber", _slope(half, BRIGHT), "its log-log slope") - 1))
    study.claim("dark", half[DIM[-1]] / half[DIM[0]])
    study.claim(
        "shift", max(abs(found.power.value - fits[0.0].power.value) for found in fits.values())
    )
    study.found = (
        f"half-point follows the background with slope {study.record.numbers['retina.weber']:.3f}"
    )
    picture = study.figure(
        curves.adaptation,
        "Left: response to a flash on backgrounds from darkness to 10⁴ times the dark light. Right: the "
        "flash that gives half of the response; dashed: Weber's law, dotted: the dark light.",
        "Sigmoids of one shape that move to the right as the background grows; points that are flat and "
        "then follow a straight line.",
        part="flash",
        light=FLASHES,
        responses={b: responses[b] for b in (0.0, 10.0, *BRIGHT)},
        half=half,
        sigma=SIGMA,
    )
    study.show(
        Prose(
            "A receptor that is divided by the light around it, with a power of 1 and the dark light as "
            "σ, answers to a flash on a background as:"
        ),
        Formula(r"R = \frac{I}{\sigma + I + I_{\mathrm{background}}}"),
        picture,
        Numbers(
            "The flash that gives half of the response (in units of σ)",
            ("background", "half-point", "fitted n"),
            tuple((b, half[b], found.power.value) for b, found in fits.items()),
        ),
    )


def _slope(half: dict[float, float], backgrounds: tuple[float, ...]) -> float:
    return float(np.polyfit(np.log(backgrounds), np.log([half[b] for b in backgrounds]), 1)[0])


def _scenes(study: Study, scenes: dict[str, Tensor], near: Retina) -> None:
    changes = [_change(near, image) for image in scenes.values()]
    slopes = [_contrast_slope(near, image) for image in scenes.values()]
    shaded = {name: _shaded(near, image) for name, image in scenes.items()}
    globally = {name: _shaded(whole, image) for name, image in scenes.items()}
    names = list(scenes)
    study.curve(
        "change", names, changes, "median relative change of response, light 100 times less"
    )
    study.curve("slope", names, slopes, "slope of the response on small contrasts around the mean")
    study.curve(
        "shade", names, shaded.values(), "correlation of responses with and without a shadow"
    )
    study.curve(
        "shade_global", names, globally.values(), "the same, divided by the scene's mean light"
    )
    study.claim("invariant", *mean_and_spread(changes))
    study.claim("contrast", *mean_and_spread([abs(slope - 0.25) for slope in slopes]))
    study.claim("shadow", *mean_and_spread([shaded[name] - globally[name] for name in names]))
    _show_scenes(study, scenes, near, shaded, globally)


def _change(retina: Retina, image: Tensor) -> float:
    """How much the responses move when the light falls a hundredfold; the median over pixels."""
    bright, dull = (retina(image * light) for light in (SUN, CLOUD))
    lit = image > 0
    return ((dull - bright).abs() / bright)[lit].median().item()


def _contrast_slope(retina: Retina, image: Tensor) -> float:
    """Of the response on the Weber contrast around the local mean, where that is small."""
    light = image.double() * SUN
    mean = surround(light)
    contrast = (light - mean) / mean
    small = (contrast.abs() < NEAR) & (mean > LIT * SIGMA)
    x = contrast[small] - contrast[small].mean()
    return ((x * retina(light)[small]).sum() / x.square().sum()).item()


def _shadow(image: Tensor) -> Tensor:
    """The light of a scene that a shadow crosses: full at the left, SHADE decades less at the right."""
    return image * SUN * torch.logspace(0, -SHADE, image.shape[1])


def _shaded(retina: Retina, image: Tensor) -> float:
    """Correlation between the responses to a scene in even light and in a shadow."""
    even, shaded = retina(image * SUN), retina(_shadow(image))
    return torch.corrcoef(torch.stack([even.flatten(), shaded.flatten()]))[0, 1].item()


def _show_scenes(study: Study, scenes, near: Retina, shaded, globally) -> None:
    shown = _shadow(scenes["china"])
    picture = study.figure(
        images.row,
        f"A photograph of which the right end has a thousandth of the light of the left. Divided by the "
        f"mean light of the whole scene the dark end stays dark; divided by the mean within "
        f"{SURROUND:g} pixels it is seen.",
        "Three pictures of a building: the first two fade to black at the right, the third does not.",
        part="shadow",
        pictures={
            "light": images.small(shown.numpy()),
            "divided by the scene's mean": images.small(whole(shown).numpy()),
            "divided by the local mean": images.small(near(shown).numpy()),
        },
    )
    study.show(
        Prose(
            "In a scene the background is the mean light around each pixel, and the response is close to "
            "a quarter of the contrast around that mean, plus a half: "
            "$R \\approx (1 + c)/(2 + c) \\approx 1/2 + c/4$. It hardly knows how much light there is."
        ),
        picture,
        Numbers(
            "Correlation of the responses to a scene in even light and in the shadow",
            ("photograph", "divided by the local mean", "by the scene's mean"),
            tuple((name, shaded[name], globally[name]) for name in scenes),
        ),
    )
