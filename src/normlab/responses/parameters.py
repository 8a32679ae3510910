"""A model's parameters: how each is searched for, and how far."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]  # numbers of places, cells, parameters
Kind = Literal["positive", "real", "one or more"]


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


_INTO: Mapping[Kind, Callable[[float], float]] = {
    "positive": _log,
    "real": float,
    "one or more": lambda value: math.sqrt(max(value - 1, 0.0)),
}


@dataclass(frozen=True)
class Parameter:
    """One number of a model, searched for on a scale without ends: its logarithm where it is positive,
    the root of what it is beyond 1 where it is one or more.

    low and high are where the search for an interval's end stops: data that do not bound the parameter
    before leave that end open. needed: without both ends the model is not known at all.
    """

    name: str
    kind: Kind
    meaning: str
    low: float
    high: float
    needed: bool = False

    def inner(self, value: float) -> float:
        """A value on the scale of the search."""
        return _INTO[self.kind](value)

    def outer(self, inner: float) -> float:
        """A value of that scale in the parameter's own units; +-inf are the ends of its domain."""
        if self.kind == "one or more":
            return 1.0 if inner < 0 else 1 + inner**2
        if self.kind == "real" or inner == math.inf:
            return inner
        return math.exp(min(inner, 700.0))

    @property
    def ends(self) -> tuple[float, float]:
        """The domain's ends, which an open interval has."""
        return {"positive": (0.0, math.inf), "real": (-math.inf, math.inf)}.get(
            self.kind, (1.0, math.inf)
        )

    def allows(self, value: float) -> bool:
        low, high = self.ends
        return math.isfinite(value) and low <= value <= high


@dataclass(frozen=True)
class Estimate:
    """A fitted value with the ends of its interval: infinite, or the domain's own, where data set none.

    A value that was given and not fitted has both ends equal to it, and `fixed` is true.

    >>> Estimate(2.0, 1.5, 2.5).covers(1.6)
    True
    """

    value: float
    low: float
    high: float
    fixed: bool = False

    def covers(self, truth: float) -> bool:
        """Whether the interval holds this value."""
        return self.low <= truth <= self.high
