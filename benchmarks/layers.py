"""Time of the functions that do not simply call torch's operator of the same name, as ratios to it.

Interleaved in one process, medians; below 1 is faster than torch.

    python benchmarks/layers.py [--rounds 15]
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date

import torch
import torch.nn.functional as F
from torch import Tensor

from normlab import functional

Pair = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
PAIRS: dict[str, Pair] = {
    "instance_norm": (functional.instance_norm, F.instance_norm),
    "local_response_norm, size 5": (
        lambda x: functional.local_response_norm(x, 5),
        lambda x: F.local_response_norm(x, 5),
    ),
}
SHAPE = (32, 96, 27, 27)


def seconds(function: Callable[[Tensor], Tensor], x: Tensor, backward: bool) -> float:
    start = time.perf_counter()
    y = function(x)
    if backward:
        y.sum().backward()
    return time.perf_counter() - start


def ratio(pair: Pair, x: Tensor, backward: bool, rounds: int) -> float:
    """Median over rounds of ours/torch; the first round only warms up."""
    found = [[seconds(function, x, backward) for function in pair] for _ in range(rounds + 1)]
    return statistics.median(ours / theirs for ours, theirs in found[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default: 15)")
    rounds = parser.parse_args().rounds
    x = torch.randn(SHAPE, requires_grad=True)
    print(f"{date.today()}, {platform.machine()}, torch {torch.__version__}, x {SHAPE}, float32")
    for name, pair in PAIRS.items():
        forward, both = (ratio(pair, x, backward, rounds) for backward in (False, True))
        print(f"{name:30} forward {forward:.2f}, forward and backward {both:.2f} of torch's time")


if __name__ == "__main__":
    main()
