"""Contrast saturation: a sigmoid whose c50 belongs to the population, not to the cell."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.variants import divisive
from normlab.lab.canonical.drawings import curves
from normlab.lab.canonical.fitting import LEVEL, Fit, fit
from normlab.lab.canonical.setup import Study
from normlab.report.page import Ask, Formula, Numbers, Prose

RMAX, C50, POWER = 115.0, 19.3, 2.9  # spikes/s, % contrast, exponent: Albrecht & Hamilton 1982
CONTRASTS = np.array([1.5, 3.0, 6.0, 9.0, 13.0, 19.0, 28.0, 40.0, 60.0, 100.0])
SECONDS = 10.0  # seen at each contrast: ten trials of one second
ANGLES = (0.0, 15.0, 30.0)  # of the grating, from the cell's preferred orientation
PREFERRED = torch.arange(-90.0, 90.0, 15.0, dtype=torch.float64)
WIDTH = 25.0  # °, standard deviation of a cell's tuning
MASKS = (0.0, 10.0, 20.0, 40.0)  # % contrast of a grating orthogonal to the cell
SESSIONS = 300

Model = Callable[[Tensor, Tensor], Tensor]


def drives(angle: float, contrast: Tensor) -> Tensor:
    """Drive of twelve cells by a grating so many degrees from vertical: contrasts × cells."""
    away = (PREFERRED - angle + 90) % 180 - 90
    return contrast[:, None] * torch.exp(-0.5 * (away / WIDTH) ** 2)


def population(drive: Tensor, pool: Tensor) -> Tensor:
    """rmax · Dⁿ/(c50ⁿ + pool), the pool scaled so that c50 is the contrast of a preferred grating."""
    whole = drives(0.0, torch.ones(1, dtype=torch.float64)).pow(POWER).sum()
    weights = torch.ones(len(PREFERRED), len(PREFERRED), dtype=torch.float64) / whole
    return _response(drive, pool, weights)


def alone(drive: Tensor, pool: Tensor) -> Tensor:
    """The same cells, each divided by its own drive only."""
    return _response(drive, pool, torch.eye(len(PREFERRED), dtype=torch.float64))


def _response(drive: Tensor, pool: Tensor, weights: Tensor) -> Tensor:
    rmax = torch.full((drive.shape[1],), RMAX, dtype=torch.float64)
    settings = {"sigma": C50, "power": POWER, "pool_weight": weights, "weight": rmax}
    return normalize(drive, divisive(mixer="learned"), pool_input=pool, **settings).y


def measure(
    study: Study,
    cell: Callable[[Tensor], Tensor] | None = None,
    pooled: Model = population,
    lone: Model = alone,
    sessions: int = SESSIONS,
) -> None:
    """Measure and judge; another cell or population can be put in the place of the equation's."""
    contrast = torch.from_numpy(CONTRASTS)
    preferred = len(PREFERRED) // 2
    cell = cell or (lambda c: _one(pooled, c, preferred))
    _shape(study, cell)
    one, share = _sessions(study, cell, sessions)
    tuned = {name: _by_angle(model, contrast) for name, model in _models(pooled, lone).items()}
    study.claim("shared", _largest_ratio(tuned["the population"]))
    study.claim("alone", _largest_ratio(tuned["itself alone"]))
    masked = _by_mask(study, pooled, contrast, preferred)
    _show_session(study, cell, *one, share)
    _show_pools(study, tuned, masked)


def _models(pooled: Model, lone: Model) -> dict[str, Model]:
    return {"the population": pooled, "itself alone": lone}


def _one(model: Model, contrast: Tensor, cell: int, angle: float = 0.0) -> Tensor:
    drive = drives(angle, contrast)
    return model(drive, drive)[:, cell]


