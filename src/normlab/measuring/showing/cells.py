"""How numbers stand in the report's tables."""

import math

from normlab.report.figures import Figure
from normlab.report.page import Cell, Numbers, Section
from normlab.safe import printable

ROWS = 200  # features in a table
WORST = 20  # rows of what is sorted by size
Part = tuple[Section, list[Figure]]  # a section, and the figures that it shows
Rows = list[tuple[Cell, ...]]


def cell(value: float, digits: int = 5) -> str:
    """Five digits of a mean or std, to be compared with what is written elsewhere; below a million, at least
    all digits before the point.

    >>> cell(0.123456), cell(float("nan")), cell(999.6, 3), cell(1234.4, 3), cell(1.5e6, 3)
    ('0.12346', '–', '1000', '1234', '1.5e+06')
    """
    if math.isnan(value):
        return "–"
    many = 10**digits - 0.5 <= abs(value) < 1e6
    return f"{value:.0f}" if many else f"{value:.{digits}g}"


def signed(share: float) -> str:
    """
    >>> signed(-0.18), signed(0.0000012), signed(0.0), signed(float("nan"))
    ('−18 %', '< 0.001 %', '0 %', '–')
    """
    if math.isnan(share):
        return "–"
    if 0 < abs(share) < 1e-5:
        return "< 0.001 %"
    return f"{100 * share:+.3g} %".replace("-", "−", 1) if share else "0 %"


def rate(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.3g} %"


def name(text: str, limit: int = 40) -> str:
    """A feature's or a part's name, as long as a table bears."""
    shown = printable(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def table(caption: str, header: tuple[str, ...], rows: Rows, most: int = ROWS) -> Numbers:
    """With what is left out of it said in the caption."""
    more = f" The first {most} of {len(rows):,}; stats.json has all." if len(rows) > most else ""
    return Numbers(caption + more, header, tuple(rows[:most]))
