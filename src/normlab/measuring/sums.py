"""The moments of a block of numbers, chunk by chunk, each chunk small enough to stay in a cache.

    d = x − shift,   S_k = Σ dᵏ,   and from these count, mean and M2, M3, M4 about the chunk's own mean

The shift is the mean of the block's first chunk. A chunk whose mean is far from it, beside its own
deviations, is summed again about its own mean: nothing cancels. Chunks are merged by `moments.merged`.
Sums run along lanes (rows that lie side by side in memory), in an order that only the block's shape
decides.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from normlab.measuring.part import joined_powers, split_sum

CHUNK = 1 << 16  # values: two float64 scratch arrays of it stay in the second cache
_LANES = 1 << 11
_FAR = 0.9  # share of S2 that the distance of the shift may make up


@dataclass(frozen=True, eq=False)
class Sums:
    """powers: (6, features): count, mean, rest, M2, M3, M4, as in `Part`; the others (features,)."""

    powers: np.ndarray
    missing: np.ndarray
    infinite: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray


def summed(block: np.ndarray, valid: np.ndarray | None = None) -> Sums:
    """Of a block (rows, features) of real numbers; valid: (rows, features), what counts."""
    width = block.shape[1]
    if width <= _LANES:
        return _narrow(block, valid)
    parts = [
        _narrow(block[:, at : at + _LANES], None if valid is None else valid[:, at : at + _LANES])
        for at in range(0, width, _LANES)
    ]
    return Sums(*(np.concatenate([getattr(p, f.name) for p in parts], -1) for f in fields(Sums)))


def _narrow(block: np.ndarray, valid: np.ndarray | None) -> Sums:
    """Whole chunks together, where nothing is masked; then whole lanes of what is left, then the rest."""
    rows, width = block.shape
    side = max(1, _LANES // width)
    step = max(1, CHUNK // (side * width)) * side
    whole = 0 if valid is not None else rows // step * step
    lanes = whole + (rows - whole) // side * side
    cuts = [*range(whole, lanes, step), lanes, rows]
    scratch = _Scratch()
    with np.errstate(over="ignore", invalid="ignore"):
        found = scratch.whole_chunks(block[:whole].reshape(-1, step, width)) if whole else []
        for start, stop in pairwise(cuts):
            if start < stop:
                ok = None if valid is None else valid[start:stop]
                found.append(scratch.sums(block[start:stop], ok))
    return _merged(found, width)


def _merged(chunks: list[Sums], width: int) -> Sums:
    if not chunks:
        none, nan = np.zeros(width, np.int64), np.full(width, np.nan)
        return Sums(np.zeros((6, width)), none, none, nan, nan)
    if len(chunks) == 1:
        return chunks[0]
    return Sums(
        joined_powers(np.stack([c.powers for c in chunks])),
        np.sum([c.missing for c in chunks], axis=0),
        np.sum([c.infinite for c in chunks], axis=0),
        np.fmin.reduce([c.minimum for c in chunks]),
        np.fmax.reduce([c.maximum for c in chunks]),
    )


class _Scratch:
    """Two arrays in the cache, and the shift of a block."""

    def __init__(self) -> None:
        self._d, self._p = np.empty(CHUNK), np.empty(CHUNK)
        self._shift: np.ndarray | None = None

    def whole_chunks(self, chunks: np.ndarray) -> list[Sums]:
        """(chunks, rows, features): about one shift, and finished together, since each call costs as much as
        a thousand additions. Where a value is missing, or the mean far from the shift, chunk by chunk.
        """
        count, rows, width = chunks.shape
        lanes = _Lanes(rows, width)
        x = np.ascontiguousarray(chunks).reshape(count, -1, lanes.size)
        self._shift = shift = lanes.over(np.add, x[0], dtype=np.float64) / rows
        sums = np.empty((count, 4, lanes.size))
        ends = np.empty((2, count, lanes.size), x.dtype)
        wide = lanes.wide(shift)
        for i in range(count):
            np.minimum.reduce(x[i], axis=0, out=ends[0, i])
            np.maximum.reduce(x[i], axis=0, out=ends[1, i])
            self._about(wide, x[i], None, sums[i])
        low, high = lanes.over(np.minimum, ends[0]), lanes.over(np.maximum, ends[1])
        s = lanes.folded(np.add, sums.sum(0))
        n = np.full(width, float(count * rows))
        if not np.isfinite([low, high]).all() or _far(n, s):
            self._shift = None
            return [self.sums(chunk, None) for chunk in chunks]
        none = np.zeros(width, np.int64)
        return [Sums(_about_mean(n, shift, s, low, high), none, none, low, high)]

    def sums(self, chunk: np.ndarray, valid: np.ndarray | None) -> Sums:
        lanes = _Lanes(*chunk.shape)
        x = lanes.of(chunk)
        low, high = lanes.over(np.minimum, x), lanes.over(np.maximum, x)
        none = np.zeros(chunk.shape[1], np.int64)
        if valid is None and np.isfinite(low).all() and np.isfinite(high).all():
            count = np.full(chunk.shape[1], float(len(chunk)))
            return Sums(self._powers(x, lanes, None, count, low, high), none, none, low, high)
        x = x.astype(np.float64)
        given = np.ones_like(x, bool) if valid is None else lanes.of(valid)
        ok: np.ndarray = np.isfinite(x) & given
        count = lanes.over(np.add, ok, dtype=np.float64)
        low = lanes.over(np.minimum, np.where(ok, x, np.inf))
        high = lanes.over(np.maximum, np.where(ok, x, -np.inf))
        infinite = lanes.over(np.add, np.isinf(x) & given, dtype=np.int64)
        missing = len(chunk) - infinite - count.astype(np.int64)
        powers = self._powers(x, lanes, ok, count, low, high)
        nan = count == 0
        return Sums(
            powers, missing, infinite, np.where(nan, np.nan, low), np.where(nan, np.nan, high)
        )

    def _powers(
        self,
        x: np.ndarray,
        lanes: "_Lanes",
        ok: np.ndarray | None,
        count: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
    ) -> np.ndarray:
        if self._shift is None:
            wide = x if ok is None else np.where(ok, x, 0.0)
            self._shift = lanes.over(np.add, wide, dtype=np.float64) / np.maximum(count, 1)
        shift = self._shift = np.where(np.isfinite(self._shift), self._shift, 0.0)
        s = self._of_lanes(shift, x, lanes, ok)
        if _far(count, s):
            shift = shift + s[0] / np.maximum(count, 1)
            s = self._of_lanes(shift, x, lanes, ok)
        return _about_mean(count, shift, s, low, high)

    def _about(
        self, shift: np.ndarray, x: np.ndarray, ok: np.ndarray | None, out: np.ndarray
    ) -> None:
        """The sums of d to d⁴ of each lane, into (4, lanes)."""
        d, p = self._d[: x.size].reshape(x.shape), self._p[: x.size].reshape(x.shape)
        np.copyto(d, x)
        np.subtract(d, shift, out=d)
        if ok is not None:
            np.copyto(d, 0.0, where=~ok)
        np.add.reduce(d, axis=0, out=out[0])
        np.multiply(d, d, out=p)
        np.add.reduce(p, axis=0, out=out[1])
        np.einsum("rl,rl->l", d, p, out=out[2])  # plain loops, which no number of threads divides
        np.einsum("rl,rl->l", p, p, out=out[3])

    def _of_lanes(
        self, shift: np.ndarray, x: np.ndarray, lanes: "_Lanes", ok: np.ndarray | None
    ) -> np.ndarray:
        found = np.empty((4, lanes.size))
        self._about(lanes.wide(shift), x, ok, found)
        return lanes.folded(np.add, found)


def _far(count: np.ndarray, s: np.ndarray) -> bool:
    """Whether the mean is so far from the shift that the sums about it would cancel."""
    return bool((s[0] ** 2 > _FAR * s[1] * count).any())


def _about_mean(
    count: np.ndarray, shift: np.ndarray, s: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """From sums about the shift to the moments; of equal values nothing is left but the value."""
    slip = s[0] / np.maximum(count, 1)
    m2 = np.maximum(s[1] - count * slip**2, 0.0)
    m3 = s[2] - slip * (3 * s[1] - 2 * count * slip**2)
    m4 = s[3] - slip * (4 * s[2] - slip * (6 * s[1] - 3 * count * slip**2))
    found = np.stack([count, *split_sum(shift, slip), m2, m3, np.maximum(m4, 0.0)])
    equal = low == high
    found[1, equal], found[2:, equal] = low[equal], 0.0
    found[1:, count == 0] = 0.0
    return found


class _Lanes:
    """A chunk (rows, features) as (short rows, lanes); what is done over it is done feature by feature."""

    def __init__(self, rows: int, width: int) -> None:
        self._side = max(1, min(_LANES // width, rows))
        self._width = width
        self.size = self._side * width

    def of(self, chunk: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(chunk).reshape(-1, self.size)

    def wide(self, row: np.ndarray) -> np.ndarray:
        return np.tile(row, self._side)

    def over(self, reduce: np.ufunc, x: np.ndarray, dtype: Any = None) -> np.ndarray:
        return self.folded(reduce, reduce.reduce(x, axis=0, dtype=dtype))

    def folded(self, reduce: np.ufunc, lanes: np.ndarray) -> np.ndarray:
        """(…, lanes) -> (…, features)."""
        return reduce.reduce(lanes.reshape(*lanes.shape[:-1], self._side, self._width), axis=-2)
