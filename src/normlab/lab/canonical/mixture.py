"""The exact test: a Gaussian scale mixture x = √z·u, in which division takes z out altogether."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.row import Norm
from normlab.equation.table import find
from normlab.equation.variants import divisive
from normlab.lab.canonical.dependency import bow_tie, excess_kurtosis, mutual_information
from normlab.lab.canonical.drawings import histograms
from normlab.lab.canonical.setup import Study
from normlab.lab.spreads import mean_and_spread
from normlab.report.page import Ask, Formula, Numbers, Picture, Prose

SAMPLES, BLOCKS, OTHERS = 200_000, 10, 8  # blocks tell the spread; others: responses in each pool
SIGMAS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # in standard deviations of u
MOMENT = 2.0  # E[z²] / E[z]² of an exponential z, which makes x Laplace's
KURTOSIS = 3 * (MOMENT - 1)  # excess, of x
SQUARES = (MOMENT - 1) / (3 * MOMENT - 1)  # correlation of the squares of two responses
LRN_POWER = 0.75  # the outer power of local response normalisation

Divide = Callable[[Tensor, Tensor, float], Tensor]


def mixture(seed: int, samples: int = SAMPLES) -> tuple[Tensor, Tensor]:
    """x = √z·u and u, (samples, 2 + 2·OTHERS): two responses, then the neighbours of each."""
    draw = np.random.default_rng([seed, 2])
    u = torch.from_numpy(draw.standard_normal((samples, 2 + 2 * OTHERS)))
    z = torch.from_numpy(draw.exponential(size=(samples, 1)))
    return z.sqrt() * u, u


def divided(drive: Tensor, pool: Tensor, sigma: float, outer: float = 0.5) -> Tensor:
    """y = x / (σ² + mean e²)^outer, the divisive row with a signed drive; drive (N,), pool (N, K)."""
    row = divisive(reduce="mean", own_drive=True, outer=True)
    powers: dict[str, Any] = {"power": 2.0, "drive_power": 1.0, "outer_power": outer}
    return normalize(drive[:, None], row, pool_input=pool, sigma=sigma, **powers).y[:, 0]


def pair(x: Tensor, sigma: float, divide: Divide) -> Tensor:
    """Both responses, each divided by its own neighbours; (N, 2)."""
    first, second = x[:, 2 : 2 + OTHERS], x[:, 2 + OTHERS :]
    return torch.stack([divide(x[:, 0], first, sigma), divide(x[:, 1], second, sigma)], 1)


def measure(study: Study, divide: Divide = divided, samples: int = SAMPLES) -> None:
    """Measure and judge; another division can be put in the place of the equation's."""
    x, u = mixture(study.shared.seed, samples)
    after = pair(x, 0.0, divide)
    _before(study, x)
    left = {sigma: _changed(pair(x, sigma, divide), pair(u, sigma, divide)) for sigma in SIGMAS}
    study.claim("cancels", (after - pair(u, 0.0, divide)).abs().div(after.abs()).max())
    study.curve(
        "left", SIGMAS, left.values(), "r.m.s. of what z changes, relative to the output, by σ"
    )
    study.claim("sigma_keeps", left[1.0])
    distance = _student(study, after[:, 0])
    bits = {name: _bits(p) for name, p in (("before", x[:, :2]), ("after", after))}
    for name, values in bits.items():
        study.number(f"bits.{name}", np.mean(values), "mutual information of the two responses")
    study.claim("independent", *mean_and_spread(bits["after"]))
    degree = _degree(study, x, u)
    study.found = (
        f"{np.mean(bits['before']):.3f} → {np.mean(bits['after']):.4f} bits; distance from Student's "
        f"{distance:.2f} (1.63 at 1 %)"
    )
    _show(study, x, after, left, bits, degree)


def _changed(with_z: Tensor, without: Tensor) -> float:
    """Root mean square of what z changes, relative to the output without it."""
    return ((with_z - without).square().mean() / without.square().mean()).sqrt().item()


def _before(study: Study, x: Tensor) -> None:
    """The mixture is what it should be: kurtosis and correlation of squares, by algebra."""
    found = [np.corrcoef(block[:, 0] ** 2, block[:, 1] ** 2)[0, 1] for block in x.chunk(BLOCKS)]
    mean, spread = mean_and_spread(found)
    study.number("squares", mean, f"correlation of the squares before; by algebra {SQUARES:.4f}")
    study.number("kurtosis.before", excess_kurtosis(x[:, 0]), f"excess; by algebra {KURTOSIS:.3f}")
    study.number("bow_tie.before", bow_tie(x[:, 0], x[:, 1]), "spread, partner large / small")
    study.claim("dependent", mean, spread)


