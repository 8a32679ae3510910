"""The rows that a module may be, for an input of some shape, with all settings but eps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation.pools import Axes, Learned, Reduction
from normlab.equation.reference import Normalized, normalize
from normlab.equation.relatives import FILTER_RESPONSE, POSITIONAL
from normlab.equation.row import Norm, Setting
from normlab.equation.spellings import SETTINGS, spellings
from normlab.equation.table import TABLE
from normlab.errors import NormlabError
from normlab.nn import registry
from normlab.recognition.copies import held_by, statistics

EPS = (1e-5, 1e-6, 1e-8, 1e-12, 1e-3, 1e-2, 1e-4, torch.finfo(torch.float32).eps, 0.0)

_PLACED: tuple[tuple[str, str, Reduction], ...] = (
    ("rms", "RMS normalisation", "mean"),
    ("l2", "L2 normalisation", "sum"),
)
# the rows over all that a sample has, over the channels of each place instead
POSITIONAL_RMS, POSITIONAL_L2 = (
    replace(
        TABLE[name],
        name=f"positional_{name}",
        title=f"{title} over the channels of each place",
        pool=Axes("g c", reduce),
        affine="channel",
        settings=tuple(s for s in TABLE[name].settings if s.name == "eps"),
        torch=(),
        conventions=(),
    )
    for name, title, reduce in _PLACED
)
BESIDE = (POSITIONAL, POSITIONAL_RMS, POSITIONAL_L2, FILTER_RESPONSE)


@dataclass(frozen=True)
class Candidate:
    """A row with its settings but for eps, which may be any of `eps` (empty where the row has none).

    guessed: how many settings the module does not tell; channels: their axis in x; statistics: (mean, var)
    where those are used whatever comes in.
    """

    row: Norm
    settings: Mapping[str, Any]
    eps: tuple[float, ...] = ()
    guessed: int = 0
    channels: int = 1
    statistics: tuple[Tensor, Tensor] | None = None

    def normalised(self, x: Tensor, eps: float | None = None) -> Tensor:
        """The row without weight and bias."""
        return self.placed(self._of(x, eps).y)

    def divided(self, x: Tensor) -> Tensor:
        """x by the row's scale, with nothing subtracted."""
        return self.placed(self.placed(x) / self._of(x, self.some_eps).scale)

    def _of(self, x: Tensor, eps: float | None) -> Normalized:
        given = dict(self.settings) if eps is None else {**self.settings, "eps": eps}
        kept = {} if self.statistics is None else {"statistics": self.statistics}
        return normalize(self.placed(x), self.row, **kept, **given)

    def placed(self, x: Tensor) -> Tensor:
        """x with the channels where the row has them, or back again."""
        return x if self.channels == 1 else x.transpose(1, -1)

    @property
    def some_eps(self) -> float | None:
        """Some eps, where it does not matter which."""
        return self.eps[0] if self.eps else None


def candidates(module: nn.Module, x: Tensor, rows: list[Norm] | None = None) -> list[Candidate]:
    """Rows that fit x: those first whose class the module derives from, then those with least guessed."""
    chosen = [*TABLE.values(), *BESIDE] if rows is None else rows
    found = [
        replace(one, channels=axis, guessed=one.guessed + (row in BESIDE) + 2 * (axis == -1))
        for row in chosen
        for axis in ((1, -1) if x.dim() > 2 and row.affine == "channel" else (1,))
        for one in _of_row(module, row, x.transpose(1, axis))
    ]
    return sorted(found, key=lambda one: (not _derives(module, one.row), one.guessed))


def frozen(module: nn.Module, x: Tensor) -> Iterator[Candidate]:
    """Batch norm with the statistics that the module holds, in training too."""
    kept = [value.detach().double().flatten() for _, value in statistics(module)]
    # a layer that is wrong may keep a mean where the variance belongs
    if len(kept) == 2 and len(kept[0]) == x.shape[1] and bool((kept[1] >= 0).all()):
        yield Candidate(TABLE["batch"], {}, _epsilons(module), statistics=(kept[0], kept[1]))


