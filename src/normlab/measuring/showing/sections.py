"""The report's sections; each says in plain words what its numbers mean."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.comparing.change import by_chance
from normlab.measuring.comparing.samples import between_shards
from normlab.measuring.network.snippets import MOST, snippets
from normlab.measuring.recipes import Recipe, recipes
from normlab.measuring.showing import drawings, findings
from normlab.report.figures import Figure
from normlab.report.page import Block, Cell, Note, Numbers, Picture, Printed, Prose, Section
from normlab.safe import markup, printable

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

ROWS = 200  # features in a table
WORST = 20  # rows of what is sorted by size
Part = tuple[Section, list[Figure]]


def parts(measured: "Measured") -> Iterator[Part]:
    yield _paste(measured), []
    yield _features(measured), []
    for part in (_histograms, _recipes, _drift, _met):
        found = part(measured)
        if found is not None:
            yield found


def _paste(measured: "Measured") -> Section:
    blocks: list[Block] = [Prose(_scale(measured))]
    for snippet in snippets(measured):
        blocks += [Prose(f"**{snippet.title}**"), Printed(snippet.text)]
    if len(measured.names) > MOST:
        blocks.append(Prose(f"There are {len(measured.names):,} features, too many to be written out."))
    return Section("To paste", tuple(blocks))


def _scale(measured: "Measured") -> str:
    parts = []
    if measured.scale == "0-1":
        parts.append("Values are on the scale 0 to 1, as `ToTensor` and `ToDtype(scale=True)` give them.")
    elif measured.scale == "0-255":
        parts.append("Values are on the scale 0 to 255, as they are stored.")
    if measured.kind == "images":
        weights = {"pixel": "Every pixel counts alike.", "image": "Every image counts alike, whatever its size."}
        parts.append(weights.get(measured.weighting, ""))
    parts.append("The std is the biased one (divided by n), with which the data get variance 1.")
    if findings.constant(measured):
        parts.append("A constant is divided by 1.")
    return " ".join(filter(None, parts))


def _features(measured: "Measured") -> Section:
    header = ("feature", "values", "mean", "std", "std, n − 1", "min", "max", "skewness", "kurtosis")
    columns = [
        measured.count.tolist(),
        measured.mean.tolist(),
        measured.std(0).tolist(),
        measured.std(1).tolist(),
        *(_known(end) for end in (measured.minimum, measured.maximum)),
        measured.skewness.tolist(),
        measured.kurtosis.tolist(),
    ]
    rows = [
        (printable(name), f"{n:,}", *map(_cell, values))
        for name, n, *values in zip(measured.names, *columns, strict=False)
    ]
    caption = "Each feature. The kurtosis of a normal distribution is 3, its skewness 0."
    return Section("Each feature", (_table(caption, header, rows, ROWS),))


def _known(end: object) -> list[float] | Iterator[float]:
    from itertools import repeat

    return repeat(math.nan) if end is None else end.tolist()  # type: ignore[attr-defined]


def _cell(value: float) -> Cell:
    """Five digits, so that a std can be compared with what is written elsewhere."""
    return "–" if math.isnan(value) else f"{value:.5g}"


def _table(caption: str, header: tuple[str, ...], rows: list[tuple[Cell, ...]], most: int) -> Numbers:
    more = f" The first {most} of {len(rows):,}; stats.json has all." if len(rows) > most else ""
    return Numbers(caption + more, header, tuple(rows[:most]))


def _histograms(measured: "Measured") -> Part | None:
    held = measured.histograms
    if not held:
        text = "No histograms were kept: they come with `--quantiles` (in Python: `quantiles=True`)."
        return Section("Histograms", (Prose(text),)), []
    images = measured.kind == "images"
    shown = min(len(held), drawings.LINES if images else drawings.PANELS)
    first = f" The first {shown} of {len(held):,}." if shown < len(held) else ""
    text = "share of pixels at each value; dashed: the mean" if images else "the line is the mean, the band one std to either side"
    sketched = "" if all(one.exact for one in held) else f" Counts are from a sketch of quantiles, to {measured.quantile_error:.1%} of all values."
    figure = Figure(
        "histograms",
        _drawn(
            drawings.channels if images else drawings.histograms,
            [one.edges for one in held[:shown]],
            [np.asarray(one.counts, float) for one in held[:shown]],
            measured.names[:shown],
            measured.mean.numpy()[:shown],
            measured.std(0).numpy()[:shown],
        ),
        f"How the values are distributed: {text}.{first}{sketched}",
        "Histograms of the features.",
    )
    return Section("Histograms", (Picture("histograms"),)), [figure]


def _drawn(draw: object, *arguments: object) -> object:
    from functools import partial

    return partial(draw, *arguments)  # type: ignore[arg-type]


def _recipes(measured: "Measured") -> Part | None:
    found = recipes(measured)
    std = measured.std(0).numpy()
    names = measured.names
    header = ("how", "feature", "std", "off by")
    shown = _most_off(found, std)
    rows: list[tuple[Cell, ...]] = [
        ("all values at once", printable(names[i]), _cell(float(std[i])), "right") for i in shown
    ]
    rows += [
        (one.name, printable(names[i]), _cell(float(one.std[i])), percent(float(one.off(std)[i])))
        for one in found
        for i in shown
    ]
    why = "\n".join(f"- {one.name}: {one.why}." for one in found)
    left = f" Of {len(names):,} features those that are off most." if len(shown) < len(names) else ""
    blocks = (
        Prose(
            "A standard deviation cannot be averaged. These ways are often seen; the std of this report is "
            "taken over all values at once, however they come in parts."
        ),
        Numbers(f"What each way gives.{left}", header, tuple(rows)),
        Prose(why),
    )
    return Section("What the usual recipes would have given", blocks), []


def _most_off(found: list[Recipe], std: np.ndarray) -> list[int]:
    """The few features that are off most, in their order."""
    worst = np.nan_to_num(np.abs(np.stack([one.off(std) for one in found]))).max(0)
    return sorted(np.argsort(-worst, kind="stable")[: drawings.LINES].tolist())


def percent(share: float) -> str:
    """
    >>> percent(-0.18), percent(0.000012), percent(float("nan"))
    ('−18 %', '+0.0012 %', '–')
    """
    if math.isnan(share):
        return "–"
    return f"{100 * share:+.3g} %".replace("-", "−", 1) if share else "0 %"


def _drift(measured: "Measured") -> Part | None:
    found = between_shards(measured)
    if not found:
        return None
    bound = by_chance(3 * len(found))
    sure = [one for _, one in found if one.sureness > bound]
    header = ("part", "feature", "mean", "others", "shift", "z", "variance ×", "missing")
    rows: list[tuple[Cell, ...]] = [
        (
            printable(name), printable(one.name), _cell(one.mean_now), _cell(one.mean_before),
            f"{one.shift:+.2g}", f"{one.z:+.2g}", f"{one.ratio:.3g}", _rate(one.missing_now),
        )
        for name, one in found[:WORST]
    ]  # fmt: skip
    caption = (
        f"Each part against all others, worst first ({min(WORST, len(found))} of {len(found):,}). shift: in std. z: in its own "
        "uncertainty. variance ×: the part's by the others'."
    )
    blocks: list[Block] = [Prose(_drift_words(measured, len(found), len(sure), bound))]
    if sure:
        blocks.append(Picture("parts"))
    figures = [_parts_figure(measured, [one.name for one in sure])] if sure else []
    return Section("Drift between parts", (*blocks, Numbers(caption, header, tuple(rows)))), figures


def _drift_words(measured: "Measured", count: int, sure: int, bound: float) -> str:
    parts = f"The data came in {len(measured.shards):,} parts. "
    unit = "an image counts as one value, since its pixels are alike" if measured.kind == "images" else "rows are taken to be independent"
    said = (
        f"{sure:,} of {count:,} comparisons differ by more than chance allows"
        if sure
        else "No part differs from the others by more than chance allows"
    )
    after = (
        " If the parts are in order of time or of class, they do not have one distribution: shuffle before "
        "splitting, and do not take the statistics of the first part for those of all."
        if sure
        else ""
    )
    return f"{parts}{said} (|z| above {bound:.1f}; {unit}).{after}"


def _rate(rate: float) -> str:
    return "–" if math.isnan(rate) else f"{100 * rate:.3g} %"


def _parts_figure(measured: "Measured", sure: list[str]) -> Figure:
    names = list(dict.fromkeys(sure))[: drawings.LINES]
    at = [measured.names.index(name) for name in names]
    std = measured.std(0).numpy()[at]
    means = np.stack([shard.mean[at] for shard in measured.shards])
    counts = np.stack([shard.count[at] for shard in measured.shards]).astype(float)
    m2 = np.stack([shard.m2[at] for shard in measured.shards])
    from normlab.measuring.comparing.samples import alike

    with np.errstate(invalid="ignore", divide="ignore"):
        errors = 2 * np.sqrt(m2 / counts / (counts / alike(measured)[at])) / std
        shifts = np.where(counts > 0, (means - measured.mean.numpy()[at]) / std, np.nan)
    return Figure(
        "parts",
        _drawn(drawings.parts, shifts, np.nan_to_num(errors), names),
        "The mean of each part, in stds from the mean of all, of the features that move most; bars are two "
        "standard errors. The parts are in the order in which they were read.",
        "Points with error bars: the mean of each part against that of all.",
    )


def _met(measured: "Measured") -> Part | None:
    """Missing values, constants, far values and the notes."""
    blocks: list[Block] = []
    blocks += _gaps(measured)
    blocks += _names("has no values at all", "have no values at all", findings.empty(measured))
    blocks += _names(
        "is constant: it says nothing, and its std of 0 divides nothing",
        "are constant: they say nothing, and their std of 0 divides nothing",
        findings.constant(measured),
    )
    blocks += _far(measured)
    blocks += [Note(markup(note)) for note in measured.notes]
    return Section("Missing, constant, far away", tuple(blocks)), []


def _gaps(measured: "Measured") -> list[Block]:
    found = findings.gaps(measured)
    if not found:
        return [Prose("No value is missing or infinite.")]
    header = ("feature", "missing", "infinite", "share")
    rows: list[tuple[Cell, ...]] = [
        (printable(name), f"{gone:,}", f"{inf:,}", f"{100 * share:.3g} %") for name, gone, inf, share in found
    ]
    caption = "Values that are missing or infinite. They are counted, and left out of all statistics."
    return [_table(caption, header, rows, ROWS)]


def _names(one: str, several: str, names: list[str]) -> list[Block]:
    if not names:
        return []
    listed = ", ".join(markup(repr(name)) for name in names[:WORST])
    more = f", … {len(names):,} in all" if len(names) > WORST else ""
    return [Note(f"{listed}{more} {several if len(names) > 1 else one}.", "warning")]


def _far(measured: "Measured") -> list[Block]:
    if measured.minimum is None:
        return [Prose("The range is unknown, since a part was subtracted.")]
    found = findings.farthest(measured)
    if not found:
        return [Prose("No value is farther from its mean than a normal distribution would go.")]
    header = ("feature", "farthest value", "std from the mean", "a normal one reaches", "kurtosis")
    reach = {name: findings.reach(n) for name, n in zip(measured.names, measured.count.tolist(), strict=True)}
    rows: list[tuple[Cell, ...]] = [
        (printable(one.name), _cell(one.value), f"{one.distance:.3g}", f"{reach[one.name]:.2g}", f"{one.kurtosis:.3g}")
        for one in found
    ]
    caption = (
        "Values far from the mean, farthest first. They are real, or mistakes such as 999 for a missing value; "
        "they pull at mean and std, which count them like all others."
    )
    return [_table(caption, header, rows, WORST)]
