"""The points of the checks, as a teacher weighs them: a small TOML file."""

import os
import tomllib
from collections.abc import Mapping
from typing import Any

from normlab.errors import DataError, SettingError, did_you_mean
from normlab.grading.checks import CHECKS


def read_rubric(given: Mapping[str, Any] | str | os.PathLike[str] | None) -> dict[str, float]:
    """check → points, for those that are given; the others keep theirs.

    >>> read_rubric({"points": {"gradient": 4, "fresh": 0}})
    {'gradient': 4, 'fresh': 0}
    """
    if given is None:
        return {}
    held = given if isinstance(given, Mapping) else _file(given)
    points = held.get("points")
    if set(held) != {"points"} or not isinstance(points, Mapping):
        raise SettingError(
            "A rubric has one table, [points], with a number for a check, such as gradient = 2; "
            f"given: {', '.join(held) or 'nothing'}."
        )
    for name, value in points.items():
        if name not in CHECKS:
            raise SettingError(f"No check {name!r} in a rubric.{did_you_mean(name, CHECKS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
            raise SettingError(f"A rubric gives {name} {value!r} points; it must be a number ≥ 0.")
    return dict(points)


def _file(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise DataError(
            f"cannot read {os.fspath(path)!r}: {error.strerror}. Give another rubric."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{os.fspath(path)!r} is no TOML file ({error}); fix it.") from error


def reweigh(report: dict[str, Any], points: Mapping[str, float]) -> None:
    """Give the checks of a report other points, and it the score that follows."""
    if not points or "checks" not in report:
        return
    for check in report["checks"]:
        check["points"] = points.get(check["check"], check["points"])
    report["points"] = sum(c["points"] for c in report["checks"] if c["outcome"] == "passed")
    report["of"] = sum(c["points"] for c in report["checks"] if c["outcome"] != "does not apply")
    report["score"] = round(100 * report["points"] / report["of"]) if report["of"] else 0
