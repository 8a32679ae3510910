"""Small built-in data that show what normalisation does: points, images, sequences, a bank, contrasts.

The explorer draws them, and the scripts that it exports import them from here. All are float64, and the
same numbers on every machine for one seed.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from normlab.data.points import chapter_points
from normlab.errors import DataError

__all__ = ["bank", "block", "contrasts", "edited", "points"]

_OUTLIER = 8.0  # standard deviations away
_SIDE = 8  # of an image
_TONES, _LENGTH = 3, 24
_BANK = 16
_PARTS = ("moved", "added", "deleted")
Cells = Mapping[Any, float]


def points(
    n: int = 128,
    mean: tuple[float, ...] = (10.0, -5.0),
    scale: tuple[float, ...] = (4.0, 1.0),
    correlation: float = 0.0,
    outliers: int = 0,
    seed: int = 0,
) -> Tensor:
    """The chapter's points (n, 2), float64; on request correlated, and some of them outliers.

        x = mean + scale · (z₁, ρ z₁ + √(1 − ρ²) z₂),   outlier i has ±8 in place of z₁ or z₂

    z is standard normal, ρ is `correlation`, from -1 to 1. Outliers are spread evenly over the rows. With
    the defaults these are the numbers of `normlab.data.chapter_points`, bit for bit.
    Errors: DataError for a number of points, means, scales or a seed that chapter_points refuses.
    Limits: scale 0 gives a constant feature. More than two features only without correlation and outliers.

    >>> points()[0]
    tensor([ 5.4966, -6.1524], dtype=torch.float64)
    >>> points(correlation=1.0).T.corrcoef()[0, 1].round(decimals=6)
    tensor(1., dtype=torch.float64)
    """
    if not correlation and not outliers:
        return chapter_points(n, mean, scale, seed).values.double()
    z = chapter_points(n, (0.0, 0.0), (1.0, 1.0), seed).values.double()
    z[:, 1] = correlation * z[:, 0] + (1 - correlation**2) ** 0.5 * z[:, 1]
    for i in range(min(outliers, n)):
        row = i * n // min(outliers, n)
        z[row, i % 2] = _OUTLIER * (1 if i % 4 < 2 else -1)
    return z * torch.tensor(scale, dtype=torch.float64) + torch.tensor(mean, dtype=torch.float64)


def block(
    kind: str,
    offset: float = 0.0,
    gain: float = 1.0,
    noise: float = 0.05,
    seed: int = 0,
) -> Tensor:
    """Four small images (4, 4, 8, 8), kind "image", or sequences (4, 3, 24), kind "sequence"; float64.

        x = gain · clean + noise · z + offset,   z standard normal

    The images are drawings of different brightness and contrast, each through four oriented filters (the
    channels); the sequences are three tones, each sample at a level and a loudness of its own.
    Errors: DataError for another kind.

    >>> block("image").shape, block("sequence").shape
    (torch.Size([4, 4, 8, 8]), torch.Size([4, 3, 24]))
    >>> (block("image", offset=1.0) - block("image")).mean().round(decimals=6)
    tensor(1., dtype=torch.float64)
    """
    if kind not in _CLEAN:
        raise DataError(
            f"block({kind!r}) given; the kind must be {' or '.join(map(repr, _CLEAN))}."
        )
    clean, random = _parts(kind, seed)
    return gain * clean + noise * random + offset


@lru_cache(8)
def _parts(kind: str, seed: int) -> tuple[Tensor, Tensor]:
    """A clean block, and noise of its shape."""
    clean = _CLEAN[kind]()
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


_CLEAN = {"image": _image, "sequence": _sequence}


def bank(strong: int = 8, loud: float = 400.0, quiet: float = 20.0) -> Tensor:
    """Sixteen channels (1, 16), float64, all of the activity `quiet` but number `strong`, which is `loud`.

    Errors: DataError for a number that no channel has.

    >>> bank()[0, 7:10].tolist()
    [20.0, 400.0, 20.0]
    """
    if not 0 <= strong < _BANK:
        raise DataError(
            f"bank(strong={strong}) given; channels are numbered from 0 to {_BANK - 1}."
        )
    x = torch.full((1, _BANK), quiet, dtype=torch.float64)
    x[0, strong] = loud
    return x


def contrasts(masking: float = 0.0) -> tuple[Tensor, Tensor]:
    """Contrasts from 1 to 100 % as one neuron's drive (61, 1), and its pool (61, 2), both float64.

    The pool holds the drive itself and a mask of the contrast `masking`, the same in every row. Give it
    as `pool_input` of `normlab.normalize`.

    >>> drive, pool = contrasts(masking=25.0)
    >>> drive[0].tolist(), pool[-1].tolist()
    ([1.0], [100.0, 25.0])
    """
    drive = torch.logspace(0, 2, 61, dtype=torch.float64)[:, None]
    return drive, torch.cat([drive, torch.full_like(drive, masking)], 1)


def edited(x: Tensor, edits: Mapping[str, Any]) -> Tensor:
    """The rows of a table (N, C) after changes, as a link of the explorer holds them: (N', C).

    edits: {"moved": {row: {column: value}}, "added": [{column: value}], "deleted": [row]}, each part
    optional. Added rows are numbered from N on; what is not set of them is the mean of its column after
    the moves. Rows and columns may be strings, as in JSON; those that x does not have are passed over. x is
    not changed.
    Errors: DataError for another part.

    >>> edited(torch.zeros(3, 2), {"moved": {"0": {"1": 5.0}}, "deleted": [2], "added": [{"0": 9.0}]})
    tensor([[0.0000, 5.0000],
            [0.0000, 0.0000],
            [9.0000, 1.6667]])
    """
    kept = kept_rows(len(x), edits)
    added, moved = edits.get("added", []), {int(r): c for r, c in edits.get("moved", {}).items()}
    x = x.clone()
    for row, cells in moved.items():
        if 0 <= row < len(x):
            _set(x[row], cells)
    new = x.mean(0).expand(len(added), x.shape[1]).clone()
    for i, (row, cells) in enumerate(zip(new, added, strict=True)):
        _set(row, cells)
        _set(row, moved.get(len(x) + i, {}))
    return torch.cat([x, new])[list(kept)]


def kept_rows(rows: int, edits: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers of the rows that are left of so many after `edited`.

    >>> kept_rows(3, {"added": [{}], "deleted": [1]})
    (0, 2, 3)
    """
    if unknown := sorted(set(edits) - set(_PARTS)):
        raise DataError(f"edits have the part {unknown[0]!r}; they may have {', '.join(_PARTS)}.")
    gone = set(map(int, edits.get("deleted", [])))
    return tuple(row for row in range(rows + len(edits.get("added", []))) if row not in gone)


def _set(row: Tensor, cells: Cells) -> None:
    for column, value in cells.items():
        if 0 <= int(column) < len(row):
            row[int(column)] = value
