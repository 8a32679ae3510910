"""Findings that are known: kept in a file, and left out of later reports."""

import json
from dataclasses import replace
from pathlib import Path

from normlab.doctor.findings import Finding, Report
from normlab.errors import DataError, one_line
from normlab.safe import json_text
from normlab.system.files import write_all

FORMAT = 1


def written(report: Report, path: Path) -> None:
    """Write the file anew: one line for each rule and layer."""
    known = sorted({pair for finding in report.findings for pair in _pairs(finding)})
    rows = [{"code": code, "layer": layer} for code, layer in known]
    text = json_text({"format": FORMAT, "known": rows})
    write_all(path.absolute().parent, {path.name: text.encode()}, "--write-baseline")


def read(path: Path) -> frozenset[tuple[str, str]]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != FORMAT:
            raise DataError(f"{path} has format {held['format']!r}; this normlab reads {FORMAT}.")
        return frozenset((str(row["code"]), str(row["layer"])) for row in held["known"])
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path} is no baseline ({one_line(error)}); write one with --write-baseline."
        ) from error


def without(report: Report, known: frozenset[tuple[str, str]]) -> Report:
    """The report without what is known; `known` counts the findings that are left out whole."""
    kept = [one for finding in report.findings if (one := _rest(finding, known)) is not None]
    return replace(report, findings=tuple(kept), known=len(report.findings) - len(kept))


def _rest(finding: Finding, known: frozenset[tuple[str, str]]) -> Finding | None:
    new = tuple(layer for code, layer in _pairs(finding) if (code, layer) not in known)
    if not new:
        return None
    if not finding.layers:
        return finding
    values = {name: value for name, value in finding.values.items() if name in new}
    return replace(finding, layers=new, values=values)


def _pairs(finding: Finding) -> list[tuple[str, str]]:
    return [(finding.code, layer) for layer in finding.layers or ("",)]