def _shape(study: Study, cell: Callable[[Tensor], Tensor]) -> None:
    """Where the curve is steepest, and its slope at c50, from the derivative of the equation."""
    fine = torch.linspace(1.0, 60.0, 5901, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(cell(fine).sum(), fine)
    steepest = study.number(
        "steepest", fine.detach()[slope.argmax()], "contrast (%) of the steepest response"
    )
    study.claim("steepest", abs(steepest - 15.1))
    at = torch.tensor([C50], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(cell(at).sum(), at)
    log_slope = study.number(
        "log_slope", slope * C50 / RMAX, "slope at c50, in rmax for each unit of ln c"
    )
    study.claim("slope", abs(log_slope / (POWER / 4) - 1))


def simulate(cell: Callable[[Tensor], Tensor], *seed: int) -> np.ndarray:
    """Mean rates of a session: Poisson counts over the seconds seen at each contrast."""
    rates = cell(torch.from_numpy(CONTRASTS)).numpy()
    return np.random.default_rng(seed).poisson(rates * SECONDS) / SECONDS


def _sessions(
    study: Study, cell: Callable[[Tensor], Tensor], count: int
) -> tuple[tuple[np.ndarray, Fit], float]:
    responses = [simulate(cell, study.shared.seed, i) for i in range(count)]
    fits = [fit(CONTRASTS, response, SECONDS, ("c50",)) for response in responses]
    covered = [found.c50.covers(C50) for found in fits]
    share = study.number(
        "coverage", np.mean(covered), f"share of {count} sessions whose interval holds c50"
    )
    spread = 1.96 * (share * (1 - share) / count) ** 0.5
    study.claim("covers", abs(share - LEVEL), spread, f"{count} sessions of Poisson counts")
    first = fit(CONTRASTS, responses[0], SECONDS)
    for name, truth in (("rmax", RMAX), ("c50", C50), ("power", POWER)):
        got = getattr(first, name)
        for end in ("value", "low", "high"):
            meaning = f"{name} fitted to the first session ({end}); the truth is {truth:g}"
            study.number(f"session.{name}.{end}", getattr(got, end), meaning)
    return (responses[0], first), share


def _by_angle(model: Model, contrast: Tensor) -> dict[float, tuple[np.ndarray, Fit]]:
    """Responses and fit of the cell at 0°, for gratings at each angle."""
    found = {}
    for angle in ANGLES:
        response = _one(model, contrast, len(PREFERRED) // 2, angle).numpy()
        found[angle] = response, fit(CONTRASTS, response, intervals=())
    return found


def _largest_ratio(tuned: dict[float, tuple[np.ndarray, Fit]]) -> float:
    c50 = [found.c50.value for _, found in tuned.values()]
    return max(max(c / c50[0], c50[0] / c) for c in c50)


def _by_mask(
    study: Study, model: Model, contrast: Tensor, cell: int
) -> dict[float, tuple[np.ndarray, Fit, float]]:
    """The mask drives the pool and not the cell; its energy adds to that of the grating."""
    found, apart = {}, []
    for mask in MASKS:
        drive = drives(0.0, contrast)
        orthogonal = drives(90.0, torch.full_like(contrast, mask))
        pool = (drive**POWER + orthogonal**POWER) ** (1 / POWER)
        response = model(drive, pool)[:, cell].numpy()
        curve, expected = (
            fit(CONTRASTS, response, intervals=()),
            (C50**POWER + mask**POWER) ** (1 / POWER),
        )
        found[mask] = response, curve, expected
        apart += [abs(curve.c50.value / expected - 1), abs(curve.rmax.value / RMAX - 1)]
        study.number(f"mask.{mask:g}.c50", curve.c50.value, "c50 (%) with such a mask (%)")
    study.claim("shift", max(apart), detail=f"masks of {', '.join(f'{m:g}' for m in MASKS[1:])} %")
    return found


def _show_session(
    study: Study, cell: Callable[[Tensor], Tensor], response: np.ndarray, curve: Fit, share: float
) -> None:
    fine = np.geomspace(CONTRASTS[0], 100, 120)
    picture = study.figure(
        curves.session,
        f"One simulated session: mean rate over {SECONDS:g} s at each contrast (bars: one standard error), "
        f"the fit, and its c50 with the {LEVEL:.0%} interval. The dashed line is the cell that was "
        "simulated.",
        "Points on a sigmoid that rises from 0 to about 115 spikes per second, with a short horizontal "
        "interval around half height.",
        part="session",
        contrast=CONTRASTS,
        response=response,
        error=np.sqrt(np.maximum(response * SECONDS, 1.0)) / SECONDS,  # of one spike at least
        fine=fine,
        fitted=curve.curve(fine),
        truth=cell(torch.from_numpy(fine)).numpy(),
        c50=(curve.c50.value, curve.c50.low, curve.c50.high),
        half=curve.rmax.value / 2,
    )
    study.found = (
        f"c50 {curve.c50.value:.1f} % ({curve.c50.low:.1f} to {curve.c50.high:.1f}), true {C50:g} %"
    )
    labels = {"rmax (spikes/s)": (RMAX, curve.rmax), "c50 (%)": (C50, curve.c50)}
    labels["n"] = POWER, curve.power
    study.show(
        Prose(
            "A cell whose pool sees what it sees follows the curve of Naka and Rushton, which is the "
            "divisive row:"
        ),
        Formula(r"R = r_{max} \, \frac{c^{\,n}}{c_{50}^{\,n} + c^{\,n}}"),
        picture,
        Numbers(
            f"What was fitted to the session, with {LEVEL:.0%} intervals",
            ("number", "true", "fitted", "from", "to"),
            tuple((name, true, e.value, e.low, e.high) for name, (true, e) in labels.items()),
        ),
        Prose(
            f"Over all sessions the interval of c50 held the truth in {share:.1%}. No recorded cell is at "
            "hand here: the counts are drawn from published numbers, so this tests the fit, not the cortex."
        ),
    )


def _show_pools(study: Study, tuned, masked) -> None:
    fine = np.geomspace(CONTRASTS[0], 100, 120)
    picture = study.figure(
        curves.pools,
        "Left and middle: gratings at three angles from a cell's preferred orientation; the ticks are the "
        "fitted c50. Divided by the population the curves keep their c50 and lose height; divided by "
        "itself alone the cell would keep its height and lose c50. Right: a mask that does not drive the "
        "cell moves its curve to the right.",
        "Three panels of sigmoids: in the first scaled down, in the second shifted to the right, in the "
        "third shifted to the right by masks.",
        part="pool",
        fine=fine,
        by_angle={
            name: {a: (f.curve(fine), f.c50.value) for a, (_, f) in found.items()}
            for name, found in tuned.items()
        },
        by_mask={m: (f.curve(fine), f.c50.value) for m, (_, f, _) in masked.items()},
    )
    study.show(
        Ask(
            "The same cell sees a grating 30° from the one it prefers. Does it need more contrast to reach "
            "half of what that grating can give?",
            "No. What saturates is the pool, which sees the same contrast whatever the orientation: "
            "the curve is scaled down, and c50 stays. A cell that saturated by itself would need more.",
        ),
        picture,
        Numbers(
            "c50 (% contrast) by what the cell is divided by",
            ("grating from preferred", *tuned),
            tuple(
                (f"{a:g}°", *(found[a][1].c50.value for found in tuned.values())) for a in ANGLES
            ),
        ),
        Numbers(
            "A mask that does not drive the cell",
            ("mask (%)", "c50 fitted (%)", "c50 expected (%)", "rmax fitted (spikes/s)"),
            tuple((m, f.c50.value, e, f.rmax.value) for m, (_, f, e) in masked.items()),
        ),
    )
