"""A person's own array or data frame as a table, and the key that a state has for it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from normlab.data import Table
from normlab.errors import DataError

NAME = "x"


def table_of(x: Any, names: Sequence[str] | None = None) -> Table:
    """Rows and columns of numbers: a tensor, an array, lists, or a data frame, whose columns have names.

    Errors: DataError for what has no two axes, no numbers, or values that are not finite.

    >>> table_of([[1.0, 2.0], [3.0, 5.0]]).columns
    ('column 1', 'column 2')
    >>> table_of([1.0, 2.0, 4.0], names=["weight"]).values.shape
    torch.Size([3, 1])
    >>> table_of([[1.0, float("nan")], [3.0, 5.0]])
    Traceback (most recent call last):
    normlab.errors.DataError: x holds values that are not finite; leave their rows out.
    """
    if hasattr(x, "columns") and hasattr(x, "to_numpy"):
        x, columns = _framed(x)
        names = columns if names is None else names
    values = _values(x)
    if values.dim() == 1:
        values = values[:, None]
    if values.dim() != 2 or len(values) < 2 or not values.shape[1]:
        shape = tuple(values.shape)
        raise DataError(f"x has shape {shape}; it must be (rows, columns), with 2 rows or more.")
    if not bool(values.isfinite().all()):
        raise DataError("x holds values that are not finite; leave their rows out.")
    return Table(values.contiguous(), _named(names, values.shape[1]), NAME)


def key_of(table: Table) -> str:
    """The same for the same numbers and names."""
    told = hashlib.sha256(table.values.numpy().tobytes())
    told.update(repr((table.columns, tuple(table.values.shape))).encode())
    return told.hexdigest()[:16]


def _values(x: Any) -> torch.Tensor:
    if isinstance(x, torch.Tensor):
        return x.detach().to("cpu", torch.float64)
    try:
        return torch.from_numpy(np.array(x, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"x is {type(x).__name__} and not rows of numbers ({error}).") from error


def _framed(frame: Any) -> tuple[Any, list[str]]:
    """The numeric columns of a data frame, and their names."""
    if len(set(frame.columns)) < len(frame.columns):
        raise DataError("names of the data frame's columns repeat; give every column its own.")
    columns = [(str(name), np.asarray(frame[name])) for name in frame.columns]
    kept = [(name, column) for name, column in columns if column.dtype.kind in "bifu"]
    if not kept:
        raise DataError(f"the data frame has no column of numbers, only {[n for n, _ in columns]}.")
    return np.stack([column.astype(np.float64) for _, column in kept], 1), [n for n, _ in kept]


def _named(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"column {i + 1}" for i in range(count))
    if len(names) != count:
        raise DataError(f"names has {len(names)} names; x has {count} columns.")
    named = tuple(map(str, names))
    if len(set(named)) < count:
        raise DataError(f"the names {list(named)} repeat; give every column its own.")
    return named
