"""How often the intervals of `normlab.fit` contain the true value, over simulated cells: `make fit-coverage`.

python tests/fitting/coverage_table.py [CELLS]            # writes docs/reference/fit-coverage.md
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import as_completed
from datetime import date
from itertools import chain
from pathlib import Path
from time import monotonic

from simulated import OVERDISPERSED, SPREAD, TRIALS, covered, shares

from normlab.system.files import write_all
from normlab.system.markdown import markdown
from normlab.system.processes import started
from normlab.system.progress import bar

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fit-coverage.md"
CELLS, PART = 1000, 50  # of each case; and how many one process simulates at a time
CASES = {  # in words → noise, and whether s is fitted
    "gaussian noise": ("gaussian", False),
    "Poisson counts": ("poisson", False),
    "quasi-Poisson counts": ("quasi-poisson", False),
    "gaussian noise, s fitted": ("gaussian", True),
}
NAMES = ("rmax", "c50", "n", "baseline", "s")


def part(case: int, place: int) -> list[dict[str, bool] | None]:
    """What became of some cells of a case; seeds are by case and place."""
    noise, bent = list(CASES.values())[case]
    return list(covered(PART, noise, bent, seed=100 * case + place))


def row(case: int, outcomes: Sequence[dict[str, bool] | None]) -> tuple[str, ...]:
    """One case: in words, the share of cells for each parameter, how many were refused."""
    found, refused = shares(outcomes)
    held = [f"{100 * found[name]:.1f} %" if name in found else "–" for name in NAMES]
    return list(CASES)[case], *held, str(refused)


def page(rows: list[tuple[str, ...]], cells: int) -> str:
    day, chance = date.today(), 196 * (0.95 * 0.05 / cells) ** 0.5
    header = ("noise", *(f"`{name}`" for name in NAMES), "cells refused")
    return f"""# Intervals of normlab.fit, and how often they contain the true value

`make fit-coverage` printed this on {day.day} {day:%B %Y}: the share of {cells:,} simulated cells whose 95 %
interval holds the true value. With so many cells a true share of 95 % is
measured as {95 - chance:.1f} to {95 + chance:.1f} %, with a chance of 95 %.

{markdown(header, rows)}

Each cell has ten contrasts with {TRIALS} trials each, `rmax` of 20 to 80 spikes/s, `c50` of 10 to 35 %, `n`
of 1.5 to 3.5 and a `baseline` of 2 to 10 spikes/s; where `s` is fitted, it is 1.2 to 1.6. The gaussian noise
has a standard deviation of {SPREAD:g} spikes/s. Quasi-Poisson counts have {OVERDISPERSED} times the variance
of Poisson counts. `normlab.fit` refuses a cell whose data cannot tell the parameters; refused cells are not
in the shares.

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
    found = [one.result() for one in waiting]
    rows = [row(c, list(chain(*found[c * parts : (c + 1) * parts]))) for c in range(len(CASES))]
    write_all(PAGE.parent, {PAGE.name: page(rows, parts * PART).encode()})
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CELLS)
