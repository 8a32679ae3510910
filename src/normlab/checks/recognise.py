"""Which row a module is: by its type where that is known, else by what it does to numbers."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from normlab.checks.behaviour import Behaviour, behaviour
from normlab.checks.subject import Subject, copied, run
from normlab.equation.pools import Axes
from normlab.equation.reference import normalize
from normlab.equation.row import Norm, Setting
from normlab.equation.spellings import BIAS, WEIGHT, spellings
from normlab.equation.table import TABLE, find
from normlab.errors import CheckError, NormlabError
from normlab.nn import registry

_EPS = (1e-5, 1e-6, 1e-8, 1e-12, 1e-3, 1e-2, 1e-4, 0.0)
_ALIKE = 1e-2  # relative error up to which a module is taken for the row it is nearest to


def recognise(module: nn.Module, x: Tensor, row: str | Norm | None) -> Subject:
    """The subject of a check; an unknown module is tried against every row that fits x."""
    if row is None:
        entry = registry.entry_of(module)
        if entry is not None:
            kind = entry.known.__name__.strip("_")
            return _subject(module, *entry.settings(module), f"a {kind}")
    rows = list(TABLE.values()) if row is None else [find(row)]
    # of rows that all give its numbers, the one that needs the fewest settings guessed
    found = sorted(_tried(module, x, rows), key=lambda one: (max(one[0], 1e-9), one[1]))
    if row is None and (not found or found[0][0] > _ALIKE):
        return _by_behaviour(module, x, found)
    if not found:
        raise CheckError(
            f"{type(module).__name__}: x of shape {tuple(x.shape)} does not fit row {row!r}."
        )
    error, _, best = found[0]
    how = "as told" if row is not None else f"by its numbers ({error:.1e} from them)"
    return _subject(module, best[0], best[1], how)


def _by_behaviour(module: nn.Module, x: Tensor, found: list) -> Subject:
    """Its numbers are no row's; perhaps it does the same to whom, and does it wrongly."""
    wide, own = x.detach().double(), copied(module).train().double()
    seen = behaviour(lambda a: run(copied(own), a), wide)
    for _, _, (row, settings) in found:
        if _same(seen, behaviour(lambda a, r=row, s=settings: normalize(a, r, **s).y, wide)):
            how = "by its behaviour: whom an element moves, centring and degree"
            return _subject(module, row, settings, how)
    raise CheckError(
        f"{type(module).__name__} does what no row of the table does: {seen}; name the row it should be: "
        f"row='batch', or --row batch."
    )


def _same(one: Behaviour, other: Behaviour) -> bool:
    return (one.reach, one.centered) == (other.reach, other.centered) and (
        abs(one.degree - other.degree) <= 0.1
    )


def _subject(module: nn.Module, row: Norm, settings: dict[str, Any], how: str) -> Subject:
    weight, bias = _affine(module)
    return Subject(module, row, settings, weight, bias, how)


def _affine(module: nn.Module) -> tuple[Tensor | None, Tensor | None]:
    held = dict(module.named_parameters()) | dict(module.named_buffers())
    first = [next((held[n] for n in names if n in held), None) for names in (WEIGHT, BIAS)]
    return first[0], first[1]


def _tried(module: nn.Module, x: Tensor, rows: list[Norm]) -> Iterator[tuple[float, int, tuple]]:
    """(relative error, settings guessed, (row, settings)) of every row that fits x."""
    x = x.detach().double()
    with torch.no_grad():
        y = run(copied(module).train().double(), x)
        weight, bias = _affine(module)
        for row in rows:
            for guessed, settings in _candidates(row, module, x):
                affine = {"weight": _double(weight), "bias": _double(bias)}
                try:
                    expected = normalize(x, row, **affine, **settings).y
                except NormlabError:
                    continue
                error = ((y - expected).norm() / expected.norm()).item()
                yield (error if error == error else float("inf"), guessed, (row, settings))


def _double(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.double()


def _candidates(row: Norm, module: nn.Module, x: Tensor) -> Iterator[tuple[int, dict[str, Any]]]:
    """Settings read off the module's attributes, and where it has none the usual ones (a guess each)."""
    held = {s.name: _attribute(module, s) for s in row.settings}
    known = {name: value for name, value in held.items() if value is not None}
    missing = {name: _usual(row, name, x) for name, value in held.items() if value is None}
    open_ = {name: values for name, values in missing.items() if values}
    for values in product(*open_.values()):
        chosen = dict(zip(open_, values, strict=True))
        guessed = sum(value is not None for name, value in chosen.items() if name != "eps")
        yield guessed, known | {name: v for name, v in chosen.items() if v is not None}


def _usual(row: Norm, name: str, x: Tensor) -> tuple[Any, ...]:
    if name == "eps":
        return _EPS
    if name == "num_groups":
        return tuple(g for g in range(1, x.shape[1] + 1) if x.shape[1] % g == 0)
    if isinstance(row.pool, Axes) and name == row.pool.shape:
        return (None, *(tuple(x.shape[dim:]) for dim in range(1, x.dim())))
    return ()


def _attribute(module: nn.Module, setting: Setting) -> Any:
    for spelling in spellings(setting):
        value = getattr(module, spelling, None)
        if isinstance(value, int | float | tuple) and not isinstance(value, bool):
            return value
    return None
