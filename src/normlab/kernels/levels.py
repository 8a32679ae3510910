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


def levels_of_image(image: Any, channels: int) -> np.ndarray:
    """The same of one of Pillow's images of 8 bits, counted where it keeps the pixels if it shows them.

    Pillow does so from version 11.3 on, for images of up to 16 MB.

    >>> from PIL import Image
    >>> levels_of_image(Image.new("RGB", (4, 2), (0, 1, 255)), 3)[:, [0, 1, 255]].tolist()
    [[8, 0, 0], [0, 8, 0], [0, 0, 8]]
    """
    if native.in_use() is not None and hasattr(image, "__arrow_c_array__"):
        out = np.zeros((channels, LEVELS), np.int64)
        if _counted(image, channels, out):
            return out
    return np.array(image.histogram(), np.int64).reshape(channels, LEVELS)


def _counted(image: Any, channels: int, out: np.ndarray) -> bool:
    try:
        _, held = image.__arrow_c_array__()
    except ValueError:  # it lies in several pieces
        return False
    at = _pointer(held, b"arrow_array")
    return native.functions().normlab_count_levels_of_arrow(at, channels, out.ctypes.data)


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
