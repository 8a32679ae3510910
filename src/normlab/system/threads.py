"""How many threads torch takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_SMALL = 1 << 17  # elements up to which sharing gains little, and costs much where others are busy


@contextmanager
def one_thread() -> Iterator[int]:
    """One thread of torch inside the block, for small arrays: sharing them out costs more than it gains.

    Gives the number of threads that there were, which is put back at the end.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def one_thread_if_small(x: Tensor) -> AbstractContextManager[object]:
    """One thread inside the block where x is small and on the CPU, else as many as there are."""
    from normlab.tracing import values_known

    small = values_known(x) and x.is_cpu and x.numel() <= _SMALL
    return one_thread() if small else nullcontext()
