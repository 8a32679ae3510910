"""The one map between rows of the table and layers: which layer computes a row, and which row a layer is.

Whatever needs a layer for a row, or the row of a layer, asks here: `check`, `convert`, the laboratory,
`show`, the constructors from other frameworks, and the tests.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from normlab.equation import table
from normlab.equation.row import Norm
from normlab.errors import CheckError
from normlab.functional.divisive import equation
from normlab.nn.divisive import DivisiveNorm
from normlab.nn.local import LocalContrastNorm

Read = tuple[Norm, dict[str, Any]]  # a row and its settings, as a layer holds them


@dataclass(frozen=True)
class RowLayer:
    """A row of the table and the layer that computes it, which the row names.

    fixed: arguments that choose this row where a layer computes several; read back as attributes.
    read: how the row and its settings are read from a layer, where they are not attributes by their name.
    """

    row: Norm
    fixed: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Any], Read] | None = None

    @cached_property
    def layer(self) -> type[nn.Module]:
        return _named(self.row.layer)

    @cached_property
    def known(self) -> type[nn.Module]:
        """The class whose instances are this row: torch's, where the layer derives from it."""
        bases = (kind for kind in self.layer.__mro__ if kind.__module__.startswith("torch.nn."))
        first = next(bases)
        return self.layer if first is nn.Module else first

    @cached_property
    def torch(self) -> tuple[type[nn.Module], ...]:
        """torch's own layers for the row, by rising rank; none where it has a function or nothing."""
        found = (_named(place) for place in self.row.torch)
        return tuple(kind for kind in found if isinstance(kind, type))

    def make(
        self,
        extent: Any,
        /,
        *,
        kind: type[nn.Module] | None = None,
        like: Tensor | None = None,
        **options: Any,
    ) -> Any:
        """The layer for so many channels (or that shape), what is not given as the row has it.

        kind: another class with the same arguments, such as torch's own; like: a tensor whose dtype and
        device the layer is to have.
        """
        kind = kind or self.layer
        parameters = inspect.signature(kind).parameters
        size = {} if self.row.extent is None else {self.row.extent: extent}
        required = {
            name: self.row.defaults[name] for name in _required(parameters) - {self.row.extent}
        }
        if like is not None and "dtype" in parameters:  # 0.1 as float32 is another number
            options |= {"dtype": like.dtype, "device": like.device}
        made = kind(**size, **required | dict(self.fixed) | options)
        return made if like is None else made.to(like)

    def settings(self, layer: Any) -> Read:
        """The row and its settings, as the layer holds them."""
        if self.read is not None:
            return self.read(layer)
        return self.row, {name: getattr(layer, name) for name in self.row.defaults}

    def computes(self, layer: nn.Module) -> bool:
        """Whether a layer is this row by its class."""
        chosen = all(getattr(layer, name, None) == value for name, value in self.fixed.items())
        return isinstance(layer, self.known) and chosen


def _required(parameters: Mapping[str, inspect.Parameter]) -> set[str]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    empty = inspect.Parameter.empty
    return {p.name for p in parameters.values() if p.default is empty and p.kind in named}


def _named(place: str) -> Any:
    home, _, name = place.rpartition(".")
    return getattr(import_module(home), name)


def _read_local_contrast(layer: LocalContrastNorm) -> Read:
    if isinstance(layer.sigma, str):
        raise CheckError(
            "LocalContrastNorm(sigma='mean') divides by the larger of two numbers, which is no row of "
            "the table; check it with a number for sigma."
        )
    row = table.find("local_contrast")
    return row, {name: getattr(layer, name) for name in row.defaults}


def _read_divisive(layer: DivisiveNorm) -> Read:
    plain = dict(layer.plain)
    if plain.pop("rectify"):
        raise CheckError(
            "DivisiveNorm(rectify=True) takes max(x, 0) first, which is not part of the equation; check "
            "the layer without rectify, on x.relu()."
        )
    return equation(sigma=layer.sigma, power=layer.power, pool_weight=layer.pool_weight, **plain)


_MORE: Mapping[str, dict[str, Any]] = {
    "local_contrast": {"read": _read_local_contrast},
    "divisive": {"read": _read_divisive},
    "gdn": {"fixed": {"simplified": False}},
    "gdn1": {"fixed": {"simplified": True}},
}
_LAYERS = {name: RowLayer(row, **_MORE.get(name, {})) for name, row in table.TABLE.items()}


def layer_for(row: str | Norm) -> RowLayer:
    """The layer of a row of the table, or SettingError.

    >>> layer_for("group").make(8, num_groups=4)
    GroupNorm(4, 8, eps=1e-05, affine=True, bias=True)
    >>> layer_for("gdn1").layer.__name__
    'GDN'
    """
    return _LAYERS[table.find(row).name]


def row_of(layer: nn.Module) -> Read | None:
    """The row that a layer is by its class, and its settings; None for a layer that is not known.

    >>> row, settings = row_of(nn.GroupNorm(2, 4, eps=1e-3))
    >>> row.name, settings
    ('group', {'num_groups': 2, 'eps': 0.001})
    """
    entry = entry_of(layer)
    return None if entry is None else entry.settings(layer)


def entry_of(layer: nn.Module) -> RowLayer | None:
    """The entry whose row a layer is by its class, if there is one."""
    return next((entry for entry in _LAYERS.values() if entry.computes(layer)), None)


def layers() -> Mapping[str, RowLayer]:
    """The layer of every row of the table, by the row's name."""
    return dict(_LAYERS)


@contextmanager
def registered(entry: RowLayer) -> Iterator[RowLayer]:
    """Have a row of one's own in the table, with its layer, for as long as a `with` block lasts.

    `normlab list`, `show`, `check`, `grade`, the explorer's menu and the docs pages then know it.
    Errors: SettingError for a name that the table has.
    """
    with table.extended(entry.row):
        _LAYERS[entry.row.name] = entry
        try:
            yield entry
        finally:
            del _LAYERS[entry.row.name]
