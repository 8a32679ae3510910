"""Results as other programs read them: a CSV table, Gradescope's results.json, nbgrader's points."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from normlab.errors import SettingError
from normlab.grading.parent import text
from normlab.grading.parent.points import earned
from normlab.grading.parent.reports import Report
from normlab.safe import csv_cell, json_text

_COLUMNS = (
    "file",
    "name",
    "row",
    "status",
    "score",
    "points",
    "of",
    "mistakes",
    "notes",
    "message",
)


def as_csv(reports: Sequence[Report]) -> str:
    """A line for each submission."""
    return _csv(_COLUMNS, ([_cell(report, column) for column in _COLUMNS] for report in reports))


def _cell(report: Report, column: str) -> Any:
    value = report.get(column, "")
    if column == "mistakes":
        return " ".join(m["name"] for m in value or ())
    return "; ".join(value) if isinstance(value, list) else value


def as_nbgrader(reports: Sequence[Report]) -> str:
    """student, assignment, score and most points, by nbgrader's folders: submitted/STUDENT/ASSIGNMENT/…"""
    return _csv(
        ("student_id", "assignment", "score", "max_score"),
        (
            [*_of_folders(report), report.get("points", 0), report.get("of", "")]
            for report in reports
        ),
    )


def _of_folders(report: Report) -> tuple[str, str]:
    parts = PurePath(report["file"].rpartition(":")[0] or report["file"]).parts
    return parts[-3], parts[-2]


def check_fits(option: str, labels: Sequence[str]) -> None:
    """Whether these submissions are what another program expects, before they are graded.

    Errors: SettingError.
    """
    if option == "gradescope" and len(labels) != 1:
        raise SettingError(
            f"--gradescope takes one submission, as its autograder does; {len(labels)} are given."
        )
    shallow = [
        label for label in labels if len(PurePath(label.rpartition(":")[0] or label).parts) < 3
    ]
    if option == "nbgrader" and shallow:
        raise SettingError(
            f"{shallow[0]!r} is not in folders that name student and assignment; nbgrader's are "
            f"submitted/STUDENT/ASSIGNMENT/FILE."
        )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return "".join(",".join(map(csv_cell, row)) + "\n" for row in (columns, *rows))


def _why(check: dict[str, Any], mistakes: Sequence[dict[str, Any]]) -> str:
    """Why a check has lost its points, in the words of the mistakes that cost them."""
    told = [text.told(m) for m in mistakes if check["check"] in m["costs"]]
    return "\n".join(told) or check["why"]


def as_gradescope(reports: Sequence[Report]) -> str:
    """The results.json of an autograder, which grades one submission: a test for each check that applies."""
    [report] = reports
    tests = [
        {
            "name": check["title"],
            "score": earned(check),
            "max_score": check["points"],
            "status": "passed" if check["outcome"] == "passed" else "failed",
            "output": _why(check, report["mistakes"]),
        }
        for check in report.get("checks", ())
        if check["outcome"] != "does not apply"
    ]
    told = {"output": text.one(report), "output_format": "text", "tests": tests}
    return json_text({"score": report.get("points", 0), **told}) + "\n"
