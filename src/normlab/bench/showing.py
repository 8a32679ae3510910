"""Timings as a table, as JSON, and as a figure."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from normlab.bench.grid import PASSES, SLOWER, Aim, Case
from normlab.bench.networks import Step
from normlab.bench.running import Timed
from normlab.bench.timing import Times
from normlab.kernels import native
from normlab.report.figures import Figure
from normlab.safe import json_text
from normlab.system.markdown import markdown

HEADER = ("layer", "x", "our time ÷ copy", "torch", "composed", "compiled", "aims")
NOTE = (
    "Each cell: forward / with backward. *Our time ÷ copy*: a copy of x, with backward also one array "
    "computed from two. The other columns are how many times as long the others take: torch's own layer (of "
    "GDN a 1 × 1 convolution), the equation in torch's operators, and the faster of both under "
    "torch.compile. In brackets the quartiles of torch's. Medians of interleaved rounds."
)
BEHIND = "Rows on which torch's own layer is more than 5 % faster (torch ÷ ours; the difference in one call)"
UNSURE = "Rows on which it is so by the median, but not by the quartiles: within the spread"
SAME = "; both run torch's operator"
Networks = Sequence[tuple[Step, Mapping[str, Times]]]


def machine(threads: int, rounds: int, tuned: bool, clock: str) -> dict[str, Any]:
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "torch": torch.__version__,
        "kernels": native.status(),
        "rounds": rounds,
        "allocator": "keeps what was freed" if tuned else "as the system sets it",
        "time": clock,
    }


def processor() -> str:
    """The name that the system gives the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.{0 if value >= 20 else 1 if value >= 10 else 2}f}"


def _median(one: Timed, name: str) -> float | None:
    return one.others[name][0] if name in one.others else None


def _cell(both: Sequence[Timed], name: str) -> str:
    if any(name in one.raises for one in both):
        return "raises"
    shown = " / ".join(_ratio(_median(one, name)) for one in both)
    if name != "torch" or not all(name in one.others for one in both):
        return "–" if set(shown) <= set("–/ ") else shown
    spread = ", ".join("–".join(map(_ratio, one.others[name][1:])) for one in both)
    return f"{shown} ({spread})"


def missed(case: Case, both: Sequence[Timed]) -> list[str]:
    """The aims of the table that were not reached, in words."""
    aim = case.aim or Aim()
    said = []
    for i, one in enumerate(both):
        eager = _median(one, "torch") or _median(one, "composed")
        for what, least, value in (
            ("torch", aim.eager[i], eager),
            ("compiled", aim.compiled[i], _median(one, "compiled")),
        ):
            if least is not None and value is not None and value < least:
                said.append(f"{PASSES[i]}: {value:.2f}, not {least:.3g} × {what}")
        most = aim.floor[i]
        if most is not None and one.floor[0] > most:
            said.append(f"{PASSES[i]}: {one.floor[0]:.2f}, not {most:.3g} × copy")
    return said


def by_case(found: Iterable[Timed]) -> dict[Case, list[Timed]]:
    cases: dict[Case, list[Timed]] = {}
    for one in found:
        cases.setdefault(one.case, []).append(one)
    return cases


def table(found: Iterable[Timed]) -> str:
    rows = []
    for case, both in by_case(found).items():
        aims = "–" if case.aim is None else "; ".join(missed(case, both)) or "all reached"
        rows.append(
            [
                case.title,
                case.size,
                " / ".join(_ratio(one.floor[0]) for one in both),
                *(_cell(both, name) for name in ("torch", "composed", "compiled")),
                aims,
            ]
        )
    return markdown(HEADER, rows)


def networks_table(networks: Networks) -> str:
    rows = []
    for step, times in networks:
        middle, low, high = times["torch"].over(times["ours"])
        aim = "–" if step.aim is None else "reached" if middle >= step.aim else f"not {step.aim:g}"
        spread = f"{middle:.2f} ({low:.2f}–{high:.2f})"
        rows.append([step.name, step.layout, f"{1e3 * times['ours'].median:.1f}", spread, aim])
    return markdown(("training step", "layout", "ours, ms", "torch ÷ ours", "aim"), rows)


def slower(found: Iterable[Timed], *, beyond: bool) -> list[str]:
    """The rows on which the median of torch's own layer is more than 5 % faster, and by how much a call.

    beyond: those whose quartiles are too; else those whose upper quartile is not, so that it may be chance.
    """
    said = []
    for one in found:
        share, _, high = one.others.get("torch", (1.0, 1.0, 1.0))
        if share < SLOWER and (high < SLOWER) is beyond:
            lost = 1e6 * one.seconds * (1 - share)
            same = SAME if one.path.startswith("torch's operators") else ""
            said.append(
                f"{one.case.title} {one.case.size}, {one.way}: {share:.2f}, {lost:.0f} µs{same}"
            )
    return said


def text(found: Sequence[Timed], networks: Networks, about: Mapping[str, Any]) -> str:
    """The page: what it was measured on, the tables, and the rows that are slower than torch's."""
    parts = [". ".join(f"{name}: {value}" for name, value in about.items()) + "."]
    parts += [NOTE, table(found)] if found else []
    parts += [networks_table(networks)] if networks else []
    if found:
        parts += [_listed(BEHIND, slower(found, beyond=True))]
        parts += [_listed(UNSURE, slower(found, beyond=False))]
    return "\n\n".join(parts) + "\n"


def _listed(title: str, rows: Sequence[str]) -> str:
    return f"{title}:" + ("".join(f"\n- {row}" for row in rows) or " none.")


def as_json(found: Sequence[Timed], networks: Networks, about: Mapping[str, Any]) -> str:
    rows = [
        {
            "layer": one.case.name,
            "shape": list(one.case.shape),
            "layout": one.case.layout,
            "dtype": one.case.dtype,
            "pass": one.way,
            "seconds": one.seconds,
            "over_floor": _spread(one.floor),
            "others_over_ours": {name: _spread(share) for name, share in one.others.items()},
            "raises": list(one.raises),
            "path": one.path,
        }
        for one in found
    ]
    steps = [
        {
            "network": step.name,
            "layout": step.layout,
            "seconds": times["ours"].median,
            "torch_over_ours": _spread(times["torch"].over(times["ours"])),
        }
        for step, times in networks
    ]
    return json_text({"machine": dict(about), "rows": rows, "networks": steps})


def _spread(share: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("median", "lower_quartile", "upper_quartile"), share, strict=True))


def figure(found: Sequence[Timed]) -> Figure:
    from normlab.bench.drawings import speeds

    rows = []
    for case, both in by_case(found).items():
        name = f"{case.title}  {case.size.replace(' ', '')}"
        rows.append((name, [one.others.get("torch") or one.others["composed"] for one in both]))
    alt = "; ".join(f"{name}: {both[0][0]:.2f} and {both[1][0]:.2f}" for name, both in rows)
    return Figure(
        "speeds",
        lambda: speeds(rows),
        "How many times as fast as torch's own layer (where torch has none: the equation in torch's "
        "operators), median and quartiles; at the line both are equally fast.",
        f"Times as fast as torch, forward and with backward: {alt}.",
    )
