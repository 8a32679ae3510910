"""The layers on this machine's GPU: right, and how fast. Only torch is needed.

    PYTHONPATH=src python3 -m normlab.bench.gpu [--device cuda] [--out FOLDER] [--minutes 5]

Every layer in each dtype and layout against float64, batch norm over a process group, autocast and
torch.compile; then timings against torch's own layers, torch.compile and a copy. `--device cpu` tries the
same on the CPU.
"""

import argparse
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from normlab._version import __version__
from normlab.bench.gpu_checks import CHECKS, Checked
from normlab.bench.grid import DTYPES, SLOWER, Aim, Case
from normlab.bench.running import Options, Timed, measured
from normlab.errors import NormlabError, SettingError
from normlab.safe import json_text
from normlab.system.files import check_writable, write_all
from normlab.system.markdown import markdown
from normlab.system.progress import bar

MUCH = 4 << 20  # bytes of arrays on which no row may be slower than torch's
ANY = Aim()  # no figure to reach, but timed under torch.compile
LARGE = (64, 128, 56, 56)
TIMED = (
    Case("batch", LARGE, aim=ANY),
    Case("batch", LARGE, "channels_last"),
    Case("batch", LARGE, "channels_last", "bfloat16"),
    Case("batch, evaluation", LARGE),
    Case("layer", (16384, 1024), aim=ANY),
    Case("layer", (16384, 1024), dtype="bfloat16"),
    Case("rms", (16384, 1024), aim=ANY),
    Case("rms", (16384, 1024), dtype="bfloat16"),
    Case("group", LARGE, aim=ANY),
    Case("instance", LARGE),
    Case("local response", LARGE, aim=ANY),
    Case("divisive", LARGE, aim=ANY),
    Case("divisive, box 7", LARGE, aim=ANY),
    Case("GDN", (8, 192, 64, 64), aim=ANY),
)
SMALL = (Case("batch", (4, 16, 12, 12)), Case("rms", (64, 128)))  # for a try on the CPU


def main(given: Sequence[str] | None = None) -> int:
    """0 where all checks hold, 1 where one does not, 2 where nothing could be tried."""
    asked = _parser().parse_args(given)
    try:
        _check(asked.device, asked.minutes)
        check_writable(asked.out)
        return _run(asked.device, asked.out, asked.minutes, asked.no_compile)
    except NormlabError as error:
        print(f"gpu-check: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gpu-check: interrupted; nothing was written.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m normlab.bench.gpu",
        description="Check and time the layers on a GPU.",
        epilog="Example: PYTHONPATH=src python3 -m normlab.bench.gpu --out gpu-check",
    )
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1 …, or cpu (default: cuda)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("normlab-out/gpu-check"),
        help="folder for the JSON and the table",
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="stop timing after (default: 5)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    return parser


def _check(device: str, minutes: float) -> None:
    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in ("cuda", "cpu"):
        raise SettingError(f"--device {device!r} given; it must be cuda, cuda:NUMBER or cpu.")
    if not minutes > 0:
        raise SettingError(f"--minutes {minutes:g} given; it must be above 0.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise SettingError(
            f"torch {torch.__version__} finds no CUDA GPU on this machine; run this where there is one, "
            "or try the same checks on the CPU with --device cpu."
        )


