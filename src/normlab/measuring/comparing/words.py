"""A comparison in print: a table, worst first, and plain sentences; and thresholds out of words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from normlab.errors import SettingError, did_you_mean
from normlab.measuring.comparing.change import MEASURES, Change, by_chance

if TYPE_CHECKING:
    from normlab.measuring.comparing.diff import Drift

SHOWN = 30  # columns in a table on a terminal
HEADER = ("", "mean before", "now", "shift", "z", "ratio", "missing before", "now", "outside")
_NAME = 28


def thresholds(given: Sequence[str]) -> dict[str, float]:
    """NAME=NUMBER, each name one of `MEASURES`. Errors: SettingError.

    >>> thresholds(["shift=0.1", "ratio=1.5"])
    {'shift': 0.1, 'ratio': 1.5}
    """
    found = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in MEASURES:
            raise SettingError(
                f"--fail-above {text!r} given;{did_you_mean(name, MEASURES)} it must be NAME=NUMBER, NAME "
                f"one of {', '.join(MEASURES)}: --fail-above shift=0.1"
            )
        found[name] = _number(text, number, MEASURES[name][1])
    return found


def _number(text: str, number: str, least: float) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least:
        raise SettingError(
            f"--fail-above {text!r} given; after the = there must be a number, {least:g} or more."
        )
    return value


def lines(drift: "Drift") -> list[str]:
    """The comparison for a terminal."""
    shown = drift.changes[:SHOWN]
    more = len(drift.changes) - len(shown)
    found = [summary(drift.changes), "", *_table([HEADER, *map(row, shown)])]
    if more:
        found.append(f"… and {more:,} more; --json has all of them.")
    return [*found, "", *_LEGEND]


_LEGEND = (
    "shift: of the mean, in the std before. z: the same in its own uncertainty. ratio: the variance now by",
    "that before. outside: how far values go beyond the range before, in the std before. –: unknown.",
)


def summary(changes: Sequence[Change]) -> str:
    """One sentence on how many have changed, and which moved most."""
    count, bound = len(changes), by_chance(3 * len(changes))
    gone = [c for c in changes if c.status]
    sure = [c for c in changes if not c.status and c.sureness > bound]
    parts = [f"{word}: {_named(c.name for c in changes if c.status == word)}" for word in ("gone", "new")
             if any(c.status == word for c in gone)]  # fmt: skip
    if count == len(gone):
        return "; ".join([*parts, "the two have no feature in common"]) + "."
    if not sure:
        said = f"Nothing has changed by more than chance allows in {_features(count - len(gone))}"
    else:
        said = f"{len(sure)} of {_features(count - len(gone))} changed by more than chance allows"
    said += f" (|z| above {bound:.1f}, in mean, variance or missing values)"
    moved = [c for c in sure if not math.isnan(c.shift) and c.shift]
    if moved:
        worst = max(moved, key=lambda c: abs(c.shift))
        said += f"; {worst.name!r} moved most, by {_short(worst.shift, sign=True)} std"
    return "; ".join([*parts, said]) + "."


def _features(count: int) -> str:
    return f"{count:,} feature{'s' * (count != 1)}"


def _named(names: Iterable[str]) -> str:
    from normlab.data.columns import quoted

    return quoted(names)


def beyond(drift: "Drift", limits: Mapping[str, float]) -> list[str]:
    """A line for each threshold, with what is beyond it."""
    said = []
    for measure, changes in drift.beyond(limits).items():
        limit = limits[measure]
        if changes:
            worst = max(changes, key=lambda c: math.inf if c.status else c.size(measure))
            size = worst.status or _short(worst.size(measure))
            others = f", and {len(changes) - 1:,} more" if len(changes) > 1 else ""
            said.append(f"Beyond {measure}={limit:g}: {worst.name!r} ({size}){others}.")
        else:
            unknown = sum(math.isnan(change.size(measure)) for change in drift.changes)
            said.append(f"Within {measure}={limit:g}{_but(unknown)}.")
    return said


def _but(unknown: int) -> str:
    return f", as far as is known: not of {_features(unknown)}" if unknown else ""


def row(change: Change) -> tuple[str, ...]:
    """The cells of one feature, as `HEADER` names them."""
    name = change.name if len(change.name) <= _NAME else change.name[: _NAME - 1] + "…"
    if change.status:
        return (name, change.status, *[""] * (len(HEADER) - 2))
    return (
        name,
        _short(change.mean_before, digits=5),
        _short(change.mean_now, digits=5),
        _short(change.shift, sign=True),
        _short(change.z, sign=True),
        _short(change.ratio),
        _percent(change.missing_before),
        _percent(change.missing_now),
        _short(change.outside),
    )


def _short(value: float, sign: bool = False, digits: int = 3) -> str:
    """
    >>> _short(0.123456), _short(float("nan")), _short(float("inf"), sign=True), _short(123456.0)
    ('0.123', '–', '+∞', '1.23e+05')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return ("-" if value < 0 else "+" if sign else "") + "∞"
    return f"{value:{'+' if sign else ''}.{digits}g}"


def _percent(rate: float) -> str:
    return "–" if math.isnan(rate) else f"{100 * rate:.3g} %"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    from normlab.safe import printable

    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
