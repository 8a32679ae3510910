"""The report's sections: what to paste, each feature, histograms; and those of the modules beside it."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.network.snippets import MOST, snippets
from normlab.measuring.showing import drawings, findings
from normlab.measuring.showing.cells import Part, Rows, cell, name, table
from normlab.measuring.showing.met import met
from normlab.measuring.showing.parts import drift
from normlab.measuring.showing.wrong import usual_recipes
from normlab.report.figures import Figure
from normlab.report.page import Block, Numbers, Picture, Printed, Prose, Section

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

_SHARES = (0.01, 0.25, 0.5, 0.75, 0.99)
_SCALES = {
    "0-1": "Values are on the scale 0 to 1, as `ToTensor` and `ToDtype(scale=True)` give them.",
    "0-255": "Values are on the scale 0 to 255, as they are stored.",
}
_WEIGHTS = {
    "pixel": "Every pixel counts alike.",
    "image": "Every image counts alike, whatever its size.",
}


def parts(measured: "Measured") -> Iterator[Part]:
    """In the order of the page."""
    yield _paste(measured), []
    yield _features(measured), []
    yield _histograms(measured)
    yield usual_recipes(measured)
    found = drift(measured)
    if found is not None:
        yield found
    yield met(measured)


def _paste(measured: "Measured") -> Section:
    blocks: list[Block] = [Prose(" ".join(_meaning(measured)))]
    for snippet in snippets(measured):
        blocks += [Prose(f"**{snippet.title}**"), Printed(snippet.text)]
    if len(measured.names) > MOST:
        count = f"{len(measured.names):,}"
        blocks.append(Prose(f"There are {count} features, too many to be written out."))
    return Section("To paste", tuple(blocks))


def _meaning(measured: "Measured") -> Iterator[str]:
    if measured.kind == "images":
        yield from (_SCALES[measured.scale or "0-1"], _WEIGHTS[measured.weighting])
    yield "The std is the biased one (divided by n), with which the data get variance 1."
    if findings.constant(measured):
        yield "A constant is divided by 1."


def _features(measured: "Measured") -> Section:
    ends = [findings.known(end, measured) for end in (measured.minimum, measured.maximum)]
    stds = [measured.std(correction).tolist() for correction in (0, 1)]
    columns = [measured.mean.tolist(), *stds, *ends]
    rows: Rows = [
        (name(feature), f"{count:,}", *map(cell, values))
        for feature, count, *values in zip(
            measured.names, measured.count.tolist(), *columns, strict=True
        )
    ]
    header = ("feature", "values", "mean", "std", "std, n − 1", "min", "max")
    spread = table("Mean, std and range.", header, rows)
    each = "channel" if measured.kind == "images" else "feature"
    return Section(f"Each {each}", (spread, _shapes(measured)))


def _shapes(measured: "Measured") -> Numbers:
    """Skewness and kurtosis, and quantiles where they were kept."""
    columns = [measured.skewness.tolist(), measured.kurtosis.tolist()]
    header = ["feature", "skewness", "kurtosis"]
    said = "Shapes: a normal distribution has skewness 0 and kurtosis 3."
    if measured.histograms:
        columns += measured.quantile(_SHARES).tolist()
        header += [f"{100 * share:g} %" for share in _SHARES]
        error = measured.quantile_error
        within = f", within {100 * error:.2g} % of all values" if error else ""
        said += f" Then the values below which so many lie{within}."
    rows: Rows = [
        (name(feature), *(cell(value, 3) for value in values))
        for feature, *values in zip(measured.names, *columns, strict=True)
    ]
    return table(said, tuple(header), rows)


def _histograms(measured: "Measured") -> Part:
    held = measured.histograms
    if not held:
        text = "None were kept: they come with `--quantiles` (in Python: `quantiles=True`)."
        return Section("Histograms", (Prose(text),)), []
    images = measured.kind == "images"
    draw, most = (
        (drawings.channels, drawings.LINES) if images else (drawings.histograms, drawings.PANELS)
    )
    shown = [i for i, n in enumerate(measured.count.tolist()) if n][:most]
    arrays = [np.asarray(held[i].counts, np.float64) for i in shown]
    names = [measured.names[i] for i in shown]
    mean, std = measured.mean.numpy()[shown], measured.std(0).numpy()[shown]
    figure = Figure(
        "histograms",
        partial(draw, [held[i].edges for i in shown], arrays, names, mean, std),
        _caption(measured, images, len(shown)),
        f"Histograms of {len(shown)} of {len(held)} features.",
    )
    return Section("Histograms", (Picture("histograms"),)), [figure]


def _caption(measured: "Measured", images: bool, shown: int) -> str:
    text = (
        "The share of pixels at each value; dashed: the mean."
        if images
        else "How the values are distributed; the line is the mean, the band one std to either side."
    )
    more = f" The first {shown} of {len(measured.names):,}." if shown < len(measured.names) else ""
    error = measured.quantile_error
    about = f" Counts are within {100 * error:.2g} % of all values." if error else ""
    return text + more + about
