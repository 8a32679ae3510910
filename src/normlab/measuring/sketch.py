"""Quantiles of any number of values in bounded memory, by the sketches of Apache DataSketches."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.errors import need

K = 800  # of a KLL sketch: rank error below 0.4 % with 99 % confidence, some 20 kB a feature


@dataclass(frozen=True, eq=False)
class Sketch:
    """A KLL sketch of each feature. Two runs over the same data differ within the stated error."""

    features: tuple[Any, ...]

    @classmethod
    def empty(cls, width: int) -> "Sketch":
        return cls(tuple(_kll()(K) for _ in range(width)))

    def update(self, columns: Sequence[np.ndarray]) -> None:
        """Take in finite values, an array for each feature."""
        for feature, values in zip(self.features, columns, strict=True):
            feature.update(np.ascontiguousarray(values, np.float64))

    def widened(self, places: Sequence[int] | np.ndarray, width: int) -> "Sketch":
        """These features at their places among more, of which nothing was seen."""
        every = list(Sketch.empty(width).features)
        for place, feature in zip(places, self.features, strict=True):
            every[place] = feature
        return Sketch(tuple(every))

    @staticmethod
    def joined(left: "Sketch", right: "Sketch") -> "Sketch":
        both = []
        for a, b in zip(left.features, right.features, strict=True):
            new = _kll()(K)
            new.merge(a)
            new.merge(b)
            both.append(new)
        return Sketch(tuple(both))

    @property
    def error(self) -> float:
        """How far the rank of a quantile may be from the one asked for, with 99 % confidence."""
        return max((f.normalized_rank_error(False) for f in self.features), default=0.0)

    def quantiles(self, shares: Sequence[float]) -> np.ndarray:
        """(shares, features); NaN where a feature has no value."""
        nothing = [np.nan] * len(shares)
        columns = [
            nothing if f.is_empty() else f.get_quantiles(list(shares)) for f in self.features
        ]
        return np.array(columns, np.float64).T.reshape(len(shares), len(self.features))

    def shares(self, feature: int, edges: np.ndarray) -> np.ndarray:
        """The share of a feature's values between neighbouring edges; the ends take what is beyond."""
        inner = [float(edge) for edge in edges[1:-1]]
        return np.array(self.features[feature].get_pmf(inner))

    def texts(self) -> list[str]:
        return [base64.b64encode(f.serialize()).decode() for f in self.features]

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> "Sketch":
        read = _kll().deserialize
        return cls(tuple(read(base64.b64decode(text)) for text in texts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Sketch.of_texts, (self.texts(),)


def _kll() -> Any:
    need("quantiles", "tables")
    import datasketches

    return datasketches.kll_doubles_sketch  # pyright: ignore[reportAttributeAccessIssue]
