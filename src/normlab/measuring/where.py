"""Rows that are measured: conditions on columns, as a person writes them."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.errors import SettingError

_SIGNS = {
    "==": np.equal, "=": np.equal, "!=": np.not_equal, "<=": np.less_equal, ">=": np.greater_equal,
    "<": np.less, ">": np.greater,
}  # fmt: skip
_ONE = re.compile(r"\s*(?P<name>`[^`]+`|.+?)\s*(?P<sign>==|!=|<=|>=|=|<|>)\s*(?P<value>.+?)\s*")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """column sign value; the value is a number, or a word."""

    column: str
    sign: str
    value: float | str

    def holds(self, cells: Any) -> np.ndarray:
        """For each cell of the column; a missing one meets no condition."""
        compare = _SIGNS[self.sign]
        if isinstance(self.value, str):
            words = np.array([str(cell) for cell in cells])
            return compare(words, self.value)
        try:
            numbers = np.array([np.nan if c is None else c for c in cells], np.float64)
        except (TypeError, ValueError):
            raise SettingError(
                f"--where compares {self.column!r} with the number {self.value:g}, and the column holds "
                f"words; put the value in quotes."
            ) from None
        return compare(numbers, self.value) & ~np.isnan(numbers)


def conditions(text: str | None) -> tuple[Condition, ...]:
    """
    >>> conditions("age >= 30 and city = 'Bonn'")
    (Condition(column='age', sign='>=', value=30.0), Condition(column='city', sign='=', value='Bonn'))
    """
    if text is None:
        return ()
    return tuple(map(_condition, _AND.split(text.strip())))


def _condition(text: str) -> Condition:
    found = _ONE.fullmatch(text)
    if found is None:
        raise SettingError(
            f"--where {text!r} given; it must be COLUMN SIGN VALUE, several joined by and: "
            f"\"age >= 30 and city = 'Bonn'\"."
        )
    return Condition(found["name"].strip("`"), found["sign"], _value(found["value"]))


def _value(text: str) -> float | str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        return float(text)
    except ValueError:
        return text
