"""What there is to normalise: points, a person's table, small images and sequences, a bank, contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from normlab.data import Table, chapter_points
from normlab.errors import DataError
from normlab.explorer.model.edits import Edits
from normlab.explorer.model.state import BANK, State
from normlab.explorer.model.words import say

Tables = Mapping[str, Table]  # the tables a person gave, by key
_OUTLIER = 8.0  # standard deviations away
_LARGEST = 1e100  # whose squares are summed
_SIDE = 8  # of an image
_TONES, _LENGTH = 3, 24


@dataclass(frozen=True, eq=False)
class Data:
    """An array (N, C, *) in float64, with the names of its channels.

    `ids` are the rows' numbers, which stay when others are deleted; None where nothing was edited.
    `fixed` is where the axes stay while values move: (low, high) of each channel. `pool_input` is what
    is pooled in place of x, where that is another array. `base` rows were there before any was added.
    """

    x: Tensor
    names: tuple[str, ...]
    title: str
    fixed: tuple[tuple[float, float], ...] = ()
    ids: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    pool_input: Tensor | None = None
    base: int = 0

    def row_of(self, id_: int) -> int:
        """Where the row with that number is now; the first one, if it was deleted."""
        if self.ids is None:
            return id_ if id_ < len(self.x) else 0
        return self.ids.index(id_) if id_ in self.ids else 0


def points(
    n: int = 128,
    mean: tuple[float, ...] = (10.0, -5.0),
    scale: tuple[float, ...] = (4.0, 1.0),
    correlation: float = 0.0,
    outliers: int = 0,
    seed: int = 0,
) -> Tensor:
    """The chapter's points (n, 2), float64; features correlated, and the first of them outliers.

        x = mean + scale · (z₁, ρ z₁ + √(1 − ρ²) z₂),   outlier i has 8 in place of z₁ or z₂

    Outliers are spread evenly over the rows. With the defaults they are the chapter's, bit for bit.
    Errors: DataError.  Limits: scale 0 → a constant feature.

    >>> points()[0]
    tensor([ 5.4966, -6.1524], dtype=torch.float64)
    """
    if not correlation and not outliers:
        return chapter_points(n, mean, scale, seed).values.double()
    z = chapter_points(n, (0.0, 0.0), (1.0, 1.0), seed).values.double()
    z[:, 1] = correlation * z[:, 0] + (1 - correlation**2) ** 0.5 * z[:, 1]
    for i in range(min(outliers, n)):
        row = i * n // min(outliers, n)
        z[row, i % 2] = _OUTLIER * (1 if i % 4 < 2 else -1)
    return z * torch.tensor(scale, dtype=torch.float64) + torch.tensor(mean, dtype=torch.float64)


def edited(x: Tensor, edits: Edits | Mapping[str, Any]) -> Tensor:
    """The rows after a person's changes, as a link or an exported script holds them.

    >>> edited(torch.zeros(3, 2), {"moved": {"0": {"1": 5.0}}, "deleted": [2], "added": [{"0": 9.0}]})
    tensor([[0.0000, 5.0000],
            [0.0000, 0.0000],
            [9.0000, 1.6667]])
    """
    edits = edits if isinstance(edits, Edits) else Edits.of(edits)
    return _edited(x, edits)[0]


def _edited(x: Tensor, edits: Edits) -> tuple[Tensor, tuple[int, ...]]:
    x, rows, columns = x.clone(), len(x), x.shape[1]
    for row, cells in edits.moved:
        if row < rows:
            _set(x[row], cells)
    new = x.mean(0).expand(len(edits.added), columns).clone()
    for row, cells in zip(new, edits.added, strict=True):
        _set(row, cells)
    for row, cells in edits.moved:
        if rows <= row < rows + len(new):
            _set(new[row - rows], cells)
    gone = set(edits.deleted)
    kept = [row for row in range(rows + len(new)) if row not in gone]
    if len(kept) < 2:
        raise DataError(say("error.few"))
    return torch.cat([x, new])[kept], tuple(kept)


def _set(row: Tensor, cells: tuple[tuple[int, float], ...]) -> None:
    for column, value in cells:
        if column < len(row):
            row[column] = value


def build(state: State, tables: Tables) -> Data:
    """The data that a state describes. Errors: DataError."""
    data = _BUILDERS[state.data](state, tables)
    if state.edits and state.data in ("points", "table"):
        x, ids = _edited(data.x, state.edits)
        return replace(data, x=x, ids=ids, base=len(data.x))
    return replace(data, base=len(data.x))


def _points(state: State, tables: Tables) -> Data:
    x = points(
        state.n, state.mean, state.scale, state.correlation, state.outliers, state.seed
    )  # fmt: skip
    start = State()
    fixed = tuple((m - 4 * s, m + 4 * s) for m, s in zip(start.mean, start.scale, strict=True))
    return Data(x, ("Feature 1", "Feature 2"), "points", fixed)


def _table(state: State, tables: Tables) -> Data:
    if state.table not in tables:
        raise DataError(say("error.table.gone"))
    table = tables[state.table]
    x = table.values.double()
    low, high = x.amin(0), x.amax(0)
    if x.abs().max() > _LARGEST:
        raise DataError(say("error.squares", most=f"{_LARGEST:g}"))
    room = 0.05 * (high - low).clamp_min(1e-9)
    fixed = tuple(zip((low - room).tolist(), (high + room).tolist(), strict=True))
    return Data(x, table.columns, table.name, fixed, notes=table.notes)


@lru_cache(8)
def _blocks(kind: str, seed: int) -> tuple[Tensor, Tensor]:
    """A clean block, and noise of its shape."""
    clean = _image() if kind == "image" else _sequence()
    generator = torch.Generator().manual_seed(seed)
    return clean, torch.randn(clean.shape, generator=generator, dtype=torch.float64)


def _image() -> Tensor:
    """Four drawings of different brightness and contrast, each through four oriented filters."""
    at = torch.linspace(-1, 1, _SIDE, dtype=torch.float64)
    v, h = torch.meshgrid(at, at, indexing="ij")
    drawings = torch.stack([
        (h.abs() < 0.3).double(),
        (((h - v).abs() < 0.4) | ((h + v).abs() < 0.4)).double(),
        ((h.square() + v.square()).sqrt().sub(0.65).abs() < 0.25).double(),
        ((v > 0) & (h.abs() < 0.75)).double(),
    ])  # fmt: skip
    bright = torch.tensor([0.2, 0.5, 1.0, 0.3], dtype=torch.float64).view(-1, 1, 1)
    strong = torch.tensor([1.0, 0.4, 1.5, 0.7], dtype=torch.float64).view(-1, 1, 1)
    seen = torch.nn.functional.pad(
        (bright + strong * drawings)[:, None], (1,) * 4, mode="replicate"
    )
    edge = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64) / 4
    slant = torch.tensor([[-2.0, -1, 0], [-1, 0, 1], [0, 1, 2]], dtype=torch.float64) / 4
    filters = torch.stack([edge, slant, edge.T, slant.flip(1)])[:, None]
    responses = torch.nn.functional.conv2d(seen, filters).abs()
    return responses + bright[..., None]


def _sequence() -> Tensor:
    """Four sequences of three tones, with a level and a loudness of their own."""
    t = torch.arange(_LENGTH, dtype=torch.float64) / _LENGTH
    tones = torch.stack([torch.sin(2 * torch.pi * (c + 1) * t) for c in range(_TONES)])
    level = torch.tensor([0.0, 1.0, 2.0, -1.0], dtype=torch.float64).view(-1, 1, 1)
    loud = torch.tensor([0.5, 1.0, 2.0, 1.0], dtype=torch.float64).view(-1, 1, 1)
    return level + loud * tones * torch.tensor([1.0, 0.6, 0.3], dtype=torch.float64).view(1, -1, 1)


def block(
    kind: str, offset: float = 0.0, gain: float = 1.0, noise: float = 0.05, seed: int = 0
) -> Tensor:
    """The small images (4, 4, 8, 8) or sequences (4, 3, 24), float64: gain · clean + noise + offset.

    >>> block("image").shape, block("sequence").shape
    (torch.Size([4, 4, 8, 8]), torch.Size([4, 3, 24]))
    """
    clean, random = _blocks(kind, seed)
    return gain * clean + noise * random + offset


def _block(state: State, tables: Tables) -> Data:
    x = block(state.data, state.offset, state.gain, state.noise, state.seed)
    what = {"image": ("0°", "45°", "90°", "135°"), "sequence": ("tone 1", "tone 2", "tone 3")}
    low, high = _blocks(state.data, 0)[0].aminmax()
    room = 0.1 * (high - low).item()
    return Data(x, what[state.data], state.data, ((low.item() - room, high.item() + room),))


def bank(strong: int = 8, loud: float = 400.0, quiet: float = 20.0) -> Tensor:
    """Sixteen channels (1, 16), float64, of one activity but for one.

    >>> bank()[0, 7:10].tolist()
    [20.0, 400.0, 20.0]
    """
    x = torch.full((1, BANK), quiet, dtype=torch.float64)
    x[0, strong] = loud
    return x


def _bank(state: State, tables: Tables) -> Data:
    x = bank(state.strong, state.loud, state.quiet)
    names = tuple(f"channel {c}" for c in range(BANK))
    return Data(x, names, "bank", ((0.0, 500.0),))


def contrasts(masking: float = 0.0) -> tuple[Tensor, Tensor]:
    """Contrasts from 1 to 100 % as one neuron's drive (61, 1), and the pool (61, 2): it, and a mask.

    >>> drive, pool = contrasts(masking=25.0)
    >>> drive[0].tolist(), pool[-1].tolist()
    ([1.0], [100.0, 25.0])
    """
    drive = torch.logspace(0, 2, 61, dtype=torch.float64)[:, None]
    return drive, torch.cat([drive, torch.full_like(drive, masking)], 1)


def _contrast(state: State, tables: Tables) -> Data:
    drive, pool = contrasts(state.masking)
    return Data(drive, ("contrast, %",), "contrast", ((1.0, 100.0),), pool_input=pool)


_BUILDERS = {
    "points": _points,
    "table": _table,
    "image": _block,
    "sequence": _block,
    "bank": _bank,
    "contrast": _contrast,
}
