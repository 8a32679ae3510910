"""Redundancy reduction: on photographs division makes responses less dependent, if the pool is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.data.photographs import photographs
from normlab.equation.reference import Normalized, normalize
from normlab.equation.variants import divisive
from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.coefficients import Coefficients, coefficients
from normlab.lab.canonical.dependency import bow_tie, excess_kurtosis, mutual_information
from normlab.lab.canonical.drawings import histograms
from normlab.lab.canonical.setup import Study
from normlab.lab.spreads import mean_and_spread
from normlab.report.page import Ask, Formula, Numbers, Prose

EVERY = 5  # one place in so many is enough to learn the pool's weights
PRECISE = {"maxiter": 300, "ftol": 1e-14}
SMALL = 0.1  # σ of the pools that are badly chosen, in standard deviations of the response
ROOT = {"power": 2.0, "drive_power": 1.0, "outer_power": 0.5}  # x / √(σ² + pool)
ROW = divisive(mixer="learned", own_drive=True, outer=True)


@dataclass(frozen=True)
class Unit:
    """A response, (photographs, N), and its neighbours (photographs, N, K)."""

    drive: Tensor
    neighbours: Tensor


def _unit(found: Coefficients, orientation: int = 0, phase: str = "even", right: int = 0) -> Unit:
    response = found.at(orientation, right=right)
    drive = response.real if phase == "even" else response.imag
    return Unit(drive, found.neighbours(orientation, phase, right=right))


PARTNERS: Mapping[str, Callable[[Coefficients], Unit]] = {
    "other phase": lambda found: _unit(found, phase="odd"),
    "displaced": lambda found: _unit(found, right=16),
    "orthogonal": lambda found: _unit(found, orientation=2),
}


def divided(drive: Tensor, neighbours: Tensor, sigma: Tensor, weight: Tensor) -> Normalized:
    """y = x / √(σ² + Σ w·e²): the divisive row with a signed drive, learned weights and p = ½."""
    settings: dict[str, Any] = {**ROOT, "sigma": sigma}
    return normalize(
        drive[:, None], ROW, pool_input=neighbours, pool_weight=weight[None], **settings
    )


def learned(drive: Tensor, neighbours: Tensor) -> tuple[Tensor, Tensor]:
    """σ and weights ≥ 0 under which x is most likely, given its neighbours, as N(0, σ² + Σ w·e²).

    −log p = y²/2 + log scale + constant, both of them operands of the equation.
    Source: Schwartz & Simoncelli 2001, eq. 4.
    """
    from scipy.optimize import minimize

    size, sizes = drive.square().mean().sqrt(), neighbours.square().mean(0).sqrt()
    x, e = drive / size, neighbours / sizes  # each of size 1, so that all weights are alike

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.tensor(numbers, requires_grad=True)
        out = divided(x, e, at[0].sqrt(), at[1:])
        value = (out.scale.log() + out.y.square() / 2).mean()
        value.backward()
        assert at.grad is not None
        return value.item(), at.grad.numpy()

    count = e.shape[1]
    start = np.r_[0.1, np.full(count, 0.5 / count)]
    bounds = [(1e-6, None)] + [(0.0, None)] * count
    best = minimize(loss, start, jac=True, method="SLSQP", bounds=bounds, options=PRECISE).x
    sigma, weight = torch.from_numpy(best[:1]).sqrt()[0], torch.from_numpy(best[1:])
    return sigma * size, weight * (size / sizes).square()


def normalised(unit: Unit) -> Tensor:
    """The unit divided, each photograph by a pool that was learned on the other half of them."""
    out = torch.empty_like(unit.drive)
    for half in (0, 1):
        others = slice(1 - half, None, 2)
        drive, neighbours = unit.drive[others], unit.neighbours[others]
        sigma, weight = learned(drive.flatten()[::EVERY], neighbours.flatten(0, 1)[::EVERY])
        for i in range(half, len(out), 2):
            out[i] = divided(unit.drive[i], unit.neighbours[i], sigma, weight).y[:, 0]
    return out


def together(pair: Tensor, pool: Tensor) -> Tensor:
    """Both of a pair (photographs, N, 2) divided by the root mean square of one pool, badly chosen."""
    sigma = SMALL * pair.std().item()
    settings: dict[str, Any] = {**ROOT, "sigma": sigma, "reduce": "mean"}
    out = divisive_norm(pair.flatten(0, 1), pool_input=pool.flatten(0, 1), **settings)
    return out.reshape(pair.shape)


def measure(study: Study, images: Mapping[str, Tensor] | None = None) -> None:
    """Measure and judge, on the photographs or on other images (name → light, height × width)."""
    found = coefficients(photographs() if images is None else images)
    unit = _unit(found)
    after = normalised(unit)
    tails = [[excess_kurtosis(x) for x in stage] for stage in (unit.drive, after)]
    for stage, values in zip(("before", "after"), tails, strict=True):
        study.curve(f"kurtosis.{stage}", found.names, values, "excess kurtosis of the responses")
    partners = {name: make(found) for name, make in PARTNERS.items()}
    pairs = {
        name: (
            torch.stack([unit.drive, other.drive], -1),
            torch.stack([after, normalised(other)], -1),
        )
        for name, other in partners.items()
    }
    ties = [_each(bow_tie, pair) for pair in pairs["other phase"]]
    bits = {n: tuple(_each(mutual_information, p) for p in pair) for n, pair in pairs.items()}
    bad = _badly(found, {name: pair[0] for name, pair in pairs.items()})
    _judge(study, found.names, tails, ties, bits, bad)
    sizes = _by_size(unit, pairs["other phase"][0])
    _show(study, found.names, pairs["other phase"], tails, bits, bad, sizes)


def _each(of: Callable[[Tensor, Tensor], float], pair: Tensor) -> list[float]:
    return [of(image[:, 0].contiguous(), image[:, 1].contiguous()) for image in pair]


def _badly(found: Coefficients, pairs: dict[str, Tensor]) -> dict[str, dict[str, list[float]]]:
    """Bits that two responses share once both are divided by the pair alone, or by another photograph."""
    other = found.at(0).abs().roll(1, 0)[..., None]
    return {
        "the pair alone": {n: _each(mutual_information, together(p, p)) for n, p in pairs.items()},
        "another photograph": {
            n: _each(mutual_information, together(p, other)) for n, p in pairs.items()
        },
    }


def _by_size(unit: Unit, pair: Tensor) -> dict[int, tuple[float, float]]:
    """Bits that the pair shares when both are divided by themselves and more and more neighbours."""
    found = {}
    for count in (0, 2, 4, 8, 13):
        pool = torch.cat([pair, unit.neighbours[..., 1 : 1 + count]], -1)
        found[2 + count] = mean_and_spread(_each(mutual_information, together(pair, pool)))
    return found


def _judge(study: Study, names, tails, ties, bits, bad) -> None:
    for stage, values in zip(("before", "after"), ties, strict=True):
        study.curve(f"bow_tie.{stage}", names, values, "spread, partner large / partner small")
    study.claim("bow_tie", *mean_and_spread(ties[0]))
    study.claim("flat", *mean_and_spread(ties[1]))
    study.claim("heavy", *mean_and_spread(tails[0]))
    study.claim("gaussian", *mean_and_spread(tails[1]))
    for pair, stages in bits.items():
        for stage, values in zip(("before", "after"), stages, strict=True):
            key = f"bits.{pair.replace(' ', '_')}.{stage}"
            study.curve(key, names, values, "mutual information of such a pair, bits")
    before = _over_pairs({pair: stages[0] for pair, stages in bits.items()})
    after = _over_pairs({pair: stages[1] for pair, stages in bits.items()})
    study.claim("information", *mean_and_spread(before - after))
    for claim, name in (
        ("pair_alone", "the pair alone"),
        ("other_photograph", "another photograph"),
    ):
        worse = _over_pairs(bad[name])
        study.number(f"bits.{claim}", worse.mean(), f"mutual information, divided by {name}, bits")
        study.claim(claim, *mean_and_spread(worse - before))
    study.found = (
        f"{before.mean():.3f} → {after.mean():.3f} bits; excess kurtosis "
        f"{np.mean(tails[0]):.1f} → {np.mean(tails[1]):.1f}; bow tie "
        f"{np.mean(ties[0]):.1f} → {np.mean(ties[1]):.2f}"
    )


def _over_pairs(bits: Mapping[str, list[float]]) -> np.ndarray:
    """One value for each photograph: the mean over the kinds of pair."""
    return np.mean(list(bits.values()), axis=0)


def _show(study: Study, names, pair, tails, bits, bad, sizes) -> None:
    before, after = (stage.flatten(0, 1) for stage in pair)
    picture = study.figure(
        histograms.bow_tie,
        "Two responses at one place, a filter and its other phase, over all photographs: how the second "
        "is distributed where the first has the value on the axis (each column by itself, in standard "
        "deviations). Left: the bow tie. Middle: after division. Right: divided by the two of them alone.",
        "Three grey maps: in the first the vertical spread grows away from the middle, in the second it "
        "is the same everywhere, in the third it lies on a ring.",
        stages={
            "before": histograms.conditional(*_scaled(before)),
            "after": histograms.conditional(*_scaled(after)),
            "the pair alone": histograms.conditional(
                *_scaled(together(pair[0], pair[0]).flatten(0, 1))
            ),
        },
    )
    curve = study.figure(
        histograms.information,
        "Left: mutual information of each kind of pair, mean over photographs, by what both are divided "
        "by. Right: the pair of two phases, divided by themselves and more and more neighbours, all "
        "weighed alike; bars are 95 % intervals over photographs, the line is without division.",
        "Bars that fall after division by neighbours and rise when the pool is the pair alone; a curve "
        "that starts far above the line and falls as the pool grows.",
        part="information",
        bits=_bars(bits, bad),
        sizes=sizes,
        undivided=float(np.mean(bits["other phase"][0])),
    )
    study.show(
        Prose(
            "Filters of four orientations and three frequencies look at the logarithm of the light in "
            f"{len(names)} photographs. The pairs are a filter and its other phase, the same filter two "
            "periods aside, and the orthogonal one. Each response is divided by a weighted pool of fourteen "
            "neighbours in place, orientation, frequency and phase. σ and the weights are those under "
            "which the responses are most likely, learned on half of the photographs and used on the "
            "other half:"
        ),
        Formula(r"y_i = \frac{x_i}{\sqrt{\sigma^2 + \sum_j w_j x_j^2}}"),
        picture,
        Ask(
            "Any pool that is large where the responses are large should do. What if it is only the two "
            "of them?",
            "Then the sum of their squares is known, and each determines the size of the other. They share "
            "more than before. A pool has to be large, or to leave the two out.",
        ),
        curve,
        _table(names, tails, bits, bad),
        Prose(
            "Not every picture needs it: those whose kurtosis is near 0 before (of textures, mostly) have "
            "little dependence for the division to take away."
        ),
    )


def _scaled(pair: Tensor) -> tuple[np.ndarray, np.ndarray]:
    scaled = (pair / pair.std(0)).numpy()
    return scaled[:, 0], scaled[:, 1]


def _bars(bits, bad) -> dict[str, dict[str, float]]:
    stages = {
        "nothing": {pair: stages[0] for pair, stages in bits.items()},
        "neighbours": {pair: stages[1] for pair, stages in bits.items()},
        **bad,
    }
    return {
        name: {p: float(np.mean(v)) for p, v in found.items()} for name, found in stages.items()
    }


def _table(names, tails, bits, bad) -> Numbers:
    before, after = (_over_pairs({p: s[i] for p, s in bits.items()}) for i in (0, 1))
    worse = _over_pairs(bad["the pair alone"])
    columns = (names, *tails, before.tolist(), after.tolist(), worse.tolist())
    header = ("kurtosis", "divided", "bits", "divided", "by the pair alone")
    return Numbers(
        "Excess kurtosis, and mutual information (mean of three kinds of pair), by photograph",
        ("photograph", *header),
        tuple(zip(*columns, strict=True)),
    )
