"""Cost of the window sums per pixel, for boxes and Gaussians of growing size.

Interleaved in one process, medians. A box should cost the same from some size on, a Gaussian in
proportion to its size.

    python benchmarks/windows.py [--rounds 9]
"""

import argparse
import platform
import statistics
import time
from datetime import date

import torch
from torch import Tensor

from normlab.equation.pooling import pooled
from normlab.equation.pools import Surround

SHAPE = (2, 1, 512, 512)
SIZES = (3, 5, 7, 15, 31, 63, 95, 127)


def seconds(a: Tensor, window: str, size: int) -> float:
    settings = {"size": size, "width": None, "window": window}
    start = time.perf_counter()
    pooled(Surround(channels=False), a, None, settings)
    return time.perf_counter() - start


def costs(a: Tensor, rounds: int) -> dict[tuple[str, int], float]:
    """Median nanoseconds per pixel of every window; the first round only warms up."""
    each = [(window, size) for window in ("box", "gaussian") for size in SIZES]
    found = [[seconds(a, *kind) for kind in each] for _ in range(rounds + 1)][1:]
    columns = zip(*found, strict=True)
    return {
        kind: 1e9 * statistics.median(column) / a.numel()
        for kind, column in zip(each, columns, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default: 9)")
    rounds = parser.parse_args().rounds
    found = costs(torch.rand(SHAPE), rounds)
    print(f"{date.today()}, {platform.machine()}, torch {torch.__version__}, x {SHAPE}, float32")
    print("size " + "".join(f"{size:>8}" for size in SIZES) + "   ns per pixel")
    for window in ("box", "gaussian"):
        print(f"{window:5.5}" + "".join(f"{found[window, size]:8.2f}" for size in SIZES))


if __name__ == "__main__":
    main()
