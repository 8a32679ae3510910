"""Time of every layer, as ratios to torch's own and to the equation composed of torch's operators.

Interleaved in one process, medians; below 1 is faster. With --write the table goes into docs.

    python benchmarks/layers.py [--rounds 15] [--only batch] [--write]
"""

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from rich.progress import track
from torch import Tensor, nn

from normlab import nn as ours
from normlab import normalize
from normlab.equation.variants import divisive

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "timings.md"
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Case:
    """A layer, torch's own where there is one, and the row with its settings."""

    name: str
    shape: tuple[int, ...]
    layer: nn.Module
    torchs: nn.Module | None
    row: Any
    settings: dict[str, Any]
    order: torch.memory_format = torch.contiguous_format
    learned: tuple[str, ...] = ()

    def functions(self) -> dict[str, Function | None]:
        return {"ours": self.layer, "torch": self.torchs, "composed": self.composed}

    def composed(self, x: Tensor) -> Tensor:
        """The equation with the layer's own parameters."""
        held = {name: getattr(self.layer, name, None) for name in ("weight", "bias")}
        learned = {name: getattr(self.layer, name) for name in self.learned}
        return normalize(x, self.row, **held, **learned, **self.settings).y


IMAGE, LAST = (32, 64, 28, 28), torch.channels_last
LRN = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
WINDOW = {"power": 2.0, "size": 7, "width": None, "window": "box"}
GDN = ("sigma", "pool_weight")


def cases() -> list[Case]:
    bn = lambda: (ours.BatchNorm(64), nn.BatchNorm2d(64), "batch", {})  # noqa: E731
    gdn, gdn1 = ours.GDN(64), ours.GDN(64, simplified=True)
    return [
        Case("batch", IMAGE, *bn()),
        Case("batch, channels_last", IMAGE, *bn(), order=LAST),
        Case("batch, table", (4096, 256), ours.BatchNorm(256), nn.BatchNorm1d(256), "batch", {}),
        Case("batch, small table", (8, 2), ours.BatchNorm(2), nn.BatchNorm1d(2), "batch", {}),
        Case(
            "batch, evaluation",
            IMAGE,
            ours.BatchNorm(64).eval(),
            nn.BatchNorm2d(64).eval(),
            "batch",
            {},
        ),
        Case(
            "layer",
            (4096, 768),
            ours.LayerNorm(768),
            nn.LayerNorm(768),
            "layer",
            {"normalized_shape": (768,)},
        ),
        Case(
            "rms",
            (4096, 768),
            ours.RMSNorm(768),
            nn.RMSNorm(768),
            "rms",
            {"normalized_shape": (768,)},
        ),
        Case(
            "group", IMAGE, ours.GroupNorm(8, 64), nn.GroupNorm(8, 64), "group", {"num_groups": 8}
        ),
        Case(
            "group, channels_last",
            IMAGE,
            ours.GroupNorm(8, 64),
            nn.GroupNorm(8, 64),
            "group",
            {"num_groups": 8},
            order=LAST,
        ),
        Case("instance", IMAGE, ours.InstanceNorm(64), nn.InstanceNorm2d(64), "instance", {}),
        Case(
            "local_response",
            (32, 96, 27, 27),
            ours.LocalResponseNorm(5),
            nn.LocalResponseNorm(5),
            "local_response",
            LRN,
        ),
        Case(
            "local_response, large",
            (32, 64, 55, 55),
            ours.LocalResponseNorm(5),
            nn.LocalResponseNorm(5),
            "local_response",
            LRN,
        ),
        Case(
            "local_contrast",
            (8, 16, 32, 32),
            ours.LocalContrastNorm(16),
            None,
            "local_contrast",
            {},
            learned=("sigma",),
        ),
        Case("divisive", IMAGE, ours.DivisiveNorm(64), None, "divisive", {}, learned=("sigma",)),
        Case(
            "divisive, box 7",
            IMAGE,
            ours.DivisiveNorm(64, size=7, window="box"),
            None,
            divisive(spatial=True),
            WINDOW,
            learned=("sigma",),
        ),
        Case("gdn", (8, 64, 32, 32), gdn, None, "gdn", {}, learned=GDN),
        Case("gdn1", (8, 64, 32, 32), gdn1, None, "gdn1", {}, learned=GDN),
    ]


def seconds(function: Function, x: Tensor, backward: bool) -> float:
    start = time.perf_counter()
    y = function(x)
    if backward:
        y.sum().backward()
    return time.perf_counter() - start


def ratios(case: Case, backward: bool, rounds: int) -> dict[str, float]:
    """Median over rounds of our time to each of the others; the first rounds only warm up."""
    x = torch.randn(case.shape).contiguous(memory_format=case.order)
    x.requires_grad_(backward)
    functions = {name: f for name, f in case.functions().items() if f is not None}
    repeats = max(1, int(2e5 / x.numel()))
    times: dict[str, list[float]] = {name: [] for name in functions}
    with torch.set_grad_enabled(backward):
        for _ in range(rounds + 2):
            for name in random.sample(list(functions), len(functions)):  # each after each other
                spent = sum(seconds(functions[name], x, backward) for _ in range(repeats))
                times[name].append(spent)
    kept = {name: found[2:] for name, found in times.items()}
    return {
        name: statistics.median(a / b for a, b in zip(kept["ours"], found, strict=True))
        for name, found in kept.items()
        if name != "ours"
    }


def line(case: Case, rounds: int) -> str:
    forward, both = (ratios(case, backward, rounds) for backward in (False, True))
    cells = [
        f"{found[k]:.2f}" if k in found else "–"
        for k in ("torch", "composed")
        for found in (forward, both)
    ]
    return f"| {case.name} | {' × '.join(map(str, case.shape))} | {' | '.join(cells)} |"


HEAD = """# Timings

Our time over torch's own layer, and over the equation composed of torch's operators: below 1 is faster.
float32, medians of {rounds} interleaved rounds. {machine}. Printed by `make bench`.

| layer | x | torch, forward | and backward | composed, forward | and backward |
|---|---|---|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of every layer, as ratios.")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default: 15)")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--write", action="store_true", help="write docs/reference/timings.md")
    given = parser.parse_args()
    machine = (
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    chosen = [case for case in cases() if case.name.startswith(given.only)]
    lines = [line(case, given.rounds) for case in track(chosen, "Timing")]
    text = "\n".join([HEAD.format(rounds=given.rounds, machine=machine), *lines]) + "\n"
    print(text)
    if given.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
