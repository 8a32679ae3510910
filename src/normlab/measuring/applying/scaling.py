"""The arithmetic of `normlab apply`: one mean and one divisor for each feature."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from normlab.errors import DataError, SettingError

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

CORRECTIONS = (0, 1)


@dataclass(frozen=True, eq=False)
class Scaling:
    """What becomes of a feature, and how it is brought back.

        y = (x − mean) / divisor,   x = y · divisor + mean;   divisor = std, and 1 where that is 0

    Shapes: mean and divisor as the features are, float64.
    Dtype: float32 and float64 stay what they are, halves become float32, whole numbers of 16 bits or less
        float32 and larger ones float64; the arithmetic is in float64, rounded once.
    Limits: NaN stays NaN. There and back again gives x to 2 ulps of max(|x|, |x − mean|) in float32 and
        to 4 in float64, unless y is too large or too small for the dtype.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    divisor: np.ndarray
    inverse: bool = False

    @classmethod
    def of(
        cls, measured: "Measured", correction: int = 0, inverse: bool = False, exclude: Any = ()
    ) -> "Scaling":
        """Of the features that were measured, without those left out.

        Errors: DataError where nothing is known of a feature; SettingError for a correction that is none.
        """
        mean, divisor = center_and_divisor(measured, correction)
        names = tuple(measured.names)
        _refuse_unknown(names, mean, divisor, set(exclude))
        return cls(names, mean, divisor, inverse)

    def __call__(self, x: np.ndarray, mean: Any, divisor: Any) -> np.ndarray:
        """x with such a mean and divisor, which broadcast against it."""
        wide = x.astype(np.float64)
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite there
            if self.inverse:
                wide *= divisor
                wide += mean
            else:
                wide -= mean
                wide /= divisor
            return wide.astype(result_dtype(x.dtype))


def center_and_divisor(measured: "Measured", correction: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and std as float64 arrays, the std of a constant replaced by 1."""
    if correction not in CORRECTIONS:
        raise SettingError(
            f"correction={correction!r} given; it must be 0 (biased) or 1 (unbiased)."
        )
    std = np.asarray(measured.std(correction), np.float64)
    return np.asarray(measured.mean, np.float64), np.where(std == 0, 1.0, std)


def result_dtype(dtype: np.dtype) -> np.dtype:
    """
    >>> [str(result_dtype(np.dtype(t))) for t in ("float16", "float32", "float64", "uint8", "int64")]
    ['float32', 'float32', 'float64', 'float32', 'float64']
    """
    small = dtype.itemsize <= (4 if dtype.kind == "f" else 2)
    return np.dtype(np.float32 if small else np.float64)


def _refuse_unknown(
    names: tuple[str, ...], mean: np.ndarray, divisor: np.ndarray, exclude: set[str]
) -> None:
    known = (np.isfinite(mean) & np.isfinite(divisor)).reshape(-1)
    for name, fine in zip(names, known, strict=True):
        if not fine and name not in exclude:
            raise DataError(
                f"{name!r} has no mean and std in the statistics: too few values were there when they were "
                f"measured, or infinite ones; leave it out with --exclude {name!r}"
            )
