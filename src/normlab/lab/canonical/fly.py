"""Olfaction in the fly: each glomerulus divided by its own input and by all odour receptors together."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.drawings import curves
from normlab.lab.canonical.fitting import Fit, fit
from normlab.lab.canonical.setup import Study
from normlab.lab.spreads import mean_and_spread
from normlab.report.page import Ask, Formula, Numbers, Picture, Prose

POWER = 1.5
PRIVATE = {  # rmax (spikes/s) and σ of a projection neuron whose odour drives one glomerulus alone
    "DM4": (170.0, 16.3),
    "DL5": (167.0, 11.8),
    "VM7": (163.0, 12.4),
    "DM1": (144.0, 44.8),
}
RMAX, SIGMA, LATERAL, PER = 165.0, 12.0, 10.63, 190.0  # VM7 with lateral input s = m·ΣORN/190
HALF_POINTS = {0.0: 12.0, 500.0: 33.0, 1000.0: 59.6}  # ΣORN (spikes/s) → published half-point
RATES = np.geomspace(1.0, 400.0, 27)  # of one receptor type, spikes/s
GLOMERULI, ODOURS = 24, 100
WEAK, STRONG = 200.0, 2000.0  # ΣORN of a made-up odour, spikes/s

Model = Callable[[Tensor, Tensor], Tensor]


def projection(rate: Tensor, total: Tensor, rmax: float = RMAX, sigma: float = SIGMA) -> Tensor:
    """Rate of a projection neuron: rmax · xⁿ/(σⁿ + xⁿ + sⁿ), s = m·ΣORN/190 and n = 1.5.

    rate, total: of its own receptor neurons, and of all of them (ΣORN), one shape. It is the divisive
    row whose pool is of two: its own input and the lateral one.
    """
    own = rate.reshape(-1, 1)
    pool = torch.cat([own, LATERAL * total.reshape(-1, 1) / PER], 1)
    weight = rate.new_tensor([rmax])
    y = divisive_norm(own, pool_input=pool, power=POWER, sigma=sigma, weight=weight)
    return y.reshape(rate.shape)


def private(rate: Tensor, total: Tensor) -> Tensor:
    """The same glomerulus without its lateral input."""
    return projection(rate, torch.zeros_like(total))


def odours(seed: int, count: int = ODOURS) -> Tensor:
    """Made-up odours: shares of the receptors' total rate, drawn from an exponential distribution."""
    drawn = np.random.default_rng([seed, 1]).exponential(size=(count, GLOMERULI))
    return torch.from_numpy(drawn / drawn.sum(1, keepdims=True))


def measure(study: Study, model: Model = projection, without: Model = private) -> None:
    """Measure and judge; another glomerulus can be put in the place of the equation's."""
    fits = _half_points(study, model)
    patterns = odours(study.shared.seed)
    kept = {"lateral": _kept(model, patterns), "private": _kept(without, patterns)}
    alike = {"lateral": _alike(model, patterns), "private": _alike(without, patterns)}
    for name in kept:
        study.number(f"kept.{name}", kept[name].mean(), "correlation of an odour, weak with strong")
        study.number(f"alike.{name}", alike[name].mean(), "correlation of two strong odours")
    study.claim("kept", *mean_and_spread((kept["lateral"] - kept["private"]).tolist()))
    study.claim("apart", *mean_and_spread((alike["private"] - alike["lateral"]).tolist()))
    totals = {n: _growth(m, patterns) for n, m in (("lateral", model), ("private", without))}
    for name, growth in totals.items():
        study.number(
            f"growth.{name}", growth.mean(), "total of projection neurons, strong / weak odour"
        )
    study.claim("balanced", *mean_and_spread(totals["lateral"].tolist()))
    study.found = "half-points " + "/".join(f"{f.c50.value:.1f}" for f in fits.values())
    _show(study, model, fits, kept, alike, totals)


