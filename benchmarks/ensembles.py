"""Networks side by side against one after the other: how many times as fast a net-step is.

Interleaved in one process with one thread, medians of the ratios of each round.

    python benchmarks/ensembles.py [--rounds 5]
"""

import argparse
import platform
import statistics
import time
from dataclasses import replace
from datetime import date

import torch

from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.engine.data import load
from normlab.lab.training.engine.run import Run
from normlab.lab.training.engine.train import follow

COUNTS = (8, 32, 96, 384)
STEPS = 6
CELLS = {
    f"5 × 64 units, {norm}": Training(steps=STEPS, norm=Origin(norm))
    for norm in ("none", "batch", "layer", "divisive")
}


def seconds(cell: Training, count: int, stacked: bool) -> float:
    """Of one net-step, once all is built and warm."""
    cell = replace(cell, seeds=tuple(range(count)))
    run = Run(cell, load(cell.data), cell.replicas, stacked=stacked)
    follow(run)
    run.step = 0
    start = time.perf_counter()
    follow(run)
    return (time.perf_counter() - start) / cell.net_steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(
        f"{date.today()}, {platform.machine()}, torch {torch.__version__}, one thread, batches of 32"
    )
    print("times as fast as alone" + "".join(f"{count:>8}" for count in COUNTS) + "  networks")
    for name, cell in CELLS.items():
        ratios: dict[int, list[float]] = {count: [] for count in COUNTS}
        for _ in range(rounds):
            alone = seconds(cell, 1, stacked=False)
            for count in COUNTS:
                ratios[count].append(alone / seconds(cell, count, stacked=True))
        print(f"{name:22}" + "".join(f"{statistics.median(r):8.2f}" for r in ratios.values()))


if __name__ == "__main__":
    main()
