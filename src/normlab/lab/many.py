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

    What is rounding in the interval is taken off the distance as well as off the spread.
    """
    from scipy.stats import t

    if verdict.seeds < 2 or not 0 <= verdict.spread < float("inf"):
        return None
    spread = verdict.spread - verdict.slack
    beyond = abs(verdict.over) - verdict.slack
    if beyond <= 0 or spread <= 0:
        return 1.0 if beyond <= 0 else 0.0
    return float(2 * t.sf(factor(verdict.seeds, LEVEL) * beyond / spread, verdict.seeds - 1))


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
