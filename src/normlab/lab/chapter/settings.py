"""The settings of the chapter: what the command offers, checked. Needs no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from normlab.data.reading import Reading
from normlab.equation.row import Norm
from normlab.equation.table import TABLE, find
from normlab.errors import SettingError
from normlab.lab.checking import known_names, of_kind, whole, within

_POINTS = ("samples", "mean", "std")
_OF_FILES = ("columns", "drop_missing", *(item.name for item in fields(Reading)))
_VECTORS = ("weight", "bias", "mean", "std")
_FLAGS = ("drop_missing", "shuffle", "drop_last")
_SEEDS = -(2**63), 2**64 - 1  # what torch takes
ARRAY = "(an array)"  # how numbers.json names data that came from Python


@dataclass(frozen=True)
class Settings(Reading):
    """Settings of ``normlab run chapter``, by their names there.

    data, columns, drop_missing, and the options of Reading: a file, what to take from it, and how it is
    written; without one, `samples` points are drawn with `mean`, `std` and `seed`. norm, batch_size, eps,
    momentum, weight, bias: the normaliser. shuffle, drop_last: how batches are made. device: any of
    torch's.
    """

    data: Any = None
    columns: tuple[str, ...] | None = None
    drop_missing: bool = False
    norm: str = "batch"
    batch_size: int = 8
    eps: float | None = None
    momentum: float = 0.1
    weight: tuple[float, ...] = (1.0,)
    bias: tuple[float, ...] = (0.0,)
    seed: int = 0
    mean: tuple[float, ...] = (10.0, -5.0)
    std: tuple[float, ...] = (4.0, 1.0)
    samples: int = 128
    shuffle: bool = False
    drop_last: bool = False
    device: str = "cpu"

    @classmethod
    def of(cls, /, **given: Any) -> "Settings":
        """Settings from what a caller gave; numbers and lists become tuples where several count."""
        known_names("chapter", cls, given)
        for name in (*_VECTORS, "columns", "exclude"):
            if name in given and (name, given[name]) != ("columns", None):
                given[name] = _tuple(given[name])
        cls._check_source(given)
        return cls(**given)

    @staticmethod
    def _check_source(given: dict[str, Any]) -> None:
        """Settings of the points and of a file exclude each other."""
        if given.get("data") is None:
            clash = [name for name in _OF_FILES if given.get(name) not in (None, False, ())]
            words, other = "belong to a file", "give data"
        else:
            clash = [name for name in _POINTS if name in given]
            words, other = "describe points that are drawn without data", "leave out data"
        if clash:
            raise SettingError(f"{', '.join(clash)} {words}; leave them out, or {other}.")

    def __post_init__(self):
        super().__post_init__()
        whole("batch_size", self.batch_size, 1)
        whole("samples", self.samples, 2)
        whole("seed", self.seed, *_SEEDS)
        for name in _FLAGS:
            of_kind(name, getattr(self, name), bool, "true or false")
        for name in ("norm", "device"):
            of_kind(name, getattr(self, name), str, "a name")
        within("momentum", self.momentum, 0.0, 1.0)
        if self.eps is not None:
            within("eps", self.eps, 0.0, math.inf)
        for name in _VECTORS:
            for value in getattr(self, name):
                within(name, value, 0.0 if name == "std" else -math.inf, math.inf)
        if len(self.mean) != len(self.std):
            raise SettingError(
                f"mean has {len(self.mean)} values and std has {len(self.std)}; give one of each "
                f"for every feature."
            )
        self._check_row()

    def _check_row(self):
        row = find(self.norm)
        if row.needs_space:
            able = ", ".join(name for name, other in TABLE.items() if not other.needs_space)
            raise SettingError(
                f"norm {row.name!r} pools over space, and rows × columns have none; use {able}."
            )
        if self.eps is not None and "eps" not in row.defaults:
            raise SettingError(f"norm {row.name!r} has no eps; it has {', '.join(row.defaults)}.")
        if row.affine is None and (self.weight, self.bias) != ((1.0,), (0.0,)):
            raise SettingError(
                f"norm {row.name!r} has no weight and bias; leave weight and bias out."
            )
        if row.uses_batch and self.eps == 0:
            raise SettingError(
                "eps=0 given; torch's batch normalisation needs eps > 0 in training."
            )

    @property
    def row(self) -> Norm:
        return find(self.norm)

    @property
    def row_settings(self) -> dict[str, float]:
        """What differs from the row's defaults."""
        return {} if self.eps is None else {"eps": self.eps}

    def json(self) -> dict[str, Any]:
        """As they go into numbers.json; an array given as data is only named."""
        unused = {item.name for item in fields(Reading)} - set(self.given())
        unused |= set(() if self.data is None else _POINTS)
        held = {i.name: getattr(self, i.name) for i in fields(self) if i.name not in unused}
        if self.data is not None and not isinstance(self.data, str):
            held["data"] = str(self.data) if hasattr(self.data, "__fspath__") else ARRAY
        return {k: list(v) if isinstance(v, tuple) else v for k, v in held.items()}


def _tuple(value: Any) -> tuple[Any, ...]:
    value = value.tolist() if hasattr(value, "tolist") else value  # numpy's and torch's
    if isinstance(value, str) or not isinstance(value, Sequence):
        return (value,)
    return tuple(value)
