"""Measured statistics on a terminal: short, what is pasted first."""

import math
from typing import TYPE_CHECKING

from normlab.measuring.network.snippets import normalize_line
from normlab.measuring.recipes import recipes
from normlab.measuring.showing import findings
from normlab.safe import printable

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

_SHOWN = 20  # features
_NAME = 28
_SCALES = {"0-1": " (of values from 0 to 1)", "0-255": " (of values from 0 to 255)"}
_UNITS = {
    "images": ("images", "channels"),
    "table": ("rows", "features"),
    "array": ("entries on the first axis", "features"),
    "tensors": ("examples", "features"),
}
_WORTH_SAYING = 0.01  # that a wrong recipe is off by


def lines(measured: "Measured") -> list[str]:
    """What `normlab measure` prints."""
    found = []
    if measured.kind == "images":
        found += [normalize_line(measured) + _SCALES.get(measured.scale or "", ""), ""]
    found += _table(measured)
    found += ["", *_said(measured)]
    return [*found, *measured.notes]


def _table(measured: "Measured") -> list[str]:
    low, high = (findings.known(end, measured) for end in (measured.minimum, measured.maximum))
    missing = (measured.missing + measured.infinite).tolist()
    columns = [measured.mean.tolist(), measured.std(0).tolist(), low, high]
    cells = [["", "mean", "std", "min", "max", "values", "missing"]]
    for i, name in enumerate(measured.names[:_SHOWN]):
        numbers = [_number(column[i]) for column in columns]
        cells.append([_short(name), *numbers, f"{int(measured.count[i]):,}", f"{missing[i]:,}"])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    found = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in cells
    ]
    more = len(measured.names) - _SHOWN
    return [*found, f"… and {more:,} more; --json or --out has all."] if more > 0 else found


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _NAME else shown[: _NAME - 1] + "…"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.6g}"


def extent(measured: "Measured") -> str:
    """How much was measured: rows and features, by the names that they go by."""
    rows, features = _UNITS[measured.kind]
    width = len(measured.names)
    return f"{measured.rows:,} {rows}, {width:,} {features if width > 1 else features[:-1]}"


def _percent(share: float) -> str:
    """
    >>> _percent(-1.0), _percent(0.41), _percent(0.0123)
    ('-100 %', '+41 %', '+1.2 %')
    """
    digits = 0 if abs(share) >= 0.0995 else 1
    return f"{100 * share:+.{digits}f} %".replace(".0 ", " ")


def _said(measured: "Measured") -> list[str]:
    found = [f"{extent(measured)}; std is the biased one (divided by n)."]
    std = measured.std(0).numpy()
    for one in recipes(measured):
        off = one.off(std)
        known = off[~(off != off)]
        worst = max(known.tolist(), key=abs, default=0.0)
        if abs(worst) > _WORTH_SAYING:
            found.append(f"The {one.name} would be off by up to {_percent(worst)}.")
    return found
