"""What a setting may be: a check and its words. Of a tensor every element counts."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any


@dataclass(frozen=True)
class Domain:
    """The set of values a setting may take, with the words an error message uses for it."""

    words: str
    holds: Callable[[Any], bool]

    def __contains__(self, value: Any) -> bool:
        try:
            return bool(self.holds(value))
        except (TypeError, ValueError, RuntimeError):
            return False

    def or_none(self, meaning: str) -> "Domain":
        return Domain(f"{self.words}, or None ({meaning})", lambda v: v is None or v in self)

    def single(self) -> "Domain":
        """The same for one number alone, where a vector would not say which axis it is for."""

        def one(v: Any) -> bool:
            return not isinstance(v, list | tuple) and getattr(v, "ndim", 0) == 0 and v in self

        return Domain(f"one number, {self.words}", one)


def every(value: Any, test: Callable[[Any], Any]) -> bool:
    """Whether the test holds for the number, or for every element of the tensor or sequence."""
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(every(item, test) for item in value)
    if isinstance(value, bool) or not hasattr(value, "__lt__"):
        return False
    outcome = test(value)
    return bool(outcome.all()) if hasattr(outcome, "all") else bool(outcome)


def _count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _shape(value: Any) -> bool:
    sizes = value if isinstance(value, list | tuple) else (value,)
    return len(sizes) > 0 and all(_count(size) for size in sizes)


POSITIVE = Domain(
    "finite and > 0", lambda v: every(v, lambda a: a > 0) and every(v, lambda a: a < math.inf)
)
NON_NEGATIVE = Domain(
    "finite and >= 0", lambda v: every(v, lambda a: a >= 0) and every(v, lambda a: a < math.inf)
)
COUNT = Domain("a whole number >= 1", _count)
SHAPE = Domain("a size or sizes of the last dimensions", _shape)


def one_of(*names: str) -> Domain:
    """A domain of names.

    >>> "box" in one_of("box", "gaussian"), "disk" in one_of("box", "gaussian")
    (True, False)
    """
    return Domain("one of " + ", ".join(map(repr, names)), lambda v: v in names)
