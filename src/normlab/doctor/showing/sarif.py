"""The report as SARIF 2.1.0, which code hosts show beside the source."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from normlab._version import __version__
from normlab.doctor.findings import Finding, Report
from normlab.doctor.rules import RULES
from normlab.doctor.showing.words import measured, remedy

_LEVELS = {"error": "error", "warning": "warning", "remark": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(report: Report) -> dict[str, Any]:
    """One result for each layer of each finding: at the class that holds the layer, and its path."""
    rules = [
        {
            "id": rule.code,
            "name": rule.name,
            "shortDescription": {"text": rule.what},
            "fullDescription": {"text": rule.why},
            "help": {"text": f"{rule.threshold} {rule.effect}"},
        }
        for rule in RULES.values()
    ]
    driver = {"name": "normlab doctor", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": list(_results(report))}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _results(report: Report) -> Iterator[dict[str, Any]]:
    for finding in report.findings:
        for layer in finding.layers or ("",):
            yield {
                "ruleId": finding.code,
                "level": _LEVELS[finding.severity],
                "message": {"text": _message(finding)},
                "locations": [_location(report, layer)],
                "partialFingerprints": {"normlab/v1": f"{finding.code}:{layer}"},
            }


def _message(finding: Finding) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in
                    (finding.consequence, measured(finding), remedy(finding)))  # fmt: skip


def _location(report: Report, layer: str) -> dict[str, Any]:
    name = layer or report.model
    found: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": name, "kind": "module"}]}
    place = report.places.get(layer)
    if place is not None:
        region = {"startLine": place[1]}
        artifact = {"uri": _uri(Path(place[0]))}
        found["physicalLocation"] = {"artifactLocation": artifact, "region": region}
    return found


def _uri(path: Path) -> str:
    """Relative to where the command runs, as code hosts want it, or a file address."""
    here = Path.cwd()
    path = path.absolute()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_uri()
