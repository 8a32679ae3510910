"""What a caller gives, checked, as single observations at numbered places of a model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.errors import DataError, SettingError, did_you_mean
from normlab.responses.curve import Curve
from normlab.responses.noise import KINDS, Noise, Observed
from normlab.responses.parameters import Array, Parameter, Places
from normlab.responses.pool import Pool

Model = Curve | Pool
MODELS = (Curve.name, Pool.name)
_WIDE = 300  # times its least contrast: no experiment shows a wider range, in per cent


@dataclass(frozen=True)
class Asked:
    """The settings of a fit, checked."""

    model: str
    baseline: bool
    supersaturation: bool
    noise: Noise
    seconds: float
    fix: Mapping[str, float]
    level: float

    @classmethod
    def of(cls, *, noise: str, seconds: float, level: float, fix: Any, **rest: Any) -> "Asked":
        """Errors: SettingError."""
        kinds = {"model": (rest["model"], MODELS), "noise": (noise, tuple(KINDS))}
        for name, (given, known) in kinds.items():
            if given not in known:
                hint = did_you_mean(given, known)
                raise SettingError(
                    f"{name}={given!r} given; it must be {' or '.join(known)}.{hint}"
                )
        kind = KINDS[noise]
        if not 0 < level < 1:
            raise SettingError(f"level={level!r} given; it must be between 0 and 1, such as 0.95.")
        if not 0 < seconds < math.inf:
            raise SettingError(f"seconds={seconds!r} given; it must be a finite number > 0.")
        if seconds != 1 and not kind.counts:
            raise SettingError(
                f"seconds={seconds:g} given, which says nothing about {noise} noise; give it with counts "
                "(noise poisson), or leave it out."
            )
        if rest["supersaturation"] and rest["model"] != Curve.name:
            raise SettingError(
                f"supersaturation given, which is of {Curve.name}; leave it out for {rest['model']}."
            )
        return cls(noise=kind, seconds=seconds, level=level, fix=dict(fix or {}), **rest)

    def fixed(self, parameters: tuple[Parameter, ...]) -> Array:
        """The inner value of every parameter that is given, NaN for those that are fitted."""
        given = self._off(parameters) | dict(self.fix)
        known = {parameter.name: parameter for parameter in parameters}
        for name, value in given.items():
            if name not in known:
                raise SettingError(
                    f"fix names {name!r}; {self.model} has {', '.join(known)}."
                    f"{did_you_mean(name, known)}"
                )
            if not known[name].allows(value):
                low, high = known[name].ends
                raise SettingError(
                    f"fix {name}={value!r} given; it must be from {low:g} to {high:g}."
                )
        return np.array(
            [p.inner(given[p.name]) if p.name in given else math.nan for p in parameters]
        )

    def _off(self, parameters: tuple[Parameter, ...]) -> dict[str, float]:
        """Values of what was not asked for: no supersaturation is s = 1, no baseline is 0."""
        off = {"s": 1.0} if self.model == Curve.name and not self.supersaturation else {}
        names = [p.name for p in parameters if p.name.partition(".")[0] == "baseline"]
        return off if self.baseline else off | dict.fromkeys(names, 0.0)


@dataclass(frozen=True)
class Given:
    """The model at its places; of each observation its place, its response (a rate), its group.

    groups: of each place, which responses a model that knows no stimulus would hold to be one.
    doubt: a sentence about what may be wrong with the data, or "".
    """

    model: Model
    places: Places
    response: Array
    groups: Places
    seconds: float
    doubt: str = ""

    def seen(self, which: Any = slice(None)) -> Observed:
        """Some of the observations, or all."""
        size = len(self.groups)
        return Observed.of(self.places[which], self.response[which], size, self.seconds)


def given(
    asked: Asked, contrast: ArrayLike, response: ArrayLike, tuning: ArrayLike | None
) -> Given:
    """Errors: DataError for what cannot be fitted."""
    single = asked.model == Curve.name
    x, r = _numbers("contrast" if single else "drive", contrast), _numbers("response", response)
    if (x < 0).any():
        what = "contrast" if single else "drive"
        raise DataError(f"{what} holds {x.min():g}; it must be 0 or more everywhere.")
    _check_responses(asked, r)
    made = _curve(asked, x, r, tuning) if single else _pool(asked, x, r, tuning)
    if not np.ptp(made.response) > 0:
        raise DataError(f"every response is {r.flat[0]:g}: there is no curve to fit.")
    return made


def _curve(asked: Asked, x: Array, r: Array, tuning: ArrayLike | None) -> Given:
    if tuning is not None:
        raise SettingError(f"tuning given, which is of {Pool.name}; leave it out.")
    if x.ndim != 1 or r.ndim not in (1, 2) or len(x) != len(r):
        raise DataError(
            f"contrast has shape {x.shape} and response {r.shape}; give a contrast for each response, or "
            "responses as (contrasts, trials)."
        )
    levels, places = np.unique(x, return_inverse=True)
    if not levels[-1] > 0:
        raise DataError("every contrast is 0: show stimuli of several contrasts.")
    repeats = r.shape[1] if r.ndim == 2 else 1
    model = Curve(levels, asked.noise.counts, asked.supersaturation or asked.fix.get("s", 1) != 1)
    made = _given(asked, model, np.repeat(places, repeats), r, np.zeros(len(levels), int))
    return replace(made, doubt=_units(levels[levels > 0]))


def _units(shown: Array) -> str:
    """A doubt where contrasts seem to be fractions and per cent in one table."""
    least, most = float(shown.min()), float(shown.max())
    if not (least < 1 < most <= 100 and most > _WIDE * least):
        return ""
    return (
        f"Contrasts go from {least:g} to {most:g}: if some are fractions and others per cent, give all in "
        "one unit."
    )


def _pool(asked: Asked, x: Array, r: Array, tuning: ArrayLike | None) -> Given:
    if tuning is None:
        raise SettingError(
            f"{Pool.name} needs tuning: the orientation in degrees that each cell prefers."
        )
    theta = _numbers("tuning", tuning)
    if x.ndim != 2 or r.ndim not in (2, 3) or r.shape[:2] != x.shape or theta.shape != x.shape[1:]:
        raise DataError(
            f"drive has shape {x.shape}, response {r.shape} and tuning {theta.shape}; they must be "
            "(stimuli, cells), the same or (stimuli, cells, trials), and (cells,)."
        )
    repeats = r.shape[2] if r.ndim == 3 else 1
    cells = x.shape[1]
    if cells < 2:
        raise DataError("drive has one cell; a pool needs two or more.")
    if not x.max() > 0:
        raise DataError("every drive is 0: no stimulus drives a cell.")
    places = np.repeat(np.arange(x.size), repeats)
    groups = np.tile(np.arange(cells), len(x))
    return _given(asked, Pool(x, theta, asked.noise.counts), places, r, groups)


def _given(asked: Asked, model: Model, places: Places, r: Array, groups: Places) -> Given:
    return Given(model, places, r.ravel() / asked.seconds, groups, asked.seconds)


def _numbers(name: str, values: ArrayLike) -> Array:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name} is not an array of numbers ({error}).") from error
    if not array.size:
        raise DataError(f"{name} is empty; give numbers.")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise DataError(
            f"{name} holds {array.flat[bad[0]]:g} at place {bad[0]} (counted from 0), and {len(bad)} such "
            "in all; leave those observations out."
        )
    return array


def _check_responses(asked: Asked, r: Array) -> None:
    if not asked.noise.counts:
        return
    if (r < 0).any():
        raise DataError(f"response holds {r.min():g}; counts of spikes are 0 or more.")
    odd = r[np.abs(r - np.rint(r)) > 1e-9]
    if len(odd):
        raise DataError(
            f"response holds {odd[0]:g}, which is no count of spikes; give the counts of single trials "
            "and seconds for their duration, or noise gaussian for rates and means."
        )


def check_enough(asked: Asked, seen: Observed, free: int) -> None:
    """DataError where fewer places were seen than numbers are fitted."""
    places, count = len(seen.mean), int(seen.count)
    if places < free or (asked.noise.scaled and count <= free):
        more = free + (1 if asked.noise.scaled and count == places else 0)
        what = "different contrasts" if asked.model == Curve.name else "responses"
        raise DataError(
            f"{places} {what} and {count} observations are given, but {free} numbers are fitted: give at "
            f"least {more} {what}, or fix what is known."
        )
