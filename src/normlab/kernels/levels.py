"""How often each level of 8 bits was seen: by the C++ kernel, or by numpy."""

import ctypes
from typing import Any

import numpy as np

from normlab.kernels import native

LEVELS = 256


def levels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(pixels, bytes), uint8 -> (channels, 256), int64: of the first bytes of each pixel, on one thread.

    >>> levels(np.array([[0, 9], [255, 9]], np.uint8), 1)[0, [0, 1, 255]].tolist()
    [1, 0, 1]
    """
    if native.in_use() is None:
        every = [np.bincount(pixels[:, c], minlength=LEVELS) for c in range(channels)]
        return np.stack(every) if every else np.zeros((0, LEVELS), np.int64)
    held, out = np.ascontiguousarray(pixels), np.zeros((channels, LEVELS), np.int64)
    native.functions().normlab_count_levels(
        held.ctypes.data, *held.shape, channels, out.ctypes.data
    )
    return out


class Tally:
    """How often each level was seen in Pillow's images of 8 bits, which come one after the other.

    counts: (channels, 256), int64, of all of them. apart: those of each, where asked for. sums: of each image
    (channels, 3), int64: its pixels, Σ level and Σ level². The pixels are read where Pillow keeps them if it
    shows where, as it does from version 11.3 on for images of up to 16 MB.

    >>> from PIL import Image
    >>> tally = Tally(3)
    >>> tally.add(Image.new("RGB", (4, 2), (0, 1, 255)))
    >>> tally.counts[:, [0, 1, 255]].tolist(), tally.sums[0].tolist()
    ([[8, 0, 0], [0, 8, 0], [0, 0, 8]], [[8, 0, 0], [8, 8, 8], [8, 2040, 520200]])
    """

    def __init__(self, channels: int, apart: bool = False) -> None:
        self.counts = np.zeros((channels, LEVELS), np.int64)
        self.apart: list[np.ndarray] | None = [] if apart else None
        self._sums: list[np.ndarray] = []
        self._of_one = np.zeros((channels, 3), np.int64)
        self._at = self.counts.ctypes.data, self._of_one.ctypes.data  # found once: that takes long
        self._native = native.functions() if native.in_use() is not None else None

    def __len__(self) -> int:
        return len(self._sums)

    @property
    def sums(self) -> np.ndarray:
        """(images, channels, 3)."""
        return np.array(self._sums, np.int64).reshape(-1, *self._of_one.shape)

    def add(self, image: Any) -> None:
        before = self.counts.copy() if self.apart is not None else self.counts
        if not self._counted(image):
            counts = np.array(image.histogram(), np.int64).reshape(self.counts.shape)
            self.counts += counts
            self._of_one[:] = sums_of(counts)
        self._sums.append(self._of_one.copy())
        if self.apart is not None:
            self.apart.append(self.counts - before)

    def _counted(self, image: Any) -> bool:
        if self._native is None or not hasattr(image, "__arrow_c_array__"):
            return False
        try:
            _, held = image.__arrow_c_array__()
        except ValueError:  # it lies in several pieces
            return False
        at = _pointer(held, b"arrow_array")
        return self._native.normlab_count_levels_of_arrow(at, len(self.counts), *self._at)


def sums_of(counts: np.ndarray) -> np.ndarray:
    """(…, levels) -> (…, 3), whole numbers: how many there are, Σ level and Σ level².

    >>> sums_of(np.array([1, 0, 2])).tolist()
    [3, 4, 8]
    """
    level = np.arange(counts.shape[-1])
    return counts @ np.stack([level**0, level, level**2], 1)


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
