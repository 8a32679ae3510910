"""What a setting may be: a check and its words. Of a tensor every element counts."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from typing import Any

LARGE = 256  # elements of a tensor from which on one pass for both its ends costs less than two


@dataclass(frozen=True)
class Domain:
    """The set of values a setting may take, with the words an error message uses for it."""

    text: str
    holds: Callable[[Any], bool]
    none: str = ""  # what None means, where it is allowed
    alone: bool = False  # one number, where a vector would not say which axis it is for

    @property
    def words(self) -> str:
        text = f"one number, {self.text}" if self.alone else self.text
        return f"{text}, or None ({self.none})" if self.none else text

    def __contains__(self, value: Any) -> bool:
        if value is None:
            return bool(self.none)
        if self.alone and not _number(value):
            return False
        try:
            return bool(self.holds(value))
        except (TypeError, ValueError, RuntimeError):
            return False

    def or_none(self, meaning: str) -> "Domain":
        return replace(self, none=meaning)

    def single(self) -> "Domain":
        return replace(self, alone=True)


def every(value: Any, test: Callable[[Any], Any]) -> bool:
    """Whether the test holds for the number, or for every element of the tensor or sequence."""
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(every(item, test) for item in value)
    if isinstance(value, int | float):
        return not isinstance(value, bool) and bool(test(value))
    if not hasattr(value, "__lt__"):
        return False
    outcome = test(value)
    if not hasattr(outcome, "all"):
        return bool(outcome)
    return not _known(outcome) or bool(outcome.all())


def _number(value: Any) -> bool:
    """Whether it is one number; asked of its type first, since torch.compile's symbols have no attributes."""
    if isinstance(value, int | float):
        return True
    return not isinstance(value, list | tuple) and not getattr(value, "ndim", 0)


def _known(outcome: Any) -> bool:
    """Whether the values of an array are there to be looked at: not while torch traces the call."""
    if not hasattr(outcome, "is_meta"):
        return True
    from normlab.tracing import values_known  # imports torch, which the table does not need

    return values_known(outcome)


def _count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _shape(value: Any) -> bool:
    sizes = value if isinstance(value, list | tuple) else (value,)
    return len(sizes) > 0 and all(_count(size) for size in sizes)


def _positive(value: Any) -> bool:
    return every(value, lambda a: a > 0) and every(value, lambda a: a < math.inf)


def _non_negative(value: Any) -> bool:
    ends = _ends(value)
    if ends is not None:
        return ends[0] >= 0 and ends[1] < math.inf
    return every(value, lambda a: a >= 0) and every(value, lambda a: a < math.inf)


def _ends(value: Any) -> tuple[float, float] | None:
    """The least and the largest of a large tensor, in one pass; both are NaN if one value is."""
    if (
        _number(value)
        or not hasattr(value, "aminmax")
        or not _known(value)
        or value.numel() < LARGE
    ):
        return None
    least, most = value.detach().aminmax()
    return least.item(), most.item()


def _among(names: tuple[str, ...], value: Any) -> bool:
    return value in names


POSITIVE = Domain("finite and > 0", _positive)
NON_NEGATIVE = Domain("finite and >= 0", _non_negative)
COUNT = Domain("a whole number >= 1", _count)
SHAPE = Domain("a size or sizes of the last dimensions", _shape)


def one_of(*names: str) -> Domain:
    """A domain of names.

    >>> "box" in one_of("box", "gaussian"), "disk" in one_of("box", "gaussian")
    (True, False)
    """
    return Domain("one of " + ", ".join(map(repr, names)), partial(_among, names))
