"""Memory of numpy as a tensor."""

import ctypes

import numpy as np
import torch


def borrowed(x: np.ndarray) -> torch.Tensor:
    """A contiguous array as a tensor that must only be read; x must live as long.

    torch.from_numpy warns of memory that may not be written, such as that of a file or of Arrow.
    """
    if x.flags.writeable or not x.size:
        return torch.from_numpy(x if x.flags.writeable else x.copy())
    held = (ctypes.c_char * x.nbytes).from_address(x.ctypes.data)
    return torch.frombuffer(held, dtype=_dtype(x.dtype)).view(x.shape)


def _dtype(dtype: np.dtype) -> torch.dtype:
    return torch.from_numpy(np.empty(0, dtype)).dtype
