"""One row of the table: a normaliser as frozen data that checks its own laws and derives its flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from normlab.equation.domains import Domain
from normlab.equation.pools import Axes, Pool, is_mean, named, needs_space
from normlab.errors import SettingError, did_you_mean

Placement = Literal["inside", "outside", "clamp"]
Number = float | str  # a number, or the name of the setting that holds it


@dataclass(frozen=True)
class Setting:
    """A setting of a row: torch's argument name where torch has the layer."""

    name: str
    default: Any
    domain: Domain
    meaning: str
    symbol: str = ""

    def check(self, row: str, value: Any) -> Any:
        if value not in self.domain:
            shown = value if not hasattr(value, "shape") else f"a tensor {tuple(value.shape)}"
            raise SettingError(
                f"{row}: {self.name}={shown} given, but it must be {self.domain.words}."
            )
        return value


@dataclass(frozen=True)
class Sigma:
    """Where σ sits: (σⁿ + pool)^p "inside", pool^p + σ "outside", max(pool^p, σ) as a "clamp".

    Inside, `raised` says that the setting is σ and enters as σⁿ; otherwise it is σⁿ itself (eps, k).
    """

    setting: str
    placement: Placement = "inside"
    raised: bool = False


@dataclass(frozen=True)
class Source:
    """Where a normaliser was published."""

    authors: str
    year: int
    title: str
    where: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}), {self.title}, {self.where}"


@dataclass(frozen=True)
class Norm:
    """A normaliser as one row of the equation.

        y = weight · sgn(d)|d|^m / (σⁿ + pool(|e|ⁿ))^p + bias,   d = x − center

    e is d unless another array is pooled, and p is 1/n unless the row says otherwise. The row checks
    its laws when it is made; what follows from its columns is derived and never typed:

    >>> from normlab import table
    >>> table["batch"].uses_batch, table["batch"].shift_invariant, table["batch"].degree()
    (True, True, 0.0)
    >>> table["local_response"].degree()
    -0.5
    """

    name: str
    title: str
    pool: Pool
    sigma: Sigma
    settings: tuple[Setting, ...]
    source: Source
    symbols: Mapping[str, str] = field(hash=False)
    conventions: tuple[str, ...]
    center: bool = False
    n: Number = 2.0
    m: Number = 1.0
    p: Number | None = None
    affine: Literal["channel", "shape"] | None = None
    running: bool = False
    layer: str = ""  # where its layer is imported from; `normlab.nn.registry` has the layer itself
    extent: str | None = None  # the argument of its layer that says how large the layer is
    torch: tuple[str, ...] = ()

    def __post_init__(self):
        self._check_names()
        self._check_laws()

    def _check_names(self):
        have = [setting.name for setting in self.settings]
        if len(set(have)) != len(have):
            raise ValueError(f"{self.name}: a setting is listed twice in {have}")
        missing = self._referenced() - set(have)
        if missing:
            raise ValueError(f"{self.name}: {sorted(missing)} named by a column but not a setting")
        unused = set(have) - self._referenced()
        if unused:
            raise ValueError(f"{self.name}: settings {sorted(unused)} that no column uses")
        for setting in self.settings:
            setting.check(self.name, setting.default)

    def _check_laws(self):
        if self.center and not is_mean(self.pool):
            raise ValueError(f"{self.name}: only a pool whose weights sum to 1 can be a center")
        if self.running and not self.uses_batch:
            raise ValueError(f"{self.name}: running statistics need a pool over the batch")
        for column in ("n", "m", "p"):
            if not self.number(column) > 0:
                raise ValueError(f"{self.name}: the power {column} must be > 0")
        if self.sigma.raised and self.sigma.placement != "inside":
            raise ValueError(f"{self.name}: only a σ inside the power is raised to n")

    def _referenced(self) -> set[str]:
        columns = (self.n, self.m, self.p, self.sigma.setting)
        return {value for value in columns if isinstance(value, str)} | named(self.pool)

    def number(
        self, column: Literal["n", "m", "p"], values: Mapping[str, Any] | None = None
    ) -> Any:
        """The power in a column, read from the settings (their defaults if none are given)."""
        held = getattr(self, column)
        if held is None:
            return 1.0 / self.number("n", values)
        return (
            (self.defaults if values is None else values)[held] if isinstance(held, str) else held
        )

    @property
    def defaults(self) -> dict[str, Any]:
        return {setting.name: setting.default for setting in self.settings}

    def resolve(self, given: Mapping[str, Any], where: str = "") -> dict[str, Any]:
        """All settings, the given ones checked against their domains; `where` stands in a message."""
        known = {setting.name: setting for setting in self.settings}
        for name in given:
            if name not in known:
                raise SettingError(self._unknown(name))
        where = where or self.name
        return self.defaults | {name: known[name].check(where, v) for name, v in given.items()}

    def _unknown(self, name: str) -> str:
        hint = did_you_mean(name, self.defaults)
        return f"{self.name} has no setting {name!r}; it has {', '.join(self.defaults)}.{hint}"

    @property
    def uses_batch(self) -> bool:
        """Whether one sample's output depends on the others (then running statistics make sense)."""
        return "n" in self.pool.touches

    @property
    def shift_invariant(self) -> bool:
        """Whether adding a constant to x leaves y as it is: exactly when the pool is subtracted."""
        return self.center

    @property
    def needs_space(self) -> bool:
        """Whether the pool is empty of meaning for an (N, C) table."""
        return needs_space(self.pool)

    @property
    def grouped(self) -> bool:
        return isinstance(self.pool, Axes) and isinstance(self.pool.groups, str)

    def degree(self, **settings: Any) -> float:
        """m − n·p: as σ → 0, y(λx) = λ^degree · y(x). At 0 the scale of x is forgotten."""
        values = self.resolve(settings)
        return float(self.number("m", values) - self.number("n", values) * self.number("p", values))
