"""How many threads torch takes."""

from collections.abc import Iterator
from contextlib import contextmanager


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
