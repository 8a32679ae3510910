"""An .npy file, read and written a piece at a time."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.columns import reason
from normlab.errors import DataError
from normlab.measuring.applying.arrow import Tell
from normlab.measuring.applying.scaling import Scaling, result_dtype

_PIECE = 1 << 22  # numbers at a time


def npy(
    source: Path,
    target: Path,
    scaling: Scaling,
    sizes: tuple[int, ...],
    axes: Sequence[int] | None,
    measured: tuple[int, ...] | None,
    tell: Tell,
) -> int:
    """Returns the number of numbers. `sizes`: of the axes that the features are on; `axes`: which, if told;
    `measured`: those that were kept when it was measured, for where several fit.

    The array's order in memory, C or Fortran, stays.
    """
    array = _mapped(source)
    kept = kept_axes(array.shape, sizes, axes, measured)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    shape = [size if axis in kept else 1 for axis, size in enumerate(array.shape)]
    mean, divisor = (part.reshape(shape) for part in (scaling.mean, scaling.divisor))
    x, mean, divisor = (part.T if fortran else part for part in (array, mean, divisor))
    with target.open("wb") as stream:
        dtype = result_dtype(array.dtype).str
        head = {"descr": dtype, "fortran_order": fortran, "shape": array.shape}
        np.lib.format.write_array_header_2_0(stream, head)
        _write(stream, x, mean, divisor, scaling, tell)
    return array.size


def kept_axes(
    shape: tuple[int, ...],
    sizes: tuple[int, ...],
    axes: Sequence[int] | None = None,
    measured: tuple[int, ...] | None = None,
) -> tuple[int, ...]:
    """The axes of an array that features of such sizes are on. Errors: DataError where none fit, or several.

    >>> kept_axes((100, 3, 32, 32), (3,)), kept_axes((5, 5), (5,), axes=[1])
    ((1,), (1,))
    """
    if axes is not None:
        inside = [axis % len(shape) for axis in axes if -len(shape) <= axis < len(shape)]
        kept = tuple(sorted(set(inside)))
        if len(kept) < len(axes) or tuple(shape[axis] for axis in kept) != sizes:
            raise _unfit(shape, sizes, f" with --features {','.join(map(str, axes))}")
        return kept
    fitting = [
        kept
        for kept in combinations(range(len(shape)), len(sizes))
        if tuple(shape[axis] for axis in kept) == sizes
    ]
    if measured in fitting:
        return measured
    if len(fitting) != 1:
        raise _unfit(shape, sizes, _several(fitting))
    return fitting[0]


def _unfit(shape: tuple[int, ...], sizes: tuple[int, ...], why: str) -> DataError:
    features = " × ".join(map(str, sizes)) or "1"
    return DataError(
        f"holds an array of shape {shape}, and the statistics are of {features} features{why}; give an array "
        "like the one that was measured"
    )


def _several(fitting: Sequence[tuple[int, ...]]) -> str:
    if not fitting:
        return ", which no axes of it have"
    words = " or ".join(",".join(map(str, kept)) for kept in fitting)
    return f", which several axes have (say which with --features {words})"


def _write(stream: Any, x: Any, mean: Any, divisor: Any, scaling: Scaling, tell: Tell) -> None:
    done = 0
    for piece in pieces(x.shape):
        held = [part[_within(part.shape, piece)] for part in (mean, divisor)]
        stream.write(np.ascontiguousarray(scaling(x[piece], *held)).data)
        done += x[piece].size
        tell(done, x.size)


def pieces(shape: tuple[int, ...], most: int = _PIECE) -> Iterator[tuple[Any, ...]]:
    """Indices of parts of an array, in its order in memory, each of no more than `most` elements.

    >>> list(pieces((2, 3), 2))
    [(0, slice(0, 2, None)), (0, slice(2, 4, None)), (1, slice(0, 2, None)), (1, slice(2, 4, None))]
    """
    if 0 in shape:
        return
    axis = next(i for i in range(len(shape)) if prod(shape[i + 1 :]) <= most)
    rows = max(1, most // prod(shape[axis + 1 :]))
    for lead in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], rows):
            yield (*lead, slice(start, start + rows))


def _within(shape: tuple[int, ...], piece: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same part of an array that is 1 long where it is broadcast."""
    alone = {True: slice(None), False: 0}
    return tuple(
        at if size > 1 else alone[isinstance(at, slice)]
        for size, at in zip(shape, piece, strict=False)
    )


def _mapped(source: Path) -> np.ndarray:
    try:
        array = np.load(source, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"cannot be read as npy ({reason(error)}); save it again") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise DataError("holds no array of real numbers; save one")
    return array
