"""The dtype that is computed in: half types are too coarse for sums and statistics."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

HALF = (torch.float16, torch.bfloat16)
COMPUTED = (torch.float32, *HALF, torch.float64)


def computed_in(dtype: torch.dtype) -> torch.dtype:
    """float32 for half types, else the dtype itself.

    >>> computed_in(torch.bfloat16), computed_in(torch.float64)
    (torch.float32, torch.float64)
    """
    return torch.float32 if dtype in HALF else dtype


def widened(x: Tensor) -> Tensor:
    """x in the dtype computed in."""
    return x.float() if x.dtype in HALF else x


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Where x is computed in its own dtype, whatever autocast says; the meta device has no autocast."""
    return nullcontext() if x.is_meta else torch.autocast(x.device.type, enabled=False)