def _run(device: str, out: Path, minutes: float, no_compile: bool) -> int:
    until = time.monotonic() + 60 * minutes
    about = machine(device)
    print(" · ".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    checked = list(_tried(device, no_compile, until - 30 * minutes))  # half is for timings
    cases = TIMED if device.startswith("cuda") else SMALL
    timed, left = _timings(device, cases, until, not no_compile)
    text = page(about, checked, timed, left)
    files = {"gpu-check.md": text, "gpu-check.json": as_json(about, checked, timed, left)}
    write_all(out, {name: content.encode() for name, content in files.items()})
    print(f"\n{text}\nWritten: {out / 'gpu-check.md'}, {out / 'gpu-check.json'}")
    return 0 if all(one.holds for one in checked) else 1


def machine(device: str) -> dict[str, Any]:
    on_gpu = device.startswith("cuda")
    return {
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
        "torch": torch.__version__,
        "CUDA": torch.version.cuda or "none",  # pyright: ignore[reportAttributeAccessIssue]
        "python": platform.python_version(),
        "normlab": __version__,
    }


def _tried(device: str, no_compile: bool, until: float) -> Iterator[Checked]:
    for name, check in CHECKS.items():
        if name == "compiled" and no_compile:
            continue
        found = []
        for one in check(device):
            found.append(one)
            if time.monotonic() > until:
                break
        bad = [one for one in found if not one.holds]
        print(f"{name}: {len(found) - len(bad)} of {len(found)} hold", flush=True)
        for one in bad:
            print(f"  {one.words}", flush=True)
        yield from found


def _timings(
    device: str, cases: Sequence[Case], until: float, compile: bool
) -> tuple[list[Timed], list[Case]]:
    """The timings there was time for, and the cases left."""
    settle = torch.cuda.synchronize if device.startswith("cuda") else (lambda: None)
    options = Options(9, compile, device=device, settle=settle)
    found: list[Timed] = []
    with bar("timing") as show:
        for i, case in enumerate(cases):
            if time.monotonic() > until:
                return found, list(cases[i:])
            show(i, len(cases))
            found += measured(case, options)
    return found, []


HEADER = (
    "layer",
    "x",
    "pass",
    "ours, ms",
    "÷ copy",
    "torch ÷ ours",
    "composed ÷ ours",
    "compiled ÷ ours",
)


def page(
    about: dict[str, Any], checked: Sequence[Checked], timed: Sequence[Timed], left: Sequence[Case]
) -> str:
    """All of it as Markdown, for the docs."""
    bad = [one for one in checked if not one.holds]
    parts = [
        " · ".join(f"{name} {value}" for name, value in about.items()),
        f"{len(checked) - len(bad)} of {len(checked)} checks hold.",
        *(f"- {one.words}" for one in bad),
        markdown(HEADER, [_row(one) for one in timed]),
    ]
    behind = [f"{one.case.full}, {one.way}" for one in timed if _slower(one)]
    if timed:
        listed = "; ".join(behind) or "none"
        parts.append(f"Arrays of 4 MiB and more, 5 % and more slower than torch's own: {listed}.")
    if left:
        parts.append(f"No time was left for: {'; '.join(case.full for case in left)}.")
    return "\n\n".join(parts) + "\n"


def _slower(one: Timed) -> bool:
    size = torch.Size(one.case.shape).numel() * DTYPES[one.case.dtype].itemsize
    return size >= MUCH and one.others.get("torch", (1.0,))[0] < SLOWER


def _row(one: Timed) -> list[str]:
    shares = (one.others.get(name) for name in ("torch", "composed", "compiled"))
    shown = ("–" if share is None else f"{share[0]:.2f}" for share in shares)
    return [
        one.case.full,
        one.case.size,
        one.way,
        f"{1e3 * one.seconds:.3g}",
        f"{one.floor[0]:.2f}",
        *shown,
    ]


def as_json(
    about: dict[str, Any], checked: Sequence[Checked], timed: Sequence[Timed], left: Sequence[Case]
) -> str:
    checks = [
        {"check": c.what, "holds": c.holds, "share": c.share, "said": c.said} for c in checked
    ]
    rows = [_record(one) for one in timed]
    return json_text(
        {
            "machine": about,
            "checks": checks,
            "timings": rows,
            "left": [c.full for c in left],
        }
    )


def _record(one: Timed) -> dict[str, Any]:
    case = one.case
    others = {f"{name}_over_ours": share[0] for name, share in one.others.items()}
    what = {"layer": case.name, "shape": case.shape, "layout": case.layout, "dtype": case.dtype}
    return what | {"pass": one.way, "seconds": one.seconds, "over_copy": one.floor[0]} | others


if __name__ == "__main__":
    sys.exit(main())