def _student(study: Study, y: Tensor) -> float:
    """√N times the Kolmogorov–Smirnov distance from Student's t, whose freedom is the pool's size."""
    from scipy.stats import kstest, t

    distance = kstest(y.numpy(), t.cdf, (OTHERS,)).statistic * len(y) ** 0.5
    study.number("student", distance, "√N × Kolmogorov–Smirnov distance from Student's t")
    study.number("kurtosis.after", excess_kurtosis(y), f"excess; by algebra {6 / (OTHERS - 4):.3f}")
    study.claim("student", distance)
    return distance


def _bits(pair: Tensor) -> list[float]:
    return [
        mutual_information(block[:, 0].contiguous(), block[:, 1].contiguous())
        for block in pair.chunk(BLOCKS)
    ]


def _degree(study: Study, x: Tensor, u: Tensor) -> dict[str, tuple[float, float]]:
    """The power of z that is left in y, against what a row's degree m − n·p says: half of it."""
    rows: dict[str, tuple[Norm, dict]] = {
        "divisive, p = ½": (find("l2"), {}),
        "local response, p = ¾": (
            find("local_response"),
            {"k": 0.0, "beta": LRN_POWER, "alpha": 1.0},
        ),
        "divisive, p = 1": (divisive(), {"sigma": 0.0, "power": 2.0}),
    }
    found = {}
    for name, (row, settings) in rows.items():
        ratio = normalize(x[:1000], row, **settings).y / normalize(u[:1000], row, **settings).y
        scale = (x[:1000] / u[:1000]).square().log()
        slope = (ratio.abs().log()[:, 0] / scale[:, 0]).median().item()
        degree = row.degree(**{k: v for k, v in settings.items() if k in row.defaults})
        found[name] = slope, degree / 2
    for i, (name, (slope, _)) in enumerate(found.items()):
        study.number(f"degree.{i}", slope, f"power of z left in the output: {name}")
    study.claim("degree", max(abs(slope - expected) for slope, expected in found.values()))
    return found


def _show(study: Study, x: Tensor, after: Tensor, left, bits, degree) -> None:
    from scipy.stats import t

    edges = np.linspace(-5, 5, 61)
    density, _ = np.histogram(after[:, 0].numpy(), bins=edges, density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    picture = study.figure(
        histograms.mixture,
        f"Left: two responses of the mixture, the second given the first. Second: the same after each is "
        f"divided by its own {OTHERS} neighbours. Third: a divided response (bars) and Student's t with "
        f"{OTHERS} degrees of freedom (line). Right: what z still changes, relative to the output, by σ.",
        "A bow tie; the same without a bow tie; a histogram under a curve that it follows; a curve that "
        "rises from nothing with sigma.",
        stages={
            "before": histograms.conditional(*(x[:, i].numpy() / x.std().item() for i in (0, 1))),
            "after": histograms.conditional(*(after[:, i].numpy() for i in (0, 1))),
        },
        middle=middle,
        density=density,
        law=t.pdf(middle, OTHERS),
        left={sigma: gap for sigma, gap in left.items() if sigma > 0},
    )
    _tell(study, picture, bits, degree)


def _tell(study: Study, picture: Picture, bits, degree) -> None:
    study.show(
        Prose(
            "On photographs the pool only estimates what the responses share. In a Gaussian scale mixture "
            "it can be known: Gaussian responses u, multiplied by one random √z that all of them share "
            "(z exponential, so each is Laplace's). They are uncorrelated and dependent. With σ = 0 and "
            "n = 2 the division takes z out exactly,"
        ),
        Formula(
            r"y = \frac{\sqrt{z}\,u_1}{\sqrt{\frac{1}{K}\sum_k z\,u_k^2}} "
            r"= \frac{u_1}{\sqrt{\frac{1}{K}\sum_k u_k^2}}"
        ),
        Prose(
            f"and what is left is Student's t with as many degrees of freedom as the pool has responses. "
            f"Before, the squares correlate by (m − 1)/(3m − 1) = {SQUARES:.3f}, m = E[z²]/E[z]²."
        ),
        Ask(
            "Local response normalisation has a power of ¾ where this has ½. What happens to z?",
            "It is over-corrected: the output falls as z to the power −¼, half of the row's degree "
            "m − n·p. A row takes z out exactly when its degree is 0.",
        ),
        picture,
        Numbers(
            "The power of z that is left in the output",
            ("row", "measured", "half its degree"),
            tuple((name, slope, expected) for name, (slope, expected) in degree.items()),
        ),
        Numbers(
            "Mutual information of the two responses (bits)",
            ("before", "after"),
            ((float(np.mean(bits["before"])), float(np.mean(bits["after"]))),),
        ),
    )
