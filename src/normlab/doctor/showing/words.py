"""Sentences that the text and the page share."""

import math
from collections import Counter
from collections.abc import Sequence

from normlab.doctor.findings import SEVERITIES, Finding, Report

SHOWN = 4  # layers of a finding that are named before "and n more"
_SAFETY = {"safe": "safe", "unsafe": "unsafe: predictions change"}


def verdict(report: Report) -> str:
    """One line: how many of what, and how many of them have a fix."""
    if not report.findings:
        known = f" {report.known} known findings are in the baseline." if report.known else ""
        return f"Nothing was found.{known}"
    numbers = Counter(finding.severity for finding in report.findings)
    parts = [counted(numbers[kind], kind) for kind in SEVERITIES if numbers[kind]]
    fixes = Counter(finding.safety for finding in report.findings if finding.fix)
    kinds = [f"{fixes[kind]} {kind}" for kind in ("safe", "unsafe") if fixes[kind]]
    fixable = f"; fixes: {', '.join(kinds)}" if kinds else ""
    known = f"; {report.known} more are known" if report.known else ""
    healthy = "Nothing is wrong: " if report.healthy else ""
    return f"{healthy}{', '.join(parts)}{fixable}{known}."


def counted(number: int, what: str) -> str:
    """
    >>> counted(1, "error"), counted(2, "error")
    ('1 error', '2 errors')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def where(layers: Sequence[str], most: int = SHOWN) -> str:
    """
    >>> where(["a", "b", "c"], 2), where([])
    ('a, b and 1 more', 'the whole model')
    """
    if not layers:
        return "the whole model"
    more = len(layers) - most
    return ", ".join(layers[:most]) + (f" and {more} more" if more > 0 else "")


def number(value: float | None) -> str:
    """
    >>> number(0.123456), number(None), number(4.0), number(65504.0)
    ('0.123', 'not known', '4', '65500')
    """
    if value is None:
        return "not known"
    if value and math.isfinite(value) and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.2e}"
    return f"{float(f'{value:.3g}'):g}"


def measured(finding: Finding) -> str:
    """The number beside its limit; "" where the rule has none."""
    if finding.measured is None and finding.threshold is None:
        return finding.statistic
    limit = "" if finding.threshold is None else f" (limit {number(finding.threshold)})"
    return f"{finding.statistic}: {number(finding.measured)}{limit}"


def remedy(finding: Finding) -> str:
    """The fix and what it is expected to do, or the advice."""
    if not finding.fix:
        return f"no fix; advice: {finding.effect}"
    safety = _SAFETY.get(finding.safety or "", "")
    return f"fix {finding.fix} ({safety}): {finding.effect}"
