"""The page docs/reference/checks.md: what `normlab.check` finds of torch's layers and of ours."""

import torch
from torch import nn

from normlab import nn as ours
from normlab.checks.checking import Checked, check

IMAGE, TABLE = (16, 8, 24, 24), (8000, 8)
PAIRS: dict[str, tuple[nn.Module, nn.Module, tuple[int, ...]]] = {
    "BatchNorm2d": (nn.BatchNorm2d(8), ours.BatchNorm(8), IMAGE),
    "BatchNorm1d": (nn.BatchNorm1d(8), ours.BatchNorm(8), TABLE),
    "GroupNorm": (nn.GroupNorm(2, 8), ours.GroupNorm(2, 8), IMAGE),
    "InstanceNorm2d": (nn.InstanceNorm2d(8), ours.InstanceNorm(8), IMAGE),
    "LayerNorm": (nn.LayerNorm([8, 24, 24]), ours.LayerNorm([8, 24, 24]), IMAGE),
    "RMSNorm": (nn.RMSNorm(8), ours.RMSNorm(8), (64, 8)),
    "LocalResponseNorm": (nn.LocalResponseNorm(3), ours.LocalResponseNorm(3), IMAGE),
}
MARKS = {"agrees": "✓", "differs": "**differs**", "remark": "remark", "does not apply": "–"}


def page() -> str:
    """Outcomes and what differences mean; the sizes, which depend on the machine, are left out."""
    found = {name: checked(pair) for name, pair in PAIRS.items()}
    names = list(dict.fromkeys(f.check for pair in found.values() for f in pair[0].findings))
    cells = [
        f"| {name} | " + " | ".join(cell(pair, name) for pair in found.values()) + " |"
        for name in names
    ]
    notes = [
        f"- {name}, {finding.check}: {finding.meaning}"
        for name, pair in found.items()
        for finding in pair[0].findings
        if finding.outcome in ("differs", "remark")
    ]
    head = ["| check | " + " | ".join(PAIRS) + " |", "|---" * (len(PAIRS) + 1) + "|"]
    return "\n".join(
        [
            *INTRODUCTION,
            *head,
            *cells,
            "",
            "## What torch's differences and remarks mean",
            "",
            *notes,
            "",
        ]
    )


INTRODUCTION = [
    "# What `normlab.check` finds",
    "",
    "Each layer against the float64 reference of its row, on one random input: torch's own / ours.",
    "`normlab check torch.nn:BatchNorm2d --shape 16,8,24,24` prints one of them with its sizes.",
    "",
    "- ✓: what differs is explained by rounding, in the dtype the layer computes in.",
    "- **differs**: the numbers are not the row's. The command then ends with exit code 1.",
    "- remark: no mistake, but digits or speed are lost where another implementation keeps them.",
    "- –: the check does not apply.",
    "",
    "A module that is not a row of the equation is reported as not recognised, with the reason. "
    "Nothing is compared then, and the exit code is 0. `--row NAME` compares it with that row anyway. "
    "Bad input gives exit code 2.",
    "",
]


def checked(
    pair: tuple[nn.Module, nn.Module, tuple[int, ...]],
) -> tuple[Checked, Checked]:
    theirs, mine, shape = pair
    x = 2.0 * torch.randn(shape, generator=torch.Generator().manual_seed(0)) + 0.5
    return check(theirs, x), check(mine, x)


def cell(pair: tuple[Checked, Checked], name: str) -> str:
    found = [{f.check: f.outcome for f in one.findings}.get(name) for one in pair]
    marks = [MARKS[outcome] if outcome else "–" for outcome in found]
    return marks[0] if marks[0] == marks[1] == "–" else " / ".join(marks)
