"""Arrays where they are: in memory, or in a .npy file."""

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from normlab.errors import DataError

_AHEAD = 1 << 23  # bytes


class Held(Protocol):
    """An array somewhere: its shape, and pieces of it."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def piece(self, prefix: tuple[int, ...], rows: slice) -> np.ndarray:
        """Of the array at these first indices, so many rows."""
        ...


@dataclass(frozen=True, eq=False)
class InMemory:
    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def piece(self, prefix: tuple[int, ...], rows: slice) -> np.ndarray:
        return self.values[prefix][rows]


class Npy:
    """An array of a .npy file, read piece by piece into memory that is used again.

    turned: written column by column (Fortran order), so that shape and axes are the other way round.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            shape, self.turned, self.dtype = _header(stream, path)
            self.begin = stream.tell()
        self.shape = shape[::-1] if self.turned else shape
        needed = self.begin + self.dtype.itemsize * math.prod(self.shape)
        if path.stat().st_size < needed:
            raise DataError(
                f"{path}: is cut short ({path.stat().st_size:,} of {needed:,} bytes); copy or save it again."
            )

    def piece(self, prefix: tuple[int, ...], rows: slice) -> np.ndarray:
        depth = len(prefix)
        inner = self.shape[depth + 1 :]
        row = math.prod(inner)
        at = int(np.ravel_multi_index(prefix, self.shape[:depth])) if depth else 0
        first = at * self.shape[depth]
        with self.values() as read:
            x = read((first + rows.start) * row, (first + rows.stop) * row)
        return x.reshape(-1, *inner)

    @contextmanager
    def values(self) -> Iterator[Callable[[int, int], np.ndarray]]:
        """What reads values start to stop of the array as one row; each call uses the memory again."""
        with self.path.open("rb", buffering=0) as stream:
            yield partial(self._read, stream)

    def _read(self, stream: Any, start: int, stop: int) -> np.ndarray:
        size = self.dtype.itemsize
        held, at = _scratch((stop - start) * size), self.begin + start * size
        _announce(stream, at + _AHEAD, len(held))
        stream.seek(at)
        got = 0
        while got < len(held):
            more = stream.readinto(held[got:])
            if not more:
                raise DataError(f"{self.path}: became shorter as it was read; measure again.")
            got += more
        x = np.frombuffer(held, self.dtype)
        return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def _announce(stream: Any, start: int, size: int) -> None:
    """Have the system fetch what will be read soon, while this is computed with."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(stream.fileno(), start, size, os.POSIX_FADV_WILLNEED)


_LOCAL = threading.local()


def _scratch(size: int) -> memoryview:
    held = getattr(_LOCAL, "bytes", None)
    if held is None or len(held) < size:
        held = _LOCAL.bytes = bytearray(size)
    return memoryview(held)[:size]


def _header(stream: Any, path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    from numpy.lib import format as npy

    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, EOFError, KeyError) as error:
        raise DataError(
            f"{path}: is not what numpy.save writes, or is cut short; save it again."
        ) from error
    check_numbers(dtype, str(path))
    return shape, fortran, dtype


def check_numbers(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "biuf":
        raise DataError(
            f"{name}: holds {dtype}, which is not real numbers; give an array of numbers."
        )