def _half_points(study: Study, model: Model) -> dict[float, Fit]:
    rate = torch.from_numpy(RATES)
    fits = {
        total: fit(RATES, model(rate, torch.full_like(rate, total)).numpy(), intervals=())
        for total in HALF_POINTS
    }
    found = [f.c50.value for f in fits.values()]
    study.curve("half", HALF_POINTS, found, "half-point (spikes/s of the receptors) at that ΣORN")
    study.claim(
        "half_points", max(abs(a - b) for a, b in zip(found, HALF_POINTS.values(), strict=True))
    )
    study.claim("input_gain", max(abs(f.rmax.value / RMAX - 1) for f in fits.values()))
    return fits


def _responses(model: Model, patterns: Tensor, total: float) -> Tensor:
    rates = patterns * total
    return model(rates, torch.full_like(rates, total))


def _kept(model: Model, patterns: Tensor) -> Tensor:
    """Of each odour: the correlation over glomeruli of its weak and its strong form."""
    weak, strong = (_standard(_responses(model, patterns, total)) for total in (WEAK, STRONG))
    return (weak * strong).mean(1)


def _alike(model: Model, patterns: Tensor) -> Tensor:
    """Of each odour with the next: the cosine of the angle between their strong responses."""
    strong = torch.nn.functional.normalize(_responses(model, patterns, STRONG), dim=1)
    return (strong * strong.roll(1, 0)).sum(1)


def _standard(x: Tensor) -> Tensor:
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True, correction=0)


def _growth(model: Model, patterns: Tensor) -> Tensor:
    weak, strong = (_responses(model, patterns, total).sum(1) for total in (WEAK, STRONG))
    return strong / weak


def _show(study: Study, model: Model, fits: dict[float, Fit], kept, alike, totals) -> None:
    rate = torch.from_numpy(RATES)
    none = torch.zeros_like(rate)
    private_curves = {n: projection(rate, none, *v).numpy() for n, v in PRIVATE.items()}
    responses = {t: model(rate, torch.full_like(rate, t)).numpy() for t in HALF_POINTS}
    picture = study.figure(
        curves.olfaction,
        "Left: projection neurons of four glomeruli for odours that drive one receptor alone. Right: VM7 "
        "when the other receptors are silent, and when all of them together fire 500 and 1000 spikes/s; "
        "the ticks are the half-points.",
        "Two panels of rising curves: four that differ in height and half-point, and three of one height "
        "that move to the right.",
        rate=RATES,
        private=private_curves,
        lateral=responses,
        half={total: f.c50.value for total, f in fits.items()},
    )
    _tell(study, picture, fits, kept, alike, totals)


def _tell(study: Study, picture: Picture, fits: dict[float, Fit], kept, alike, totals) -> None:
    study.show(
        Prose(
            "A projection neuron gets the input of one kind of receptor and is inhibited by all of them. "
            "With Olsen, Bhandawat and Wilson's numbers that is the divisive row with a pool of two, the "
            "neuron's own input and the lateral one:"
        ),
        Formula(
            r"PN = r_{max}\,\frac{x^{1.5}}{\sigma^{1.5} + x^{1.5} + s^{1.5}}, \qquad "
            r"s = m\,\frac{\sum ORN}{190}"
        ),
        Ask(
            "Other receptors fire too. Does the neuron's ceiling fall, or does it need more input?",
            "It needs more input: the curve moves to the right and keeps its height, a gain on the input.",
        ),
        picture,
        Numbers(
            "Half-point (spikes/s) by the rate of all receptors",
            ("ΣORN (spikes/s)", "here", "published", "rmax fitted"),
            tuple((t, f.c50.value, HALF_POINTS[t], f.rmax.value) for t, f in fits.items()),
        ),
        Numbers(
            f"{ODOURS} made-up odours over {GLOMERULI} glomeruli, weak (ΣORN {WEAK:g} spikes/s) and strong "
            f"({STRONG:g}): correlation of the two patterns, cosine between two strong odours, and how much "
            "the total of the projection neurons grows",
            (
                "input",
                "weak with strong",
                "two odours",
                "strong / weak",
            ),
            tuple(
                (n, kept[n].mean().item(), alike[n].mean().item(), totals[n].mean().item())
                for n in kept
            ),
        ),
        Prose(
            "The odours are drawn from an exponential distribution, not recorded: they say what the "
            "equation does to a population, not what a fly smells."
        ),
    )
