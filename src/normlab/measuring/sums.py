"""The moments of a block of numbers.

    d = x − shift,   S_k = Σ dᵏ,   and from these count, mean and M2, M3, M4

The shift is the mean of the block's first values. Where the mean of a feature is far from it, beside the
deviations, each chunk is summed by itself about its own mean: nothing cancels. Chunks are merged by
`moments.merged`. Sums run along lanes (rows that lie side by side in memory), in an order that only the
block's shape decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from normlab.kernels.sums import HIGH, INFINITE, LOW, S1, S4, VALUES, power_sums
from normlab.measuring.part import joined_powers, split_sum

CHUNK = 1 << 16  # values, which stay in the second cache
HELD = 1 << 20  # bytes that are read at a time, which stay in the second cache too
_LANES = 1 << 8  # whose sums stay in the first
_FIRST = 1 << 12  # values that the shift is the mean of
_FAR = 0.9  # share of S2 that the distance of the shift may make up

Fetch = Callable[[int, int], np.ndarray]


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
    return _of([_Values.of(block, valid)])


def summed_apart(columns: Sequence[np.ndarray]) -> Sums:
    """Of features that lie by themselves in memory, (rows,) each, all of one length."""
    return _of([_Values.of(column.reshape(-1, 1)) for column in columns])


def summed_as_read(rows: int, width: int, size: int, read: Fetch) -> Sums:
    """Of rows of features that `read` gives value by value, each of so many bytes: only some are held.

    The same bits as `summed` of all of them.
    """
    return _of([_Values(rows, width, read, HELD // size)])


class _Values:
    """Rows of features as rows of lanes, so many rows side by side: a power of two.

    fetch: values start to stop; most: how many values at a time; None: all.
    """

    def __init__(
        self,
        rows: int,
        width: int,
        fetch: Fetch,
        most: int | None = None,
        valid: np.ndarray | None = None,
    ) -> None:
        self.rows, self.width, self._fetch, self._valid = rows, width, fetch, valid
        self.side = 1
        while 2 * self.side * self.width <= _LANES:
            self.side *= 2
        self.lanes = self.side * self.width
        self.step = max(1, CHUNK // self.lanes)
        self.count, self.chunk = rows * width, self.step * self.lanes
        self._most = self.count if most is None else max(1, most // self.chunk) * self.chunk

    @classmethod
    def of(cls, block: np.ndarray, valid: np.ndarray | None = None) -> "_Values":
        flat = np.ravel(block)
        ok = None if valid is None else np.ravel(valid)
        rows, width = block.shape
        return cls(rows, width, lambda start, stop: flat[start:stop], None, ok)

    def about(self, shift: np.ndarray, start: int = 0, stop: int | None = None) -> np.ndarray:
        """(8, side, features): the sums of values start to stop."""
        wide = np.broadcast_to(shift, (self.side, self.width)).flatten()
        end, found = self.count if stop is None else min(stop, self.count), None
        for at in range(start, end, self._most):
            to = min(at + self._most, end)
            valid = None if self._valid is None else self._valid[at:to]
            found = power_sums(self._fetch(at, to), wide, valid, self.step, found)
        assert found is not None  # there are rows
        return found.reshape(8, self.side, self.width)

    def first_mean(self) -> np.ndarray:
        stop = max(1, _FIRST // self.lanes) * self.lanes
        found = _folded(self.about(np.zeros(self.width), 0, stop))
        mean = found[S1] / np.maximum(found[VALUES], 1)
        return np.where(np.isfinite(mean), mean, 0.0)

    def chunks(self) -> list[tuple[int, int]]:
        return [(at, min(at + self.chunk, self.count)) for at in range(0, self.count, self.chunk)]


def _of(values: Sequence[_Values]) -> Sums:
    """Each feature's about one shift; those of an array that is far from its own, chunk by chunk."""
    if not values[0].rows:
        return _nothing(sum(one.width for one in values))
    with np.errstate(over="ignore", invalid="ignore"):
        shifts = np.stack([one.first_mean() for one in values])
        lanes = [one.about(shift) for one, shift in zip(values, shifts, strict=True)]
        found = _folded(np.stack(lanes, axis=2))  # (8, arrays, features)
        far = _far(found).any(-1)
        powers = _about_mean(found, shifts)
        for i in np.flatnonzero(far).tolist():
            powers[:, i] = _by_chunks(values[i], shifts[i])
    count, infinite = found[VALUES].ravel(), found[INFINITE].ravel()
    low, high = (np.where(count > 0, found[end].ravel() + 0.0, np.nan) for end in (LOW, HIGH))
    missing = (values[0].rows - infinite - count).astype(np.int64)
    return Sums(powers.reshape(6, -1), missing, infinite.astype(np.int64), low, high)


def _nothing(width: int) -> Sums:
    none, nan = np.zeros(width, np.int64), np.full(width, np.nan)
    return Sums(np.zeros((6, width)), none, none, nan, nan)


def _by_chunks(values: _Values, shift: np.ndarray) -> np.ndarray:
    """(6, features)"""
    found, shifts = [], []
    for start, stop in values.chunks():
        center, sums = shift, _folded(values.about(shift, start, stop))
        if _far(sums).any():
            center = shift + sums[S1] / np.maximum(sums[VALUES], 1)
            sums = _folded(values.about(center, start, stop))
        found.append(sums)
        shifts.append(center)
    powers = _about_mean(np.stack(found, axis=1), np.stack(shifts))
    return joined_powers(powers.swapaxes(0, 1))


def _folded(lanes: np.ndarray) -> np.ndarray:
    """(8, side, …) -> (8, …): halves upon each other, which numpy cannot do in another order."""
    sums = lanes[:LOW]
    while (half := sums.shape[1] // 2) > 0:
        sums = sums[:, :half] + sums[:, half:]
    found = np.empty((len(lanes), *lanes.shape[2:]))
    found[:LOW] = sums[:, 0]
    np.minimum.reduce(lanes[LOW], axis=0, out=found[LOW])
    np.maximum.reduce(lanes[HIGH], axis=0, out=found[HIGH])
    return found


def _far(found: np.ndarray) -> np.ndarray:
    """Whether the mean is so far from the shift that the sums about it would cancel."""
    return found[S1] ** 2 > _FAR * found[S1 + 1] * found[VALUES]


def _about_mean(found: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """From sums about the shift to the moments; of equal values nothing is left but the value."""
    count, s = found[VALUES], found[S1 : S4 + 1]
    slip = s[0] / np.maximum(count, 1)
    m2 = np.maximum(s[1] - count * slip**2, 0.0)
    m3 = s[2] - slip * (3 * s[1] - 2 * count * slip**2)
    m4 = s[3] - slip * (4 * s[2] - slip * (6 * s[1] - 3 * count * slip**2))
    powers = np.stack([count, *split_sum(shift, slip), m2, m3, np.maximum(m4, 0.0)])
    equal = found[LOW] == found[HIGH]
    powers[1, equal], powers[2:, equal] = found[LOW][equal], 0.0
    powers[1:, count == 0] = 0.0
    return powers
