"""How the rows of data are parted into batches, and which of them holds a row."""

from dataclasses import dataclass

from torch import Tensor

from normlab.equation.row import Norm
from normlab.explorer.model.datasets import Data
from normlab.explorer.model.state import State

_SPLIT = ("points", "table")  # data that come in batches


def in_batches(state: State, row: Norm) -> bool:
    """Whether the size of a batch makes a difference."""
    return row.uses_batch and state.data in _SPLIT


@dataclass(frozen=True, eq=False)
class Batches:
    """The data as torch splits them; `joined` where a last row, alone in its batch, went to the one before.

    Who adds or deletes points by hand did not choose a batch of one, which torch refuses in training.
    """

    parts: tuple[Tensor, ...]
    size: int
    joined: bool = False

    def around(self, row: int) -> tuple[int, int]:
        """The first row of the batch that holds a row, and the one after its last."""
        at = min(row // self.size, len(self.parts) - 1)
        return at * self.size, at * self.size + len(self.parts[at])


def batches(state: State, row: Norm, data: Data) -> Batches:
    x = data.x
    size = state.batch_size if in_batches(state, row) else len(x)
    parts = x.split(size)
    if not joins(state, size, len(x)):
        return Batches(parts, min(size, len(x)))
    before = len(x) - 1 - size
    return Batches((*parts[:-2], x[before:]), size, True)


def joins(state: State, size: int, rows: int) -> bool:
    """Whether a row that a person's changes left alone in the last batch joins the one before it."""
    return bool(state.edits) and 1 < size < rows and rows % size == 1
