"""The report as plain data."""

import math
from dataclasses import asdict
from typing import Any

from normlab.doctor.findings import Report


def as_json(report: Report) -> dict[str, Any]:
    """The keys are those of the classes; a number that is none becomes null."""
    return {
        "model": report.model,
        "verdict": report.verdict,
        "healthy": report.healthy,
        "findings": [_plain(asdict(finding)) for finding in report.findings],
        "passed": [{"code": code, "rule": rule} for code, rule in report.passed],
        "not_checked": [asdict(one) for one in report.not_checked],
        "not_examined": dict(report.not_examined),
        "layers": [_plain(asdict(row)) for row in report.layers],
        "gap": _plain(report.gap),
        "batches": report.batches,
        "notes": list(report.notes),
        "known": report.known,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
