"""Many claims judged together: Holm's correction, so that chance alone decides few of them."""

from collections.abc import Sequence
from dataclasses import replace

from normlab.lab.experiment import LEVEL, Verdict
from normlab.lab.spreads import factor


def corrected(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts over seeds with their p among all of them; what has no interval stays as it is.

    Source: Holm 1979. That any claim of the table is decided wrongly has a chance of 5 % at most.
    """
    known = {i: p for i, verdict in enumerate(verdicts) if (p := chance(verdict)) is not None}
    found = dict(zip(known, holm(list(known.values())), strict=True))
    return [replace(v, adjusted=found[i]) if i in found else v for i, v in enumerate(verdicts)]


def chance(verdict: Verdict) -> float | None:
    """Two-sided p of the measured distance from the bound by Student's t; None without an interval.

    An interval that was widened for rounding makes p larger than it is.
    """
    from scipy.stats import t

    if verdict.seeds < 2 or not 0 <= verdict.spread < float("inf"):
        return None
    if verdict.spread == 0:
        return 0.0 if verdict.over else 1.0
    freedom = verdict.seeds - 1
    return float(
        2 * t.sf(factor(verdict.seeds, LEVEL) * abs(verdict.over) / verdict.spread, freedom)
    )


def holm(chances: Sequence[float]) -> list[float]:
    """p of each among all: the smallest times their number, the next times one less, and so on.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    found, most = [0.0] * len(chances), 0.0
    for place, i in enumerate(order):
        most = max(most, min(1.0, (len(chances) - place) * chances[i]))
        found[i] = most
    return found
