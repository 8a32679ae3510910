"""Print how often the intervals of `normlab.fit` hold the truth, over simulated cells: `make fit-coverage`.

python tests/fitting/coverage_table.py [CELLS]
"""

import sys
from collections.abc import Callable

from simulated import covered, shares

from normlab.system.markdown import markdown
from normlab.system.progress import bar

CASES = {  # in words → noise, and whether s is fitted
    "gaussian noise": ("gaussian", False),
    "Poisson counts": ("poisson", False),
    "quasi-Poisson counts": ("quasi-poisson", False),
    "gaussian noise, with s": ("gaussian", True),
}
NAMES = ("rmax", "c50", "n", "baseline", "s")


def row(case: int, cells: int, tell: Callable[[int], None] = lambda done: None) -> tuple[str, ...]:
    """One case: in words, the share of cells for each parameter, how many were refused."""
    words, (noise, bent) = list(CASES.items())[case]
    outcomes = []
    for one in covered(cells, noise, bent, seed=100 + case):
        outcomes.append(one)
        tell(len(outcomes))
    found, refused = shares(outcomes)
    held = [f"{100 * found[name]:.1f} %" if name in found else "–" for name in NAMES]
    return words, *held, str(refused)


def main(cells: int) -> None:
    with bar("simulating") as show:
        rows = [
            row(i, cells, lambda done, i=i: show(i * cells + done, len(CASES) * cells))
            for i in range(len(CASES))
        ]
    print(f"Share of {cells:,} simulated cells whose 95 % interval holds the truth:\n")
    print(markdown(("noise", *NAMES, "refused"), rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
