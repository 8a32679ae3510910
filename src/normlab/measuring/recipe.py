"""What is computed of each block, and what counts of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.errors import SettingError
from normlab.kernels.levels import LEVELS, levels
from normlab.measuring.levels import ends_of, powers_of
from normlab.measuring.part import Cross, Part
from normlab.measuring.sketch import Sketch
from normlab.measuring.sums import Fetch, Sums, summed, summed_apart, summed_as_read

BLOCK = 1 << 21  # values of a block; a row may be larger
_LEVELS = {"uint8": 255, "uint16": 65535}
_MOST_LEVELS = 1 << 20  # of all features together
_MOST_PAIRS = 1 << 24
_FEW = 64  # columns; of more, each would have too few rows in a block


@dataclass(frozen=True)
class Recipe:
    """quantiles, covariance: whether they are kept; valid: of a block (rows, features), what counts.
    skip_bad: whether what cannot be read is left out, and counted.
    """

    quantiles: bool = False
    covariance: bool = False
    valid: Callable[[np.ndarray], Any] | None = None
    skip_bad: bool = False

    def identity(self) -> dict[str, Any]:
        """What decides the numbers, as plain data."""
        kept = {"quantiles": self.quantiles, "covariance": self.covariance}
        return kept | {"skip_bad": self.skip_bad, "block": BLOCK}

    def check(self, width: int) -> None:
        """Errors: SettingError for what would take too much memory."""
        if self.covariance and width**2 > _MOST_PAIRS:
            raise SettingError(
                f"covariance of {width:,} features given; it needs {width:,}² numbers, and at most "
                f"{_MOST_PAIRS:,} are kept: measure fewer columns."
            )

    def takes_columns(self, width: int) -> bool:
        """Whether columns need not be put side by side: nothing is asked of rows, and they are few."""
        return not self.covariance and self.valid is None and width <= _FEW

    @property
    def only_sums(self) -> bool:
        """Whether each value is seen once, and by itself."""
        return not (self.quantiles or self.covariance) and self.valid is None

    def part_as_read(self, rows: int, width: int, size: int, read: Fetch) -> Part:
        """The part of what `sums.summed_as_read` reads, where there are only sums."""
        return _part(summed_as_read(rows, width, size, read), rows)

    def part_of_columns(self, *columns: np.ndarray) -> Part:
        """Features by themselves, (rows,) each: the part that they are together."""
        sketch = None
        if self.quantiles:
            sketch = Sketch.empty(len(columns))
            sketch.update([column[np.isfinite(column)] for column in columns])
        return _part(summed_apart(columns), len(columns[0]), sketch=sketch)

    def part(self, block: np.ndarray, given: np.ndarray | None = None) -> Part:
        """A block (rows, features) of real numbers; given: (rows, features), what counts besides."""
        valid = self._valid(block, given)
        if valid is None and has_levels(block.dtype, block.shape[1]):
            return self._of_levels(block)
        return _part(
            summed(block, valid),
            len(block),
            sketch=self._sketch(block, valid) if self.quantiles else None,
            cross=_cross(block, valid) if self.covariance else None,
        )

    def _valid(self, block: np.ndarray, given: np.ndarray | None) -> np.ndarray | None:
        if self.valid is None:
            return given
        told = np.asarray(self.valid(block))
        if told.dtype != bool:
            raise SettingError(
                f"valid gave {told.dtype} of shape {told.shape}; it must give true or false for each "
                f"of a block of shape {block.shape}, or for each of its rows."
            )
        told = told[:, None] if told.ndim == 1 else told
        try:
            told = np.broadcast_to(told, block.shape)
        except ValueError:
            raise SettingError(
                f"valid gave shape {told.shape} for a block of shape {block.shape}; it must give that "
                f"shape, or one value for each row."
            ) from None
        return told if given is None else told & given

    def _of_levels(self, block: np.ndarray) -> Part:
        largest = _LEVELS[block.dtype.name]
        counts = counted(block, largest)
        low, high = ends_of(counts, 1.0)
        return Part.of(
            powers_of(counts, 1.0), low, high,
            rows=len(block), levels={largest: counts},
            cross=_cross(block, None) if self.covariance else None,
        )  # fmt: skip

    def _sketch(self, block: np.ndarray, valid: np.ndarray | None) -> Sketch:
        sketch = Sketch.empty(block.shape[1])
        ok = np.isfinite(block) if valid is None else np.isfinite(block) & valid
        sketch.update([block[:, i][ok[:, i]] for i in range(block.shape[1])])
        return sketch


def _part(found: Sums, rows: int, **asked: Any) -> Part:
    return Part.of(
        found.powers, found.minimum, found.maximum,
        rows=rows, missing=found.missing, infinite=found.infinite, **asked,
    )  # fmt: skip


def has_levels(dtype: np.dtype, width: int) -> bool:
    """Whether each value is counted: whole numbers of 8 bits, or 16 of few features."""
    largest = _LEVELS.get(dtype.name)
    return largest is not None and (largest + 1) * width <= _MOST_LEVELS


def counted(block: np.ndarray, largest: int) -> np.ndarray:
    """(features, levels): how often each level was seen."""
    width, size = block.shape[1], largest + 1
    if size == LEVELS:
        return levels(block, width)
    if width == 1:
        return np.bincount(block.ravel(), minlength=size)[None]
    offset = np.arange(width, dtype=np.int32) * np.int32(size)
    flat = (block.astype(np.int32) + offset).ravel()
    return np.bincount(flat, minlength=size * width).reshape(width, size)


def _cross(block: np.ndarray, valid: np.ndarray | None) -> Cross:
    x = block.astype(np.float64)
    ok = np.isfinite(x).all(1) if valid is None else (np.isfinite(x) & valid).all(1)
    x = x if ok.all() else x[ok]
    if not len(x):
        return Cross(0, np.zeros(block.shape[1]), np.zeros((block.shape[1],) * 2))
    center = x[0] + (x - x[0]).mean(0)
    d = x - center
    slip = d.mean(0)
    # not @, whose sums depend on the number of threads
    comoment = np.einsum("ri,rj->ij", d, d) - len(x) * np.outer(slip, slip)
    return Cross(len(x), center + slip, comoment)
