"""The report as a page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from normlab._version import __version__
from normlab.doctor.findings import Finding, LayerRow, Report
from normlab.doctor.rules import RULES
from normlab.doctor.showing import drawings
from normlab.doctor.showing.words import counted, measured, number, remedy, where
from normlab.report.figures import Figure
from normlab.report.page import Block, Numbers, Page, Picture, Prose, Section
from normlab.safe import markup, printable
from normlab.system.files import write_all

_LIMIT = 0.3  # of z, in the middle of the strip's colours
_NAMED = 12  # layers named in a finding
Part = tuple[Section, list[Figure]]


def page(report: Report) -> Page:
    maybe = filter(None, (_glance(report), _findings(report), _layers(report), _gap(report)))
    found = [*maybe, _apart(report)]
    figures = [figure for _, some in found for figure in some]
    return Page(
        f"Normalisation in {printable(report.model)}",
        markup(report.verdict),
        [section for section, _ in found],
        {figure.name: figure.render() for figure in figures},
        (),
        _about(report),
    )


def fragment(report: Report) -> str:
    return page(report).fragment()


def written(report: Report, path: Path) -> Path:
    """Whole or not at all. Errors: DataError where that cannot be."""
    path = path.absolute()
    write_all(path.parent, {path.name: page(report).html().encode()}, "--html")
    return path


def _glance(report: Report) -> Part | None:
    """The worst finding in one sentence, and all layers in one picture."""
    figures = list(_strip(report))
    if not figures:
        return None
    worst = next((one for one in report.findings if one.severity != "remark"), None)
    says = "No errors and no warnings."
    if worst is not None:
        says = (
            f"The worst, at **{markup(where(worst.layers, _NAMED))}**: {markup(worst.consequence)}"
        )
    return Section("At a glance", (Prose(says), Picture(figures[0].name))), figures


def _findings(report: Report) -> Part:
    if not report.findings:
        return Section("What was found", (Prose("No rule found anything."),)), []
    rows = tuple(map(_found_row, report.findings))
    header = ("severity", "rule", "at", "measured", "limit", "fix")
    table = Numbers("The findings, the worst first.", header, rows)
    return Section("What was found", (table, *map(_finding, report.findings))), []


def _found_row(finding: Finding) -> tuple[str, ...]:
    at = printable(where(finding.layers, 2))
    numbers = map(_cell, (finding.measured, finding.threshold))
    return finding.severity, finding.code, at, *numbers, finding.fix or "–"


def _finding(finding: Finding) -> Block:
    head = f"**{finding.severity.capitalize()} {finding.code}, {finding.rule}**"
    layers = markup(where(finding.layers, _NAMED))
    text = (
        f"{head}, at {layers}. {markup(finding.consequence)}\n\n"
        f"- *Measured.* {markup(measured(finding))}\n- *What to do.* {markup(remedy(finding))}"
    )
    rule = RULES.get(finding.code)
    if rule is not None and finding.severity != "remark":
        text += f"\n- *Why it matters.* {markup(rule.why)}\n- *The limit.* {markup(rule.threshold)}"
    return Prose(text)


def _layers(report: Report) -> Part | None:
    if not report.layers:
        return None
    rows = tuple(
        (
            printable(row.name),
            printable(row.kind),
            *map(_cell, (row.z, row.r, row.z_training, row.change)),
        )
        for row in report.layers
    )
    header = ("layer", "kind", "z", "r", "z by the batch", "change of the output")
    caption = (
        "z and r are medians over channels: how far the stored mean and variance are from those of the data "
        "(NRM101). z by the batch is measured with the layers before it normalising by the batch. The last "
        "column is how far the output moves if only this layer takes the statistics of the data."
    )
    figures = list(_channels(report))
    blocks: list[Block] = [Picture(figure.name) for figure in figures]
    return Section("Layer by layer", (*blocks, Numbers(caption, header, rows))), figures


def _cell(value: float | None) -> str:
    return "–" if value is None else number(value)


def _strip(report: Report) -> Iterator[Figure]:
    known = [row for row in report.layers if row.z is not None]
    if not known:
        return
    measures = {
        "z in eval()": [row.z for row in known],
        "z by the batch": [row.z_training for row in known],
        "change of output": [row.change for row in known],
    }
    rows = {name: values for name, values in measures.items() if any(v is not None for v in values)}
    filled = [[float("nan") if v is None else v for v in values] for values in rows.values()]
    names = [printable(row.name) for row in known]
    worst = max(known, key=lambda row: row.z or 0.0)
    yield Figure(
        "drift",
        partial(drawings.strip, names, filled, list(rows), _LIMIT),
        "Layers from input to output, coloured by how far their statistics are from the data. A faulty layer "
        "colours the layers after it too in the first row, but only itself in the second.",
        f"{len(known)} layers; the largest z is {worst.z:.2g}.",
    )


def _channels(report: Report) -> Iterator[Figure]:
    shown = sorted(report.measured, key=lambda name: -_z(report, name))[: drawings.SHOWN]
    if not shown:
        return
    layers = [(printable(name), *report.measured[name]) for name in shown]
    what = counted(len(shown), "layer")
    yield Figure(
        "channels",
        partial(drawings.channels, layers),
        "Stored statistics against those of the data, one point for each channel; points on the line "
        f"agree. {what} with the largest z.",
        f"Stored and measured mean and std of {what}.",
    )


def _z(report: Report, name: str) -> float:
    rows: dict[str, LayerRow] = {row.name: row for row in report.layers}
    return rows[name].z or 0.0


def _gap(report: Report) -> Part | None:
    known = [row for row in report.layers if row.change is not None]
    if report.gap is None or not known:
        return None
    top = sorted(known, key=lambda row: -(row.change or 0.0))[: drawings.BARS]
    text = (
        f"Between eval() and normalising by the batch the output moves by {report.gap:.1%} of its size, over "
        "all batches. Part of it is the noise of batches, which healthy networks have too. "
    )
    if report.change is not None:
        text += (
            f"If all layers take the statistics of the data, it moves by {report.change:.1%} on the first "
            "batch: that is what recalibrating would change. "
        )
    text += "Below, one layer at a time takes the statistics of the data, and the others stay as they are."
    figure = Figure(
        "changes",
        partial(
            drawings.changes, [printable(row.name) for row in top], [row.change for row in top]
        ),
        "How far each layer alone moves the output on the first batch.",
        f"The largest change is {top[0].change or 0.0:.1%}, at {printable(top[0].name)}.",
    )
    return Section("From train() to eval()", (Prose(text), Picture("changes"))), [figure]


def _apart(report: Report) -> Part:
    rows = [(one.code, one.rule, printable(one.why)) for one in report.not_checked]
    rows += [("–", printable(name), printable(why)) for name, why in report.not_examined.items()]
    blocks: list[Block] = [Prose(markup(note)) for note in report.notes]
    if report.passed:
        passed = ", ".join(f"{code} {rule}" for code, rule in report.passed)
        blocks.append(Prose(f"Passed: {markup(passed)}."))
    if rows:
        header = ("code", "what", "because")
        blocks.append(Numbers("What was not checked.", header, tuple(rows)))
    return Section("What else was checked", tuple(blocks)), []


def _about(report: Report) -> dict[str, str]:
    return {
        "model": printable(report.model),
        "layers": str(len(report.layers)),
        "batches": str(report.batches) if report.batches else "none given",
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "normlab": __version__,
    }
