"""The settings of the chapter: what the command offers, checked. Needs no torch."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from normlab.equation.row import Norm
from normlab.equation.table import TABLE, find
from normlab.errors import SettingError

_POINTS = ("samples", "mean", "std")


@dataclass(frozen=True)
class Settings:
    """Settings of ``normlab run chapter``, by their names there.

    data, columns, drop_missing: a file and what to take from it; without one, `samples` points are
    drawn with `mean`, `std` and `seed`. norm, batch_size, eps, momentum, weight, bias: the normaliser.
    shuffle, drop_last: how batches are made. device: any of torch's.
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
    def of(cls, **given: Any) -> "Settings":
        """Settings from what a caller gave; numbers and lists become tuples where several count."""
        known = {item.name: item for item in fields(cls)}
        for name in given:
            if name not in known:
                raise SettingError(f"chapter has no setting {name!r}; it has {', '.join(known)}.")
        for name in ("weight", "bias", "mean", "std", "columns"):
            if given.get(name) is not None:
                given[name] = _tuple(given[name])
        if given.get("data") is not None and (clash := [n for n in _POINTS if n in given]):
            raise SettingError(
                f"{', '.join(clash)} describe the points that are drawn when there is no data; "
                f"leave them out, or leave out data."
            )
        return cls(**given)

    def __post_init__(self):
        _at_least("batch_size", self.batch_size, 1)
        _at_least("samples", self.samples, 2)
        _within("momentum", self.momentum, 0.0, 1.0)
        if self.eps is not None:
            _within("eps", self.eps, 0.0, math.inf)
        for name in ("weight", "bias", "mean", "std"):
            for value in getattr(self, name):
                _within(name, value, 0.0 if name == "std" else -math.inf, math.inf)
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

    @property
    def row(self) -> Norm:
        return find(self.norm)

    @property
    def row_settings(self) -> dict[str, float]:
        """What differs from the row's defaults."""
        return {} if self.eps is None else {"eps": self.eps}

    def json(self) -> dict[str, Any]:
        """As they go into numbers.json; an array given as data is only named."""
        given = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        if self.data is not None and not isinstance(self.data, str):
            given["data"] = str(self.data) if hasattr(self.data, "__fspath__") else "(an array)"
        return given


def _tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return (value,)
    return tuple(value)


def _at_least(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingError(f"{name}={value} given; it must be a whole number >= {least}.")


def _within(name: str, value: Any, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and low <= value <= high):
        ends = f" and <= {high:g}" if math.isfinite(high) else ""
        least = f" >= {low:g}" if math.isfinite(low) else ""
        raise SettingError(f"{name}={value} given; it must be finite{least and ','}{least}{ends}.")
