"""What the settings of every experiment are checked with: known names, whole numbers, ranges."""

import math
from dataclasses import fields
from typing import Any

from normlab.errors import SettingError


def known_names(experiment: str, settings: type, given: dict[str, Any]) -> None:
    """Refuse a setting that the dataclass does not have."""
    names = [item.name for item in fields(settings)]
    for name in given:
        if name not in names:
            raise SettingError(f"{experiment} has no setting {name!r}; it has {', '.join(names)}.")


def of_kind(name: str, value: Any, kind: type, words: str) -> None:
    if not isinstance(value, kind):
        raise SettingError(f"{name}={value!r} given; it must be {words}.")


def whole(name: str, value: Any, low: int, high: float = math.inf) -> None:
    """Refuse what is not a whole number in [low, high]."""
    right = isinstance(value, int) and not isinstance(value, bool)
    if not (right and low <= value <= high):
        ends = f" and <= {high}" if high < math.inf else ""
        raise SettingError(f"{name}={value} given; it must be a whole number >= {low}{ends}.")


def within(name: str, value: Any, low: float, high: float, unit: str = "") -> None:
    """Refuse what is not a finite number in [low, high]."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and low <= value <= high):
        ends = f" and <= {high:g}" if math.isfinite(high) else ""
        least = f" >= {low:g}" if math.isfinite(low) else ""
        raise SettingError(f"{name}={value} given; it must be a finite number{least}{ends}{unit}.")
