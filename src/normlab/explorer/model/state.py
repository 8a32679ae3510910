"""All that a person can set, as one frozen value: what a link holds, checked. Needs no torch."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from normlab.equation.domains import Domain, one_of
from normlab.equation.row import Setting
from normlab.equation.table import TABLE
from normlab.errors import SettingError, did_you_mean
from normlab.explorer.model.edits import EDITS, NO_EDITS, Edits

VERSION = 1  # of what a link holds
DATA = ("points", "table", "image", "sequence", "bank", "contrast")
PANELS = (
    "data", "before", "norm", "after", "batches", "cells", "formula", "point", "code", "values",
    "play", "preset", "share", "export",
)  # fmt: skip
MOST_ROWS, MOST_STEPS, BANK = 10_000, 1_000, 16
LARGEST = 1e6
_SKIPPED = ("normalized_shape", "pool_weight")  # a shape is the data's; weights have two sliders


def _number(low: float, high: float, value: Any) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and math.isfinite(value) and low <= value <= high


def _whole(low: int, high: int, value: Any) -> bool:
    return isinstance(value, int) and _number(low, high, value)


def _each(holds: Callable[[Any], bool], least: int, most: int, value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and least <= len(value) <= most and all(map(holds, value))
    )


def number(low: float, high: float) -> Domain:
    return Domain(f"a number from {low:g} to {high:g}", partial(_number, low, high))


def whole(low: int, high: int) -> Domain:
    return Domain(f"a whole number from {low} to {high}", partial(_whole, low, high))


def several(domain: Domain, least: int, most: int) -> Domain:
    count = f"{least}" if least == most else f"{least} to {most}"
    return Domain(
        f"a list of {count}, each {domain.text}", partial(_each, domain.holds, least, most)
    )


def _table_key(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 64


def _hidden(value: Any) -> bool:
    """Panels, and controls by the name of their setting."""
    known = (*PANELS, *DOMAINS, *row_settings())
    return _each(lambda name: isinstance(name, str) and name in known, 0, len(known), value)


_PAIR = partial(several, least=2, most=2)
DOMAINS: Mapping[str, Domain] = {
    "data": one_of(*DATA),
    "n": whole(2, MOST_ROWS),
    "seed": whole(0, 2**31 - 1),
    "mean": _PAIR(number(-1e6, 1e6)),
    "scale": _PAIR(number(0, 1e6)),
    "correlation": number(-0.99, 0.99),
    "outliers": whole(0, 50),
    "offset": number(-100, 100),
    "gain": number(0, 100),
    "noise": number(0, 10),
    "strong": whole(0, BANK - 1),
    "loud": number(0, 1e4),
    "quiet": number(0, 1e4),
    "masking": number(0, 100),
    "table": Domain("the key of a table", _table_key),
    "edits": EDITS,
    "norm": one_of(*TABLE),  # and rows that are registered: `domains`
    "mode": one_of("train", "eval"),
    "batch_size": whole(1, MOST_ROWS),
    "momentum": number(0, 1).or_none("the average of all batches"),
    "step": whole(0, MOST_STEPS),
    "weight": several(number(-100, 100), 1, 2),
    "bias": several(number(-100, 100), 1, 2),
    "pool_own": number(0, 100),
    "pool_cross": number(0, 100),
    "axes": _PAIR(whole(0, 255)),
    "selected": several(whole(0, 2**31 - 1), 3, 3),
    "compare": one_of("", "mode", *TABLE),  # and rows that are registered: `domains`
    "frame": one_of("fixed", "shared", "auto"),
    "hide": Domain("a list of panels and controls", _hidden),
    "tour": whole(0, 99).or_none("no tour"),
    "shown": Domain("true or false", lambda value: isinstance(value, bool)),
}


def row_settings() -> dict[str, Setting]:
    """Every setting of every row by its name; rows that share a name share what it may be."""
    found: dict[str, Setting] = {}
    for setting in (setting for row in TABLE.values() for setting in row.settings):
        if setting.name not in _SKIPPED:
            found.setdefault(setting.name, setting)
    return found


def domains() -> dict[str, Domain]:
    """What each field of a state may be: `norm` and `compare` any row that the table has by now."""
    return {**DOMAINS, "norm": one_of(*TABLE), "compare": one_of("", "mode", *TABLE)}


@dataclass(frozen=True)
class State:
    """What a person has set. `settings` holds those of the rows that were touched, by torch's names.

    >>> State.of(norm="layer", eps=0.1).changed()
    {'norm': 'layer', 'eps': 0.1}
    """

    data: str = "points"
    n: int = 128
    seed: int = 0
    mean: tuple[float, ...] = (10.0, -5.0)
    scale: tuple[float, ...] = (4.0, 1.0)
    correlation: float = 0.0
    outliers: int = 0
    offset: float = 0.0
    gain: float = 1.0
    noise: float = 0.05
    strong: int = 8
    loud: float = 400.0
    quiet: float = 20.0
    masking: float = 0.0
    table: str = ""
    edits: Edits = NO_EDITS
    norm: str = "batch"
    mode: str = "train"
    batch_size: int = 8
    momentum: float | None = 0.1
    step: int = 0
    weight: tuple[float, ...] = (1.0, 1.0)
    bias: tuple[float, ...] = (0.0, 0.0)
    pool_own: float = 0.1
    pool_cross: float = 0.0
    axes: tuple[int, ...] = (0, 1)
    selected: tuple[int, ...] = (0, 0, 0)
    compare: str = ""  # what stands beside the result: the other mode, or a row
    frame: str = "fixed"
    hide: tuple[str, ...] = ()
    tour: int | None = None
    shown: bool = True  # of a tour's step: whether its answer is
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, /, **given: Any) -> "State":
        """A state from settings by name; SettingError for one that is unknown or out of its domain."""
        known = row_settings()
        own: dict[str, Any] = {}
        settings: dict[str, Any] = {}
        for name, value in given.items():
            (settings if name in known else own)[name] = _checked(name, value)
        return cls(**own, settings=settings)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> tuple["State", list[str]]:
        """A state from a link, perhaps edited by hand: what cannot be used is left out, and told."""
        good, problems = {}, []
        if not _number(0, VERSION, given.get("v", VERSION)):
            problems.append(
                f"The link is of version {str(given['v'])[:20]}, and this is {VERSION}: what it does not "
                f"know is left out."
            )
        for name, value in given.items():
            if name == "v":
                continue
            try:
                good[name] = _checked(str(name), value)
            except SettingError as error:
                problems.append(str(error))
        return cls.of(**good), problems

    def changed(self) -> dict[str, Any]:
        """What differs from the defaults, as plain JSON."""
        own = (item for item in fields(self) if item.name != "settings")
        held = {item.name: (getattr(self, item.name), item.default) for item in own}
        told = {name: _plain(value) for name, (value, default) in held.items() if value != default}
        return told | dict(self.settings)

    def json(self) -> dict[str, Any]:
        """Every field, and the settings that were touched."""
        own = (item.name for item in fields(self) if item.name != "settings")
        return {name: _plain(getattr(self, name)) for name in own} | dict(self.settings)


def _plain(value: Any) -> Any:
    if isinstance(value, Edits):
        return value.json()
    return list(value) if isinstance(value, tuple) else value


def _checked(name: str, value: Any) -> Any:
    settings = row_settings()
    known = settings[name].domain if name in settings else domains().get(name)
    if known is None:
        hint = did_you_mean(name, [*DOMAINS, *settings])
        raise SettingError(f"The explorer has no setting {name[:40]!r}.{hint}")
    if name == "edits":
        return _edits(value, known)
    if isinstance(value, float) and value.is_integer() and "whole number" in known.text:
        value = int(value)  # JavaScript has one kind of number
    if value not in known:
        raise SettingError(f"{name}={str(value)[:60]} given; it must be {known.words}.")
    if name in settings and not _alone(value):
        must = f"here it must be one name, or one number of at most {LARGEST:,.0f}"
        raise SettingError(f"{name}={str(value)[:60]} given; {must}.")
    return tuple(value) if isinstance(value, list) else value


def _edits(value: Any, known: Domain) -> Edits:
    if isinstance(value, Edits):
        return value
    if value not in known:
        raise SettingError(f"edits={str(value)[:60]} given; it must be {known.words}.")
    return Edits.of(value)


def _alone(value: Any) -> bool:
    """A setting of a row as a link may hold it: one name or one number, of a size that is computed soon."""
    return value is None or isinstance(value, str) or _number(-LARGEST, LARGEST, value)
