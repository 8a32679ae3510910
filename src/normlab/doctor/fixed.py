"""What was done to a model, or would be, and what the same examination says of it afterwards."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import nn

from normlab.doctor.findings import Report
from normlab.doctor.fixes.fix import Step

Status = Literal["done", "planned", "undone", "refused", "left"]


@dataclass(frozen=True)
class Row:
    """One fix. codes: what it is for; steps: layer by layer, in words; refused: those it could not do.

    moved: how far outputs in eval() moved, relative; exact: the same with all done in float64; tolerance:
    what a safe fix may move them by. before, after: the number that the worst finding had, and has;
    found: whether the rules still find anything at these layers, None where that was not looked at.
    """

    fix: str
    safety: str
    status: Status
    codes: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    moved: float | None = None
    exact: float | None = None
    tolerance: float | None = None
    statistic: str = ""
    before: float | None = None
    after: float | None = None
    found: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Fixed:
    """A new model and the table of what was done; report: a new examination of it, if there was one.

    gap_before, gap_after: relative change of the outputs between eval() and normalising by the batch.
    """

    model: nn.Module
    table: tuple[Row, ...]
    report: Report | None = None
    gap_before: float | None = None
    gap_after: float | None = None
    dry_run: bool = False
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the model is another than the one that was given."""
        return any(row.status == "done" for row in self.table)

    @property
    def in_code(self) -> tuple[str, ...]:
        """The fixes done whose effect no state_dict holds, so that the model's code needs it too."""
        return tuple(row.fix for row in self.table if row.status == "done" and row.fix in _IN_CODE)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the keys are those of Row."""
        gaps = {"gap_before": self.gap_before, "gap_after": self.gap_after}
        return {"dry_run": self.dry_run, "changed": self.changed, "notes": self.notes, **gaps, "fixes": [
            asdict(row) for row in self.table
        ]}  # fmt: skip

    def __str__(self) -> str:
        return "\n".join([*map(_lines, self.table), *_closing(self)])

    __repr__ = __str__


_IN_CODE = (
    "restore_momentum",
    "restore_eps",
    "freeze",
    "unfreeze",
    "move_dropout",
    "convert",
    "prune",
)
_MOST = 6  # layers that are named one by one


def _lines(row: Row) -> str:
    codes = f" [{', '.join(row.codes)}]" if row.codes else ""
    lines = [f"{row.fix} ({row.safety}): {_HOW[row.status]}{codes}"]
    lines += _listed(row.steps, "")
    lines += _listed(row.refused, "left: ")
    if row.moved is not None:
        lines.append(f"    outputs in eval() moved by {row.moved:.2g} of their size{_limit(row)}")
    if row.found is not None:
        numbers = ""
        if row.before is not None:
            numbers = f"{row.statistic}: {row.before:.3g} before"
            numbers += f", {row.after:.3g} now; " if row.after is not None else "; "
        lines.append(
            f"    {numbers}{'the finding is still there' if row.found else 'no longer found'}"
        )
    return "\n".join([*lines, *([f"    {row.note}"] if row.note else [])])


_HOW: dict[Status, str] = {
    "done": "done",
    "planned": "would be done",
    "undone": "UNDONE, because the outputs did not stay the same",
    "refused": "not done",
    "left": "not done, because only a remark suggests it",
}


def _limit(row: Row) -> str:
    if row.tolerance is None or row.safety == "unsafe":
        return ""
    exact = "" if row.exact is None else f"; in float64 by {row.exact:.2g}"
    return f" (a safe fix: at most {row.tolerance:.2g}){exact}"


def _listed(steps: tuple[tuple[str, str], ...], mark: str) -> list[str]:
    """The same said of several layers in one line."""
    groups: dict[str, list[str]] = {}
    for layer, does in steps:
        groups.setdefault(does, []).append(layer)
    more = len(groups) - _MOST
    shown = [f"    {mark}{_named(layers)}: {does}" for does, layers in list(groups.items())[:_MOST]]
    return [*shown, f"    {mark}and {more} more"] if more > 0 else shown


def _named(layers: list[str]) -> str:
    more = f" and {len(layers) - _MOST} more" if len(layers) > _MOST else ""
    return ", ".join(layers[:_MOST]) + more


def _closing(fixed: Fixed) -> list[str]:
    if not fixed.table:
        return ["There is nothing to fix."]
    lines = [*fixed.notes]
    if fixed.gap_before is not None and fixed.gap_after is not None:
        lines.append(
            f"Between eval() and normalising by the batch, outputs differ by {fixed.gap_after:.1%} of their "
            f"size; before by {fixed.gap_before:.1%}."
        )
    if fixed.dry_run:
        lines.append("Nothing was changed: this is the plan.")
    elif not fixed.changed:
        lines.append("Nothing was changed.")
    return lines


def pairs(steps: list[Step], refused: bool) -> tuple[tuple[str, str], ...]:
    """Layers and words of the steps that are refused, or of those that are not."""
    return tuple((step.layer, step.does) for step in steps if step.refused == refused)
