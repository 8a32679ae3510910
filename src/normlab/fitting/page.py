"""A fit, or the fits of several cells, as figures and as one page."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from normlab._version import __version__
from normlab.fitting import drawings, words
from normlab.fitting.fit import Fit, Source
from normlab.report.figures import Figure
from normlab.report.page import Block, Formula, Note, Numbers, Page, Picture, Prose, Section
from normlab.responses.curve import Curve
from normlab.responses.noise import KINDS
from normlab.responses.parameters import Array
from normlab.responses.pool import Pool
from normlab.safe import markup


def figure(fits: Sequence[Fit], names: Sequence[str] = (), part: str = "") -> Figure:
    """Data and model: a panel for each cell; of the normalisation model all cells together."""
    name = f"fit-{part}" if part else "fit"
    if isinstance(fits[0].source.model, Pool):
        return _pool_figure(fits[0], name)
    titles = names or [""] * len(fits)
    cells = [_cell(fit, title) for fit, title in zip(fits, titles, strict=True)]
    return Figure(
        name,
        partial(drawings.curves, cells),
        "Mean responses (bars: one standard error), the fitted curve, the baseline (dotted), and c50 with "
        f"its {100 * fits[0].level:.4g} % interval.",
        "Points on a curve that rises with contrast, with a horizontal interval at c50.",
    )


def _cell(fit: Fit, title: str) -> dict[str, Any]:
    source = fit.source
    model = source.model
    assert isinstance(model, Curve)
    seen = model.contrast[model.contrast > 0]
    fine = np.geomspace(seen.min(), seen.max(), 200)
    c50 = fit.parameters["c50"]
    return {
        "title": title,
        "contrast": model.contrast,
        "mean": source.seen.mean,
        "error": _errors(source, KINDS[fit.noise].counts),
        "fine": fine,
        "fitted": fit.predict(fine),
        "baseline": fit.parameters["baseline"].value,
        "c50": (c50.value, c50.low, c50.high, float(fit.predict([c50.value])[0])),
    }


def _errors(source: Source, counts: bool) -> Array:
    """The standard error of each mean; 0 where a single trial tells none."""
    seen = source.seen
    if counts:
        return np.sqrt(np.maximum(seen.mean, 0) / (seen.trials * seen.seconds))
    return np.sqrt(seen.within / np.maximum(seen.trials - 1, 1) / seen.trials)


def _pool_figure(fit: Fit, name: str) -> Figure:
    source, kappa = fit.source, fit.parameters["kappa"]
    model = source.model
    assert isinstance(model, Pool)
    away = np.linspace(-90, 90, 181)
    value, *ends = (
        np.exp(k * (np.cos(np.radians(2 * away)) - np.sign(k))) for k in (kappa.value, kappa.low, kappa.high)
    )  # fmt: skip
    return Figure(
        name,
        partial(
            drawings.pool, source.seen.mean, source.response(model.drive).ravel(), away, value,
            (np.minimum(*ends), np.maximum(*ends)),
        ),
        "Left: the mean response of every cell to every stimulus against the fitted one. Right: the weight "
        "of a cell in another's pool by the difference of their tuning, with the interval of kappa.",
        "Points about a diagonal; a curve of the pool's weights.",
    )  # fmt: skip


def page(
    fits: Sequence[Fit],
    names: Sequence[str] = (),
    said: Sequence[str] = (),
    refused: Mapping[str, str] | None = None,
) -> Page:
    """One page for all cells; refused: why others were not fitted. Names and said come from outside.

    Without names there is one cell, and more is told of it.
    """
    parts = [fits[i : i + drawings.AT_MOST] for i in range(0, len(fits), drawings.AT_MOST)]
    titles = [names[i : i + drawings.AT_MOST] for i in range(0, len(fits), drawings.AT_MOST)]
    drawn = {
        made.name: made.render()
        for made in (
            figure(part, of, str(i + 1) if i else "")
            for i, (part, of) in enumerate(zip(parts, titles, strict=True))
        )
    }
    first = fits[0]
    blocks: list[Block] = [
        Prose(f"{KINDS[first.noise].words[0].upper()}{KINDS[first.noise].words[1:]}; intervals are of "
              f"profile likelihood, {100 * first.level:.4g} %."),
        Formula(first.source.model.formula),
        *(Picture(name) for name in drawn),
        _table(fits, names),
        *(Note(markup(note), "warning") for note in _notes(fits, names)),
        *(Note(markup(f"{name} is not fitted: {why}"), "warning") for name, why in (refused or {}).items()),
    ]  # fmt: skip
    sections = [Section("The fit", tuple(blocks))]
    if not names:
        sections.append(
            Section("How well it does", tuple(Prose(markup(s)) for s in words.quality(first)))
        )
    if said:
        sections.append(Section("About these data", tuple(Note(markup(line)) for line in said)))
    question = "Which curve do the responses follow, and how precisely is it known?"
    about = {"made with": f"normlab {__version__}", "model": first.model, "noise": first.noise}
    return Page("A fit to your data", question, sections, drawn, (), about)


def _notes(fits: Sequence[Fit], names: Sequence[str]) -> list[str]:
    named = zip(fits, names or [""] * len(fits), strict=True)
    return [f"{name and f'{name}: '}{note}" for fit, name in named for note in fit.notes]


def _table(fits: Sequence[Fit], names: Sequence[str]) -> Numbers:
    """A row for each parameter of each cell."""
    if not names:
        shown = words.asked_for(fits[0])
        rows = tuple((n, words.number(e.value), words.interval(e)) for n, e in shown.items())
        return Numbers("What was found", ("parameter", "value", "interval"), rows)
    rows = tuple(
        (markup(name), parameter, words.number(e.value), words.interval(e))
        for fit, name in zip(fits, names, strict=True)
        for parameter, e in words.asked_for(fit).items()
    )
    return Numbers("What was found, cell by cell", ("cell", "parameter", "value", "interval"), rows)
