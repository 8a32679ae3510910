"""The statistics of the rest, when those of a part are taken away."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from normlab.errors import DataError
from normlab.measuring.part import Part

_EPS = float(np.finfo(np.float64).eps)


def without(whole: Part, gone: Part, names: Sequence[str]) -> tuple[Part, str]:
    """The rest, and a note on its error.

        n = N − n₁,   mean = (N·Mean − n₁·mean₁)/n,   and from M2 what merging would add again

    Errors: DataError where the part holds more than the whole.
    """
    rest = whole.count - gone.count
    short = [name for name, left in zip(names, rest, strict=True) if left < 0]
    m2 = whole.m2 - gone.m2
    n, n1 = rest.astype(np.float64), gone.count.astype(np.float64)
    total = whole.count.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = whole.mean + (whole.mean - gone.mean) * (n1 / n)
        low, high = mean - whole.mean, gone.mean - whole.mean
        m2 = m2 - n * low**2 - n1 * high**2
        m3 = whole.m3 - gone.m3 - 3 * high * gone.m2 - n1 * high**3
        m3 = m3 - 3 * low * m2 - n * low**3
        m4 = whole.m4 - gone.m4 - 4 * high * gone.m3 - 6 * high**2 * gone.m2 - n1 * high**4
        m4 = m4 - 4 * low * m3 - 6 * low**2 * m2 - n * low**4
        error = 8 * _EPS * (total * (whole.mean**2) + whole.m2) / np.maximum(m2, 0) / 2
    if short or (m2 < -_slack(whole)).any():
        raise DataError(
            f"the statistics to subtract are not those of a part of this data set: "
            f"{short[0] if short else 'the variances'} would be negative; give those of a part."
        )
    nothing = np.full_like(mean, np.nan)
    powers = np.stack(
        [n, np.nan_to_num(mean), np.zeros_like(n), m2.clip(0), np.nan_to_num(m3), m4.clip(0)]
    )
    powers[1:, rest == 0] = 0.0
    left = Part.of(
        powers, nothing, nothing,
        rows=whole.rows - gone.rows,
        missing=whole.missing - gone.missing,
        infinite=whole.infinite - gone.infinite,
        levels=_levels(whole.levels, gone.levels),
    )  # fmt: skip
    worst = float(np.nanmax(np.where((rest > 1) & (m2 > 0), error, 0.0), initial=0.0))
    return left, (
        f"A part was subtracted: std may be off by {worst:.1g} of itself from rounding; minimum, "
        "maximum and quantiles are unknown."
    )


def _slack(whole: Part) -> np.ndarray:
    return 64 * _EPS * (whole.m2 + whole.count * whole.mean**2) + 1e-300


def _levels(whole: Any, gone: Any) -> dict[int, np.ndarray] | None:
    if not whole or not gone:
        return None
    if not gone.keys() <= whole.keys() or any((whole[k] < gone[k]).any() for k in gone):
        raise DataError("the statistics to subtract hold values that the whole has not.")
    return {k: found - gone.get(k, 0) for k, found in whole.items()}