def _derives(module: nn.Module, row: Norm) -> bool:
    entry = registry.layers().get(row.name)
    return entry is not None and isinstance(module, entry.known)


def _of_row(module: nn.Module, row: Norm, x: Tensor) -> Iterator[Candidate]:
    held = {s.name: attribute(module, s) for s in row.settings if s.name != "eps"}
    known = {name: value for name, value in held.items() if value is not None}
    missing = {name: _usual(row, name, x) for name, value in held.items() if value is None}
    eps = _epsilons(module) if "eps" in row.defaults else ()
    for values in product(*(values or (None,) for values in missing.values())):
        chosen = {n: v for n, v in zip(missing, values, strict=True) if v is not None}
        found = Candidate(row, known | chosen, eps, len(chosen))
        try:
            found.normalised(x, found.some_eps)
        except NormlabError:
            continue
        yield found


def _usual(row: Norm, name: str, x: Tensor) -> tuple[Any, ...]:
    if name == "num_groups":
        return tuple(g for g in range(1, x.shape[1]) if x.shape[1] % g == 0)
    if isinstance(row.pool, Axes) and name == row.pool.shape:
        return (None, *(tuple(x.shape[dim:]) for dim in range(1, x.dim())))
    return ()


def _epsilons(module: nn.Module) -> tuple[float, ...]:
    """What the module calls its eps; without that every small number that it holds, and the usual ones."""
    held = [pair for part in module.modules() for pair in vars(part).items()]
    own = {name: value for name, value in held if isinstance(value, float) and 0 <= value < 1}
    named = [own[name] for name in SETTINGS["eps"] if name in own]
    return tuple(dict.fromkeys(named or [*own.values(), *EPS]))


def attribute(module: nn.Module, setting: Setting) -> Any:
    """What the module holds under one of the setting's usual names, if that is a number or sizes."""
    for spelling in spellings(setting):
        value = getattr(module, spelling, None)
        if isinstance(value, int | float | tuple) and not isinstance(value, bool):
            return value
    return None


def measured(row: Norm, module: nn.Module, x: Tensor, y: Tensor) -> dict[str, Any] | None:
    """σ and the weights of a learned pool of channels, read off its numbers: |x/y|ⁿ = σⁿ + Σ_j w_ij |x_j|ⁿ.

    Only of a module that holds as many numbers, which it may use in another form.
    """
    channels = x.shape[1]
    own = [v.detach() for v in held_by(module).values() if v.numel() == channels**2 > 1]
    if not isinstance(row.pool, Learned) or not own:
        return None
    power = row.number("n")
    pooled = x.abs().pow(power).movedim(1, -1).flatten(0, -2)
    wanted = (x / y).abs().pow(power).movedim(1, -1).flatten(0, -2)
    known = torch.cat([torch.ones_like(pooled[:, :1]), pooled], dim=1)
    if not bool(wanted.isfinite().all()) or len(known) < 2 * known.shape[1]:
        return None
    solved = _solved(known, wanted).clamp_min(0.0)
    weights = solved[1:].T.contiguous()
    held = own[0].to(x).view(channels, channels)
    # used in another form, such as its square, it still grows with what is used; else something is amiss
    return {
        "sigma": solved[0] ** (1 / power),
        "pool_weight": weights if _grows(held, weights) else held,
    }


def _solved(known: Tensor, wanted: Tensor) -> Tensor:
    """Least squares, solved again for what is left: one solution is off by ten roundings and more."""
    first = torch.linalg.lstsq(known, wanted).solution
    return first + torch.linalg.lstsq(known, wanted - known @ first).solution


def _grows(held: Tensor, used: Tensor) -> bool:
    """Whether what is used is what is held, or grows with it, element by element."""
    ordered = used.flatten()[held.flatten().argsort()]
    return bool((ordered.diff() >= -1e-6 * used.abs().amax()).all())
