"""Two gratings at once: their population responses average, or the stronger wins, by one equation."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.functional.divisive import divisive_norm
from normlab.lab.canonical.drawings import populations
from normlab.lab.canonical.setup import Study
from normlab.report.page import Ask, Formula, Numbers, Prose

C50, POWERS = 19.3, (1.5, 2.0, 2.9)  # % contrast (Albrecht & Hamilton 1982); a range of exponents
SHOWN = 2.0  # the exponent of the figures
PREFERRED = torch.arange(-90.0, 90.0, 5.0, dtype=torch.float64)
WIDTH = 20.0  # °, standard deviation of a cell's tuning
ANGLES = (0.0, 90.0)  # of the two gratings
CONTRASTS = torch.tensor([6.0, 12.0, 25.0, 50.0], dtype=torch.float64)  # %
EQUAL, WEAK, STRONG = 50.0, 12.0, 50.0

Model = Callable[[Tensor, float], Tensor]


def tuning(angle: float) -> Tensor:
    away = (PREFERRED - angle + 90) % 180 - 90
    return torch.exp(-0.5 * (away / WIDTH) ** 2)


def population(contrast: Tensor, power: float) -> Tensor:
    """Responses to two gratings, contrasts (N, 2) in % → (N, cells).

        R = (c₁ⁿ f₁ + c₂ⁿ f₂) / (c₅₀ⁿ + c_rmsⁿ),   c_rms = √(c₁² + c₂²)

    The drive has a power of 1 of its own, and the pool is of the stimulus' contrast: the divisive row
    with these settings.
    """
    drive = contrast**power @ _tunings()
    rms = torch.linalg.vector_norm(contrast, dim=1, keepdim=True)
    return divisive_norm(drive, pool_input=rms, power=power, drive_power=1.0, sigma=C50)


def linear(contrast: Tensor, power: float) -> Tensor:
    """The same drive, not divided: each grating adds what it evokes alone."""
    return contrast**power @ _tunings()


def itself(contrast: Tensor, power: float) -> Tensor:
    """The same drive, each cell divided by its own alone: every cell saturates by itself."""
    drive = contrast**power @ _tunings()
    own = torch.eye(drive.shape[1], dtype=drive.dtype)
    return divisive_norm(drive, power=1.0, sigma=C50**power, pool_weight=own)


def _tunings() -> Tensor:
    return torch.stack([tuning(angle) for angle in ANGLES])


def weights(
    model: Model, contrast: tuple[float, float], power: float
) -> tuple[float, float, float]:
    """w₁ and w₂ of R(both) ≈ w₁ R(first alone) + w₂ R(second alone), and the part not explained."""
    first, second = contrast
    shown = torch.tensor([[first, second], [first, 0.0], [0.0, second]], dtype=torch.float64)
    both, *alone = model(shown, power)
    single = torch.stack(alone, 1)
    found = torch.linalg.lstsq(single, both[:, None]).solution[:, 0]
    rest = (both - single @ found).square().sum() / (both - both.mean()).square().sum()
    return found[0].item(), found[1].item(), rest.item()


def measure(study: Study, model: Model = population, control: Model = itself) -> None:
    """Measure and judge, for every exponent; another population can be put in the equation's place."""
    rows = [_judged(study, f"n{power:g}", model, power) for power in POWERS]
    equal, strong, weak, rest = (list(column) for column in zip(*rows, strict=True))
    study.claim("average", max(equal), detail=f"n = {', '.join(f'{p:g}' for p in POWERS)}")
    study.claim("strong_stays", min(strong))
    study.claim("weak_loses", max(weak))
    study.claim("explained", max(rest))
    alone = [_judged(study, f"itself.n{power:g}", control, power) for power in POWERS]
    study.claim("needs_pool", min(row[2] for row in alone))
    middle = rows[POWERS.index(SHOWN)]
    study.found = (
        f"{EQUAL:g} with {EQUAL:g} %: {middle[0]:.2f} each; {STRONG:g} with {WEAK:g} %: "
        + (f"{middle[1]:.2f} and {middle[2]:.2f}")
    )
    _show(study, model, control, rows, alone)


def _judged(
    study: Study, key: str, model: Model, power: float
) -> tuple[float, float, float, float]:
    """The larger weight at equal contrasts, the strong and the weak grating's at unequal, the rest."""
    *equal, rest_equal = weights(model, (EQUAL, EQUAL), power)
    strong, weak, rest = weights(model, (STRONG, WEAK), power)
    study.number(f"{key}.equal", max(equal), "weight of either of two gratings of equal contrast")
    study.number(f"{key}.strong", strong, "weight of the stronger of two gratings")
    study.number(f"{key}.weak", weak, "weight of the weaker of two gratings")
    return max(equal), strong, weak, max(rest, rest_equal)


def _show(study: Study, model: Model, control: Model, rows, alone) -> None:
    pairs = torch.cartesian_prod(CONTRASTS, CONTRASTS)
    grid = model(pairs, SHOWN).reshape(len(CONTRASTS), len(CONTRASTS), -1)
    single = model(torch.stack([CONTRASTS, torch.zeros_like(CONTRASTS)], 1), SHOWN)
    second = model(torch.stack([torch.zeros_like(CONTRASTS), CONTRASTS], 1), SHOWN)
    picture = study.figure(
        populations.plaids,
        f"Responses of a population to a grating at {ANGLES[0]:g}° (contrast by row) together with one at "
        f"{ANGLES[1]:g}° (by column), n = {SHOWN:g}; thin lines are each grating alone. On the diagonal "
        "the two average; away from it the stronger takes all.",
        "A grid of population profiles with two bumps: equal on the diagonal, one of them all but gone "
        "in the corners.",
        preferred=np.asarray(PREFERRED),
        contrasts=CONTRASTS.tolist(),
        both=grid.numpy(),
        first=single.numpy(),
        second=second.numpy(),
    )
    study.show(
        Prose(
            "Busse, Wade and Carandini showed two gratings at once and wrote the population's response as "
            "a weighted sum of the responses to each alone. The equation they fitted is the divisive row "
            "whose drive has a power of its own and whose pool is of the stimulus' overall contrast:"
        ),
        Formula(r"R = \frac{c_1^{\,n} f_1 + c_2^{\,n} f_2}{c_{50}^{\,n} + c_{rms}^{\,n}}"),
        Ask(
            f"A grating of {WEAK:g} % is added to one of {STRONG:g} %. By how much does the response to "
            "the stronger fall, and what remains of the weaker?",
            f"The stronger keeps {rows[1][1]:.0%} of its response, the weaker {rows[1][2]:.0%} of what it "
            "evokes alone: winner takes all, by the same division that averages equal ones.",
        ),
        picture,
        Numbers(
            "Weights of each grating's own response in that to both",
            ("divided by", "n", f"{EQUAL:g} with {EQUAL:g} %", f"{STRONG:g} %", f"with {WEAK:g} %"),
            tuple(
                (name, power, *row[:3])
                for name, found in (("the contrast of both", rows), ("itself alone", alone))
                for power, row in zip(POWERS, found, strict=True)
            ),
        ),
    )
