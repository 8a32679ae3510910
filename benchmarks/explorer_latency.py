"""How soon the explorer's picture follows a key or a drag, in a real browser on the real server.

From the input's time stamp to the last change of a plot, in milliseconds; the cases are interleaved.
With --write the table goes into docs. The exit code is 1 when something is later than its gate.

    python benchmarks/explorer_latency.py [--presses 25] [--rounds 3] [--write]
"""

import argparse
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
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

PAGE = ROOT / "docs" / "reference" / "timings-explorer.md"
MANY = {"n": 10_000, "batch_size": 100}
FEW_GATE, MANY_GATE = (50.0, 120.0), (100.0, math.inf)  # milliseconds: median, 95th percentile
FIRST_GATE, LAST_GATE = 700.0, 200.0  # to the first plot; from the last of sixty fast presses
OPENINGS = 5


@dataclass(frozen=True)
class Case:
    """A state, and what is done in it: presses on a slider, or a drag of the first point."""

    name: str
    state: dict[str, Any]
    control: str = ""
    times: list[float] = field(default_factory=list)

    @property
    def gate(self) -> tuple[float, float]:
        return MANY_GATE if "n" in self.state else FEW_GATE

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


def pressed_fast(watch: Stopwatch) -> float:
    """Sixty presses as fast as they go, each a change; from the last of them to the last change of a plot."""
    watch.explorer.control("weight").focus()
    for key, times in (("ArrowRight", 40), ("ArrowLeft", 20)):
        for _ in range(times):
            watch.explorer.page.keyboard.down(key)  # held: it repeats without being let go
    return watch.spent()


def loading(open_: Callable[..., Open], rounds: int) -> tuple[list[float], int]:
    """Milliseconds to the first plot in new browser contexts, and the bytes asked for."""
    firsts, sizes = [], 0
    for _ in range(rounds):
        page = open_(script=STAMPS)
        firsts.append(Stopwatch(page).first)
        sizes = page.page.evaluate(
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
        )
    return firsts, sizes


def late(rows: list[tuple[Case, float, float]], first: float, last: float) -> Iterator[str]:
    """What is later than its gate, in words."""
    for case, median, p95 in rows:
        if not (median < case.gate[0] and p95 < case.gate[1]):
            gate = f"below {case.gate[0]:.0f} and {case.gate[1]:.0f} is the gate"
            yield f"{case.name}: median {median:.0f}, 95th percentile {p95:.0f}; {gate}"
    if not first < FIRST_GATE:
        yield f"first plot after {first:.0f}; below {FIRST_GATE:.0f} is the gate"
    if not last < LAST_GATE:
        yield f"sixty fast presses: {last:.0f}; below {LAST_GATE:.0f} is the gate"


HEAD = """# Timings of the explorer

Milliseconds from a key press or a move of the pointer to the last change of a plot, in headless Chromium
{browser} with Python on the same machine: {count} inputs a case, {rounds} interleaved rounds. The gate is a
median below {few[0]:.0f} and a 95th percentile below {few[1]:.0f} for 128 points, and a median below \
{many[0]:.0f} for 10,000.
{machine}; load when it began {load:.1f}, when it ended {end:.1f}. Printed by `make bench-explorer`.

| what changes | median | 95th percentile |
|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser(description="How soon the explorer's picture follows.")
    parser.add_argument("--presses", type=int, default=25, help="inputs a round (default: 25)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument(
        "--write", action="store_true", help="write docs/reference/timings-explorer.md"
    )
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
            firsts, size = loading(
                lambda **given: Open(open_(), running.address, **given), OPENINGS
            )
            held = Open(open_(), running.address, script=STAMPS, norm="layer")
            last = statistics.median(pressed_fast(Stopwatch(held)) for _ in range(given.rounds))
        version = browser.version
    machine = (
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    )
    head = HEAD.format(
        browser=version, count=given.presses * given.rounds, rounds=given.rounds, machine=machine,
        load=load, end=os.getloadavg()[0], few=FEW_GATE, many=MANY_GATE,
    )  # fmt: skip
    rows = [(case, *median_and_p95(case.times)) for case in chosen]
    lines = [f"| {case.name} | {median:.0f} | {p95:.0f} |" for case, median, p95 in rows]
    more = (
        f"\nFirst plot after {statistics.median(firsts):.0f} ms (median of {OPENINGS} new browsers; the "
        f"fastest, {min(firsts):.0f} ms, must be below {FIRST_GATE:.0f}), {size / 1000:.0f} kB loaded. "
        f"After the last of sixty fast presses {last:.0f} ms (below {LAST_GATE:.0f} is the gate).\n"
    )
    text = "\n".join([head, *lines, more])
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    if found := list(late(rows, min(firsts), last)):
        sys.exit("\n".join(["Late, in milliseconds:", *found]))


if __name__ == "__main__":
    main()
