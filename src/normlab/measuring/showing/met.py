"""The report's section on what was met: missing values, constants, values far away, and the notes."""

from typing import TYPE_CHECKING

from normlab.measuring.showing import findings
from normlab.measuring.showing.cells import WORST, Part, Rows, cell, name, rate, table
from normlab.report.page import Block, Note, Prose, Section
from normlab.safe import markup

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


def met(measured: "Measured") -> Part:
    blocks = [
        *_gaps(measured),
        *_far(measured),
        *(Note(markup(note)) for note in measured.notes),
    ]
    return Section("Missing, constant, far away", tuple(blocks)), []


def _gaps(measured: "Measured") -> list[Block]:
    found = findings.gaps(measured)
    if not found:
        return [Prose("No value is missing or infinite.")]
    rows: Rows = [
        (name(feature), f"{gone:,}", f"{infinite:,}", rate(share))
        for feature, gone, infinite, share in found
    ]
    caption = "Missing or infinite values. They are counted, and left out of all statistics."
    return [table(caption, ("feature", "missing", "infinite", "share"), rows)]


def _far(measured: "Measured") -> list[Block]:
    if measured.minimum is None:
        return [Prose("The range is unknown, since a part was subtracted.")]
    found = findings.farthest(measured)
    if not found:
        return [Prose("No value is farther from its mean than a normal distribution would go.")]
    header = ("feature", "farthest value", "in std", "a normal one reaches", "kurtosis")
    rows: Rows = [
        (
            name(one.name),
            cell(one.value),
            cell(one.distance, 3),
            cell(one.reach, 2),
            cell(one.kurtosis, 3),
        )
        for one in found
    ]
    caption = (
        "Values far from the mean, farthest first. They are real, or mistakes such as 999 for a missing "
        "value; they pull at mean and std, which count them like all others."
    )
    return [table(caption, header, rows, WORST)]
