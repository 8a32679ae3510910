"""The report's section on drift between the parts that the data came in."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.comparing.samples import Parts, alike, between_shards
from normlab.measuring.showing import drawings
from normlab.measuring.showing.cells import WORST, Part, Rows, cell, name, rate
from normlab.report.figures import Figure
from normlab.report.page import Numbers, Picture, Prose, Section

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured


def drift(measured: "Measured") -> Part | None:
    found = between_shards(measured, WORST)
    if found is None:
        return None
    picture = [Picture("parts")] if found.changed else []
    figures = [_figure(measured, found.changed[: drawings.LINES])] if found.changed else []
    blocks = (Prose(_words(measured, found)), *picture, _table(measured, found))
    return Section("Drift between parts", blocks), figures


def _table(measured: "Measured", found: Parts) -> Numbers:
    gaps = bool((measured.missing + measured.infinite).any())
    header = ("part", "feature", "mean", "others", "shift", "z", "variance ×", "missing")
    rows: Rows = [
        (
            name(part, 30), name(one.name), cell(one.mean_now, 4), cell(one.mean_before, 4),
            cell(one.shift, 2), cell(one.z, 2), cell(one.ratio, 3), rate(one.missing_now),
        )
        for part, one in found.worst
    ]  # fmt: skip
    caption = (
        f"Each part against all others, worst first ({len(rows)} of {found.count:,}). shift: in the std of "
        "the others. z: in its own uncertainty. variance ×: the part's by that of the others."
    )
    width = len(header) if gaps else -1
    return Numbers(caption, header[:width], tuple(row[:width] for row in rows))


def _words(measured: "Measured", found: Parts) -> str:
    unit = "rows are taken to be independent"
    if measured.kind == "images":
        unit = "an image counts as one value, for its pixels are alike"
    said, advice = "No part differs from the others by more than chance allows", ""
    if found.sure:
        said = f"{found.sure:,} of {found.count:,} comparisons differ by more than chance allows"
        advice = (
            " If the parts are in order of time or of class, they do not have one distribution: shuffle "
            "before splitting, and do not take the statistics of the first part for those of all."
        )
    return (
        f"The data came in {len(measured.shards):,} parts. {said} (|z| above {found.bound:.1f}; {unit})."
        f"{advice}"
    )


def _figure(measured: "Measured", names: list[str]) -> Figure:
    at = [measured.names.index(known) for known in names]
    std, mean = measured.std(0).numpy()[at], measured.mean.numpy()[at]
    count, means, m2 = (
        np.stack([getattr(shard, column)[at] for shard in measured.shards]).astype(np.float64)
        for column in ("count", "mean", "m2")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = 2 * np.sqrt(m2 / count / (count / alike(measured)[at])) / std
        shifts = np.where(count > 0, (means - mean) / std, np.nan)
    return Figure(
        "parts",
        partial(drawings.parts, shifts, np.nan_to_num(errors, posinf=0), names),
        "The mean of each part, in stds from the mean of all, of the features that move most; bars are two "
        "standard errors. The parts are in the order in which they were read.",
        "Points with error bars: the mean of each part against that of all.",
    )
