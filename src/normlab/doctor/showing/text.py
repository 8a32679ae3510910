"""The report in print."""

from collections.abc import Iterator

from normlab.doctor.findings import Report, Severity
from normlab.doctor.showing.words import counted, measured, remedy, where
from normlab.safe import printable

COLORS: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "remark": "cyan"}


def table(report: Report) -> str:
    """Findings, the worst first; then what passed, what was not checked, and the verdict.

    >>> print(table(Report("Net", (), passed=(("NRM102", "statistics-never-updated"),))))
    Net: 0 layers examined, without batches
    <BLANKLINE>
    Passed: NRM102
    <BLANKLINE>
    Nothing was found.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    seen = counted(report.batches, "batch").replace("batchs", "batches")
    given = f"on {seen}" if report.batches else "without batches"
    layers = counted(len(report.layers), "layer")
    yield printable(f"{report.model}: {layers} examined, {given}")
    for note in report.notes:
        yield printable(note)
    yield ""
    for finding in report.findings:
        yield printable(
            f"{finding.severity:8} {finding.code} {finding.rule}: {where(finding.layers)}"
        )
        for line in (finding.consequence, measured(finding), remedy(finding)):
            yield printable(f"{'':8} {line}")
        yield ""
    if report.passed:
        yield f"Passed: {', '.join(code for code, _ in report.passed)}"
    yield from _apart(report)
    yield ""
    yield report.verdict


def _apart(report: Report) -> Iterator[str]:
    """What was not looked at, with one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in report.not_checked:
        reasons.setdefault(one.why, []).append(one.code)
    for why, codes in reasons.items():
        yield printable(f"Not checked: {', '.join(codes)}, because {why}.")
    for name, why in report.not_examined.items():
        yield printable(f"Not examined: {name}, because {why}.")
