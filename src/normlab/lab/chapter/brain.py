"""Section 2: divisive normalisation in the brain (Carandini & Heeger 2012, eq. 10)."""

import numpy as np
import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.lab.chapter.catalogue import HALF, SUPPRESSED
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.setup import Setup, arrays
from normlab.report.page import Ask, Formula, Numbers, Prose

RMAX, SIGMA, POWER = 115.0, 19.3, 2.9  # Albrecht & Hamilton 1982: a V1 cell's contrast response
SIGMAS, POWERS = (5.0, SIGMA, 50.0), (1.0, POWER, 6.0)
PREFERRED = torch.arange(0.0, 180.0, 15.0, dtype=torch.float64)
WEAK, STRONG = 10.0, 40.0  # contrasts, %


def response(contrast: Tensor, sigma: float, power: float) -> Tensor:
    """One neuron, its own pool: R = Rmax cⁿ/(σⁿ + cⁿ)."""
    weight = torch.tensor([RMAX], dtype=torch.float64)
    out = normalize(contrast[:, None], "divisive", sigma=sigma, power=power, weight=weight)
    return out.y[:, 0]


def drive(angle: float, contrast: float) -> Tensor:
    """The linear drive of twelve neurons by a grating: a bump of 25° around its orientation."""
    away = (PREFERRED - angle + 90) % 180 - 90
    return contrast * torch.exp(-0.5 * (away / 25) ** 2)


def section(setup: Setup) -> None:
    record = setup.record
    contrast = torch.logspace(0, 2, 60, dtype=torch.float64)
    at_sigma = response(torch.tensor([SIGMA], dtype=torch.float64), SIGMA, POWER).item()
    record.number("brain.at_sigma", at_sigma, "response (spikes/s) to a contrast of σ, Rmax 115")
    record.claim(HALF, abs(at_sigma / RMAX - 0.5))
    alone, crowded = (
        normalize(
            d[None], "divisive", sigma=SIGMA, power=2.0, weight=torch.full((12,), RMAX).double()
        )
        for d in (drive(45, WEAK), drive(45, WEAK) + drive(135, STRONG))
    )
    cell = int((PREFERRED - 45).abs().argmin())
    ratio = (crowded.y[0, cell] / alone.y[0, cell]).item()
    record.number("brain.suppression", ratio, "response with a strong neighbour / response alone")
    record.claim(SUPPRESSED, ratio, detail=f"contrasts {WEAK:g} % and {STRONG:g} %, 90° apart")
    picture = record.figure(
        "brain",
        curves.brain,
        f"Left and middle: response of one neuron against contrast. σ moves the curve along the axis, "
        f"n makes it steeper. Right: twelve neurons and a grating at 45°, contrast {WEAK:g} %, alone and "
        f"with a stronger one at 135°, contrast {STRONG:g} %.",
        "Sigmoid contrast responses for three values of sigma and of n; responses of a population with "
        "a bump at 45 degrees that shrinks when a bump at 135 degrees is added.",
        contrast=np.asarray(contrast),
        by_sigma={s: arrays(response(contrast, s, POWER)) for s in SIGMAS},
        by_power={p: arrays(response(contrast, SIGMA, p)) for p in POWERS},
        angles=np.asarray(PREFERRED),
        alone=arrays(alone.y[0]),
        crowded=arrays(crowded.y[0]),
    )
    rows = tuple(
        (
            label,
            float(out.y[0, cell] * out.scale[0, 0] / RMAX),
            float(out.pool.flatten()[0]),
            float(out.scale.flatten()[0]),
            float(out.y[0, cell]),
        )
        for label, out in (("alone", alone), ("with a strong neighbour", crowded))
    )
    record.section(
        "In the brain: divisive normalisation",
        Prose(
            "A neuron in visual cortex answers to its own drive $D_j$, divided by what its neighbours "
            "are doing. Carandini and Heeger call this a canonical computation, since the same division "
            "is found in the retina, in olfaction, in attention and in decisions:"
        ),
        Formula(r"R_j = \gamma \, \frac{D_j^{\,n}}{\sigma^{n} + \sum_k D_k^{\,n}}"),
        Prose(
            f"Here $\\gamma$ = {RMAX:g} spikes/s, $\\sigma$ = {SIGMA:g} % contrast and $n$ = {POWER:g}, "
            "measured values of one population of cells (Albrecht & Hamilton 1982). The semi-saturation "
            f"$\\sigma$ is the contrast at which a lone neuron reaches half: {at_sigma:.2f} spikes/s."
        ),
        Ask(
            "The neuron that prefers 45° sees the same grating as before; a stronger one at 135°, which "
            "hardly drives it, is added. What does its response do?",
            f"It falls to {ratio:.0%}: its drive is unchanged, but the pool it is divided by has grown.",
        ),
        picture,
        Numbers(
            "The neuron that prefers 45°, with its operands (n = 2)",
            ("grating", "Dⁿ", "pool Σ Dⁿ", "σⁿ + pool", "response"),
            rows,
        ),
    )
