"""How often each level of 8 bits was seen: by the C++ kernel, or by numpy."""

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
