"""What is asked of a conversion, checked before anything is looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from normlab.conversion.finding import KINDS, Rule
from normlab.errors import SettingError, did_you_mean

OURS = "normlab"
REFUSED = "refused"  # in the place of names: whatever cannot be exchanged
SAME_FUNCTION = ("batch", "sync", "frozen")  # with statistics that data can give anew
_FROM_CHANNELS = ("batch", "instance", "group", "frozen")
# what each kind may be made from; layer norm only where its channels are axis 1, or for rms
TARGETS: dict[str, tuple[str, ...]] = {
    "group": ("batch", "instance", "layer", "frozen"),
    "layer": _FROM_CHANNELS,
    "instance": ("batch", "layer", "frozen"),
    "rms": (*_FROM_CHANNELS, "layer"),
    "divisive": (*_FROM_CHANNELS, "layer"),
    "frozen": ("batch",),
    "batch": ("batch", "instance", "group", "layer", "frozen"),
    "sync": ("batch",),
    OURS: ("batch",),
}


@dataclass(frozen=True)
class Order:
    """What becomes of which layers; `skip` holds names and patterns, `rules` a function by type."""

    to: str
    source: str = "batch"
    skip: tuple[str, ...] = ()
    rules: Mapping[type[nn.Module], Rule] = field(default_factory=dict)
    num_groups: int | None = None
    process_group: Any = "world"

    def __post_init__(self) -> None:
        self._check_kinds()
        if self.num_groups is not None and self.to != "group":
            raise SettingError(
                f"convert: num_groups={self.num_groups!r} given with to={self.to!r}; it is for "
                f"to='group' alone."
            )
        whole = isinstance(self.num_groups, int) and not isinstance(self.num_groups, bool)
        if self.num_groups is not None and not (whole and self.num_groups >= 1):
            raise SettingError(
                f"convert: num_groups={self.num_groups!r} given; it must be a whole number >= 1."
            )
        if self.process_group != "world" and self.to != "sync":
            raise SettingError(
                f"convert: process_group given with to={self.to!r}; it is for to='sync' alone."
            )
        for kind, rule in self.rules.items():
            if not (isinstance(kind, type) and callable(rule)):
                raise SettingError(
                    f"convert: rules holds {kind!r}: {rule!r}; give a class of modules and a function "
                    f"that takes one and returns what becomes of it."
                )

    def _check_kinds(self) -> None:
        if self.to not in TARGETS:
            raise SettingError(
                f"convert: to={self.to!r} given; it must be one of {', '.join(TARGETS)}."
                f"{did_you_mean(self.to, TARGETS)}"
            )
        source = "batch" if self.source == "sync" else self.source
        if source not in KINDS:
            raise SettingError(
                f"convert: source={self.source!r} given; it must be one of {', '.join(KINDS)}."
            )
        if source not in TARGETS[self.to]:
            known = ", ".join(TARGETS[self.to])
            told = "takes every kind; leave source out" if self.to == OURS else f"is from {known}"
            raise SettingError(
                f"convert: to={self.to!r} is not known from source={self.source!r}; it {told}."
            )
        object.__setattr__(self, "source", source)

    @property
    def own_class(self) -> bool:
        """Whether layers stay, and only their class may change."""
        return self.to == "sync" or self.to == self.source == "batch"

    @property
    def leaves_refused(self) -> bool:
        return REFUSED in self.skip

    def skips(self, names: Iterable[str]) -> bool:
        return any(_matches(pattern, name) for pattern in self.skip for name in names)

    def check_skip(self, names: Iterable[str]) -> None:
        """Refuse a pattern that matches none of the names."""
        known = list(names)
        for pattern in self.skip:
            if pattern != REFUSED and not any(_matches(pattern, name) for name in known):
                raise SettingError(
                    f"convert: skip={pattern!r} names none of the layers in question, which are "
                    f"{_few(known)}.{did_you_mean(pattern, known)}"
                )


def skip_of(skip: str | Iterable[str]) -> tuple[str, ...]:
    """One pattern or several."""
    given = (skip,) if isinstance(skip, str) else tuple(skip)
    if bad := [pattern for pattern in given if not isinstance(pattern, str)]:
        raise SettingError(
            f"convert: skip holds {bad[0]!r}; give names of layers, or patterns such as 'layer1.*'."
        )
    return given


def _matches(pattern: str, name: str) -> bool:
    """Whether it names the layer or something that the layer is in."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[: n + 1]), pattern) for n in range(len(parts)))


def _few(names: list[str]) -> str:
    shown = ", ".join(name or "the model itself" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
