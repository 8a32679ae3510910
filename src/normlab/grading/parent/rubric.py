"""The points of the checks, as a teacher weighs them: a small TOML file."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from normlab.errors import DataError, SettingError, did_you_mean
from normlab.grading.checks import CHECKS


@dataclass(frozen=True)
class Rubric:
    """points: those of the checks that are given others. total: the sum of the points of all that apply."""

    points: Mapping[str, float] = field(default_factory=dict)
    total: float | None = None


def read_rubric(given: Mapping[str, Any] | str | os.PathLike[str] | None) -> Rubric:
    """The points of the checks that are given; the others keep theirs.

    >>> read_rubric({"total": 10, "points": {"gradient": 4, "fresh": 0}})
    Rubric(points={'gradient': 4, 'fresh': 0}, total=10)
    """
    if given is None:
        return Rubric()
    held = given if isinstance(given, Mapping) else _file(given)
    points, total = held.get("points", {}), held.get("total")
    if not held or set(held) - {"points", "total"} or not isinstance(points, Mapping):
        raise SettingError(
            "A rubric has a table [points], with a number for a check, such as gradient = 2, and may have "
            f"total = 10 before it; given: {', '.join(held) or 'nothing'}."
        )
    for name, value in points.items():
        if name not in CHECKS:
            raise SettingError(f"No check {name!r} in a rubric.{did_you_mean(name, CHECKS)}")
        if not _number(value):
            raise SettingError(f"A rubric gives {name} {value!r} points; it must be a number ≥ 0.")
    if total is not None and not (_number(total) and total):
        raise SettingError(f"A rubric has total = {total!r}; it must be a number > 0.")
    if not any(points.get(name, 1) for name in CHECKS):
        raise SettingError("A rubric gives every check 0 points; at least one must have more.")
    return Rubric(dict(points), total)


def _number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < 1e9


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
