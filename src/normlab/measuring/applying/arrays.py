"""An .npy file, read and written a piece at a time."""

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from normlab.data.columns import reason
from normlab.errors import DataError
from normlab.measuring.applying.arrow import Tell
from normlab.measuring.applying.scaling import Scaling, result_dtype

_PIECE = 1 << 22  # numbers at a time


def npy(source: Path, target: Path, scaling: Scaling, kept: tuple[int, ...], tell: Tell) -> int:
    """Returns the number of numbers. `kept` are the axes of the array that the statistics have.

    The array's order in memory, C or Fortran, stays.
    """
    array = _mapped(source)
    _check_shape(array.shape, scaling.mean.shape, kept)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    dtype = result_dtype(array.dtype)
    shape = [array.shape[axis] if axis in kept else 1 for axis in range(array.ndim)]
    mean, divisor = (part.reshape(shape) for part in (scaling.mean, scaling.divisor))
    x = array.T if fortran else array
    mean, divisor = (part.T if fortran else part for part in (mean, divisor))
    with target.open("wb") as stream:
        head = {"descr": dtype.str, "fortran_order": fortran, "shape": array.shape}
        np.lib.format.write_array_header_2_0(stream, head)
        _write(stream, x, mean, divisor, scaling, tell)
    return array.size


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


def _check_shape(shape: tuple[int, ...], features: tuple[int, ...], kept: tuple[int, ...]) -> None:
    found = tuple(shape[axis] if axis < len(shape) else 0 for axis in kept)
    if found != features or not shape:
        raise DataError(
            f"holds an array of shape {shape}, and the statistics are of features of shape {features} "
            f"on {_axes(kept)}; give an array like the one that was measured"
        )


def _axes(kept: tuple[int, ...]) -> str:
    if not kept:
        return "no axis"
    return f"axis {kept[0]}" if len(kept) == 1 else f"axes {', '.join(map(str, kept))}"
