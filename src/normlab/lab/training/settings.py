"""The settings of the training laboratory: what the command offers, checked. Needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from normlab.data.reading import Reading
from normlab.errors import SettingError
from normlab.lab.checking import known_names, of_kind, whole

_MOST_SEEDS = 1000
SEEDS, QUICK_SEEDS = 12, 3


@dataclass(frozen=True)
class Settings(Reading):
    """quick: fewer seeds and steps, for a look. norm: more normalisers to compare, by name or as
    file.py:name. data: a built-in data set's name, a table, an npz file, or a folder of images; label: the
    table's column of classes; and what Reading has. seeds: how many networks of each kind; 0 for each
    experiment's own number. device: any of torch's. cache: a folder
    that keeps finished cells, or None. processes: how many compute; 0 for this one alone. The last two
    change no number.
    """

    quick: bool = False
    norm: tuple[str, ...] = ()
    data: str = ""
    label: str = ""
    seeds: int = 0
    device: str = "cpu"
    cache: Path | None = None
    processes: int = 0

    @classmethod
    def of(cls, /, **given: Any) -> "Settings":
        known_names("training", cls, given)
        norm = given.get("norm", ())
        if isinstance(norm, str):
            norm = (norm,)
        if not isinstance(norm, Iterable) or not all(isinstance(name, str) for name in norm):
            raise SettingError(f"norm={norm!r} given; it must be names of normalisers.")
        cache = given.get("cache")
        exclude = given.get("exclude") or ()
        given["exclude"] = (exclude,) if isinstance(exclude, str) else tuple(exclude)
        return cls(**given | {"norm": tuple(norm), "cache": None if cache is None else Path(cache)})

    def __post_init__(self) -> None:
        super().__post_init__()
        of_kind("label", self.label, str, "a column's name")
        of_kind("quick", self.quick, bool, "True or False")
        of_kind("data", self.data, str, "a name or a path")
        of_kind("device", self.device, str, "the name of a device")
        whole("processes", self.processes, 0)
        whole("seeds", self.seeds, 0, _MOST_SEEDS)
        if self.seeds == 1:
            raise SettingError(
                "seeds=1 given; it must be 2 or more (or 0 for each experiment's own number): "
                "one network has no spread."
            )

    @property
    def each(self) -> tuple[int, ...]:
        """The seeds of an experiment that leaves their number to the rule."""
        return tuple(range(self.seeds or (QUICK_SEEDS if self.quick else SEEDS)))

    def json(self) -> dict[str, Any]:
        return {
            "quick": self.quick,
            "norm": list(self.norm),
            "data": self.data,
            "seeds": len(self.each),
            "device": self.device,
            **({"label": self.label} if self.label else {}),
            **{k: list(v) if k == "exclude" else v for k, v in self.given().items()},
        }
