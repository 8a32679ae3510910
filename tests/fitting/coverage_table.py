"""Print how often the intervals of `normlab.fit` hold the truth, over simulated cells: `make fit-coverage`.

python tests/fitting/coverage_table.py [CELLS]
"""

import sys

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


def main(cells: int) -> None:
    rows = []
    with bar("simulating") as show:
        for i, (words, (noise, bent)) in enumerate(CASES.items()):
            outcomes = []
            for one in covered(cells, noise, bent, seed=100 + i):
                outcomes.append(one)
                show(i * cells + len(outcomes), len(CASES) * cells)
            found, refused = shares(outcomes)
            held = [f"{100 * found[name]:.1f} %" if name in found else "–" for name in NAMES]
            rows.append((words, *held, str(refused)))
    print(f"Share of {cells:,} simulated cells whose 95 % interval holds the truth:\n")
    print(markdown(("noise", *NAMES, "refused"), rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
