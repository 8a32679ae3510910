"""How often the intervals of `normlab.fit` contain the true value, over simulated cells: `make fit-coverage`.

python tests/fitting/coverage_table.py [CELLS]            # writes docs/reference/fit-coverage.md
"""

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from time import monotonic

from simulated import (
    OVERDISPERSED,
    POOL_SPREAD,
    POOL_TRIALS,
    SPREAD,
    TRIALS,
    covered,
    covered_pools,
    shares,
)

from normlab.system.files import write_all
from normlab.system.markdown import markdown
from normlab.system.processes import started
from normlab.system.progress import bar

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fit-coverage.md"
CELLS, PART = 1000, 25  # of each case; and how many one process simulates at a time
CURVE, POOL = ("rmax", "c50", "n", "baseline", "s"), ("sigma", "n", "kappa", "gamma", "baseline")
Outcomes = Sequence[Mapping[str, bool] | None]
# in words → how many of them simulates how often each interval holds the truth
CASES: Mapping[str, Callable[..., Iterator[Mapping[str, bool] | None]]] = {
    "gaussian noise": partial(covered, noise="gaussian"),
    "Poisson counts": partial(covered, noise="poisson"),
    "quasi-Poisson counts": partial(covered, noise="quasi-poisson"),
    "gaussian noise, s fitted": partial(covered, noise="gaussian", bent=True),
    "gaussian noise, s fitted although it is 1": partial(covered, noise="gaussian", fit_s=True),
    "populations, gaussian noise": partial(covered_pools, noise="gaussian"),
    "populations, Poisson counts": partial(covered_pools, noise="poisson"),
}
ALLOWED = 0.02  # of a share's distance from 95 %, beyond chance
NORMAL = 1.96


def part(case: int, place: int) -> list[Mapping[str, bool] | None]:
    """What became of some cells of a case; seeds are by case and place."""
    return list([*CASES.values()][case](PART, seed=1000 * case + place))


def row(words: str, names: Sequence[str], outcomes: Outcomes) -> tuple[str, ...]:
    """One case: in words, the share for each parameter, how many were refused."""
    found, refused = shares(outcomes)
    held = [
        _share(found[name], len(outcomes) - refused) if name in found else "–" for name in names
    ]
    return words, *held, str(refused)


def _share(share: float, cells: int) -> str:
    outside = abs(share - 0.95) > ALLOWED + _chance(cells)
    return f"**{100 * share:.1f} %**" if outside else f"{100 * share:.1f} %"


def _chance(cells: int) -> float:
    """How far a share of 95 % is measured from itself, with a chance of 95 %."""
    return NORMAL * (0.95 * 0.05 / cells) ** 0.5


def page(found: Mapping[str, Outcomes], cells: int) -> str:
    day, chance = date.today(), 100 * _chance(cells)
    tables = []
    for names, kind in ((CURVE, False), (POOL, True)):
        header = ("noise", *(f"`{name}`" for name in names), "refused")
        chosen = {words: each for words, each in found.items() if words.startswith("pop") == kind}
        tables.append(markdown(header, [row(words, names, each) for words, each in chosen.items()]))
    return f"""# Intervals of normlab.fit, and how often they contain the true value

`make fit-coverage` printed this on {day.day} {day:%B %Y} ({platform.machine()}, {os.cpu_count()} cores): the
share of 95 % intervals that contain the true value, over {cells:,} simulated cells or populations in each
row. With so many, a true share of 95 % is measured as {95 - chance:.1f} to {95 + chance:.1f} % in 95 of 100
runs. A share is printed in bold if it is more than 2 points outside this range.

## Naka–Rushton

{tables[0]}

Each cell has ten contrasts with {TRIALS} trials each, `rmax` of 20 to 80 spikes/s, `c50` of 10 to 35 %, `n`
of 1.5 to 3.5 and a `baseline` of 2 to 10 spikes/s. In the fourth row `s` is 1.2 to 1.6, and twice the rise
at `c50`, instead of `rmax`, is 20 to 80 spikes/s; in all other rows `s` is 1. The gaussian noise has a
standard deviation of {SPREAD:g} spikes/s. Quasi-Poisson counts have {OVERDISPERSED} times the variance of
Poisson counts. `normlab.fit` refuses a cell whose data do not determine the parameters; refused cells are not
in the shares.

The smallest `s` that a fit allows is 1. If the true `s` is 1, about half of the estimates are exactly 1, and
the intervals contain the true value in more than 95 % of the cells.

## The normalisation model

{tables[1]}

Each population has eight cells and 37 stimuli (a blank, gratings and plaids) with {POOL_TRIALS} trials each,
`sigma` of 0.08 to 0.2, `n` of 1.5 to 2.5, `kappa` of 0 to 2, `gamma` of 20 to 60 and baselines of 2 to 6
spikes/s; the gaussian noise has a standard deviation of {POOL_SPREAD:g} spikes/s. The shares of `gamma` and
`baseline` are over all cells.

Trials are simulated as independent. Where the excitability of the cortex drifts over trials, the intervals
are too narrow.
"""


def main(cells: int = CELLS) -> None:
    parts = max(1, cells // PART)
    work = [(case, place) for case in range(len(CASES)) for place in range(parts)]
    with bar("simulating") as show, started(os.cpu_count() or 1, monotonic) as pool:
        waiting = [pool.submit(part, *one) for one in work]
        for done, _ in enumerate(as_completed(waiting)):
            show(done + 1, len(work))
    done = [one.result() for one in waiting]
    found = {
        words: list(chain(*done[c * parts : (c + 1) * parts])) for c, words in enumerate(CASES)
    }
    write_all(PAGE.parent, {PAGE.name: page(found, parts * PART).encode()})
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CELLS)
