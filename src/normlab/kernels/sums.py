"""Sums of powers about a given number, in float64: by the C++ kernel, or by numpy to the same bits."""

import numpy as np

from normlab.kernels import native

VALUES, INFINITE, S1, S2, S3, S4, LOW, HIGH = range(8)
_KINDS = ("float32", "float64", "int32", "int64")  # as in csrc/core.h


def power_sums(
    x: np.ndarray,
    shift: np.ndarray,
    valid: np.ndarray | None,
    chunk: int,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Of rows of lanes:

        count, number of infinities, Σd, Σd², Σd³, Σd⁴, smallest, largest        d = x − shift

    Shapes: x (values,), taken as rows of as many lanes as shift has, of which the last may be shorter; valid
        (values,), boolean; the result (8, lanes). Sums of `chunk` rows are added to those before, or to those
        in `out`, which an earlier call gave: whole chunks may come in several calls, to the same bits.
    Dtype: any real numbers; float64 throughout. On one thread.
    What is not finite or not valid counts for nothing, but for the number of infinities among what is valid.
    Every lane is summed row after row, so that kernels of every instruction set and numpy give the same bits.
    Limits: smallest and largest of nothing are inf and −inf; of −0 and 0 either may be the smaller.

    >>> x = np.array([1.0, 10.0, 3.0, np.nan, np.inf])
    >>> power_sums(x, np.array([0.0, 10.0]), None, 2)[:4].tolist()
    [[2.0, 1.0], [1.0, 0.0], [4.0, 0.0], [10.0, 0.0]]
    """
    x = np.ascontiguousarray(x)
    if x.dtype.name not in _KINDS:
        x = x.astype(np.float64)
    if native.in_use() is None:
        return by_numpy(x, shift, valid, chunk, out)
    shift = np.ascontiguousarray(shift)
    valid = None if valid is None else np.ascontiguousarray(valid)
    out = _nothing(len(shift)) if out is None else out
    native.functions().normlab_power_sums(
        _KINDS.index(x.dtype.name), x.ctypes.data, len(x), None if valid is None else valid.ctypes.data,
        shift.ctypes.data, len(shift), chunk, out.ctypes.data,
    )  # fmt: skip
    return out


def _nothing(lanes: int) -> np.ndarray:
    out = np.zeros((8, lanes))
    out[LOW], out[HIGH] = np.inf, -np.inf
    return out


def by_numpy(
    x: np.ndarray,
    shift: np.ndarray,
    valid: np.ndarray | None,
    chunk: int,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """The same by numpy's operators."""
    lanes = len(shift)
    out = _nothing(lanes) if out is None else out
    whole = len(x) // lanes * lanes
    step = chunk * lanes
    cuts = [(at, min(at + step, whole)) for at in range(0, whole, step)]
    with np.errstate(over="ignore", invalid="ignore"):
        for start, stop in [*cuts, (whole, len(x))]:
            if start < stop:
                given = None if valid is None else valid[start:stop]
                _add(x[start:stop], shift, given, out)
    return out


def _add(x: np.ndarray, shift: np.ndarray, valid: np.ndarray | None, out: np.ndarray) -> None:
    n = min(len(x), len(shift))  # of a row that is shorter, its own lanes
    x, shift, out = x.reshape(-1, n).astype(np.float64), shift[:n], out[:, :n]
    there = np.isfinite(x)
    if valid is not None:
        valid = valid.reshape(-1, n)
        out[INFINITE] += np.add.reduce(np.isinf(x) & valid, axis=0)
        there &= valid
    else:
        out[INFINITE] += np.add.reduce(np.isinf(x), axis=0)
    out[VALUES] += np.add.reduce(there, axis=0)
    every = bool(there.all())
    out[LOW] = np.minimum(out[LOW], _ends(np.minimum, x, there, every, np.inf))
    out[HIGH] = np.maximum(out[HIGH], _ends(np.maximum, x, there, every, -np.inf))
    d = np.subtract(x, shift, out=x)
    if not every:
        d[~there] = 0.0
    out[S1] += np.add.reduce(d, axis=0)
    squared = d * d
    out[S2] += np.add.reduce(squared, axis=0)
    out[S3] += np.add.reduce(np.multiply(d, squared, out=d), axis=0)
    out[S4] += np.add.reduce(np.multiply(squared, squared, out=squared), axis=0)


def _ends(
    reduce: np.ufunc, x: np.ndarray, there: np.ndarray, every: bool, nothing: float
) -> np.ndarray:
    return reduce.reduce(x if every else np.where(there, x, nothing), axis=0)
