"""How soon the explorer's picture follows a key or a drag, in a real browser on the real server.

From the input's time stamp to the last change of a plot, in milliseconds; the cases are interleaved.
With --write the table goes into docs.

    python benchmarks/explorer_latency.py [--presses 25] [--rounds 3] [--write]
"""

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "explorer")]

from latency import STAMPS, Stopwatch, median_and_p95  # noqa: E402
from pages import Open  # noqa: E402
from serving import explorer  # noqa: E402
from watching import contexts  # noqa: E402

from browsing import chromium  # noqa: E402

PAGE = ROOT / "docs" / "timings-explorer.md"
MANY = {"n": 10_000, "batch_size": 100}


@dataclass(frozen=True)
class Case:
    """A state, and what is done in it: presses on a slider, or a drag of the first point."""

    name: str
    state: dict[str, Any]
    control: str = ""
    times: list[float] = field(default_factory=list)

    def measure(self, open_: Callable[..., Open], count: int) -> None:
        watch = Stopwatch(open_(script=STAMPS, **self.state))
        found = watch.presses(self.control, count) if self.control else dragged(watch, count)
        self.times.extend(found)


def cases() -> list[Case]:
    return [
        Case("batch norm, 128 points: batch size", {"batch_size": 64}, "batch_size"),
        Case("layer norm, 128 points: weight", {"norm": "layer"}, "weight"),
        Case("divisive, 128 points: σ", {"norm": "divisive"}, "sigma"),
        Case("GDN, 128 points: pool_weight", {"norm": "gdn"}, "pool_cross"),
        Case("local contrast, 4 × 4 images: σ", {"data": "image", "norm": "local_contrast"}, "sigma"),
        Case("a neuron with a mask: σ", {"data": "contrast", "norm": "divisive", "masking": 20}, "sigma"),
        Case("batch norm, 128 points: a point is dragged", {}),
        Case("batch norm, 10,000 points: weight", MANY, "weight"),
        Case("layer norm, 10,000 points: weight", MANY | {"norm": "layer"}, "weight"),
        Case("batch norm, 10,000 points: a point is dragged", MANY),
    ]  # fmt: skip


def dragged(watch: Stopwatch, moves: int) -> list[float]:
    """A point is taken and moved in small steps, each waited for."""
    plot = watch.explorer[".scatter.before"]
    box, ring = plot.bounding_box(), plot.locator(".ring").bounding_box()
    assert box and ring
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    mouse = watch.explorer.page.mouse
    mouse.move(x, y)
    mouse.down()
    watch.explorer.settled()
    times = [watch.move(x + i * 3, y + (i % 2)) for i in range(1, moves + 1)]
    mouse.up()
    return times


def loading(open_: Callable[..., Open], rounds: int) -> tuple[float, int]:
    """Median of milliseconds to the first plot in a new browser context, and the bytes asked for."""
    firsts, sizes = [], 0
    for _ in range(rounds):
        page = open_(script=STAMPS)
        firsts.append(Stopwatch(page).first)
        sizes = page.page.evaluate(
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
        )
    return statistics.median(firsts), sizes


HEAD = """# Timings of the explorer

Milliseconds from a key press or a move of the pointer to the last change of a plot, in headless Chromium
{browser} with Python on the same machine: {count} inputs a case, {rounds} interleaved rounds. The gate is a
median below 50 and a 95th percentile below 120 for 128 points, and a median below 100 for 10,000.
{machine}; load when it began {load:.1f}, when it ended {end:.1f}. Printed by `make bench-explorer`.

| what changes | median | 95th percentile |
|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser(description="How soon the explorer's picture follows.")
    parser.add_argument("--presses", type=int, default=25, help="inputs a round (default: 25)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--write", action="store_true", help="write docs/timings-explorer.md")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    chosen = [case for case in cases() if case.name.startswith(given.only)]
    with explorer() as running, chromium() as browser:

        def measured(case: Case) -> None:
            with contexts(browser) as open_:
                case.measure(lambda **given: Open(open_(), running.address, **given), given.presses)

        for case in track(chosen * given.rounds, "Timing"):
            measured(case)
        with contexts(browser) as open_:
            first, size = loading(lambda **given: Open(open_(), running.address, **given), 5)
        version = browser.version
    machine = (
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    head = HEAD.format(
        browser=version, count=given.presses * given.rounds, rounds=given.rounds, machine=machine,
        load=load, end=os.getloadavg()[0],
    )  # fmt: skip
    rows = [(case.name, *median_and_p95(case.times)) for case in chosen]
    lines = [f"| {name} | {median:.0f} | {p95:.0f} |" for name, median, p95 in rows]
    more = f"\nFirst plot after {first:.0f} ms (median of 5 new browsers), {size / 1000:.0f} kB loaded.\n"
    text = "\n".join([head, *lines, more])
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
