"""What is measured: where it comes from, and the units that it is measured in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from normlab.measuring.recipe import BLOCK, Recipe
from normlab.measuring.stopping import check
from normlab.measuring.tree import Parts, Tree


class Unit(Protocol):
    """A part of the data that is measured by itself, anywhere; its extent depends on the source alone."""

    @property
    def name(self) -> str:
        """Of the shard that it is, or belongs to."""
        ...

    def parts(self, recipe: Recipe) -> Parts:
        """Errors: DataError, with the file's name, for data that cannot be read."""
        ...


@dataclass(frozen=True, eq=False)
class Source:
    """names: of the features; units: a sequence where they can be had in any order, else they come once.

    axes: of an array, those that are kept. rows: where the units cannot tell. files: what it reads, to see
    whether that changes. identity: what decides the units, for --resume. keeps: what must live as long (a
    temporary folder).
    """

    names: tuple[str, ...]
    kind: str
    text: str
    units: Iterable[Unit]
    notes: tuple[str, ...] = ()
    scale: str | None = None
    weighting: str = "pixel"
    axes: tuple[int, ...] | None = None
    files: tuple[str, ...] = ()
    rows: int | None = None
    identity: dict[str, Any] = field(default_factory=dict)
    keeps: Any = None

    def close(self) -> None:
        if self.keeps is not None:
            self.keeps.cleanup()

    @property
    def resumes(self) -> bool:
        return isinstance(self.units, Sequence)


def rows_of_block(width: int) -> int:
    """Rows of a block with so many features: enough for a row's own cost not to matter."""
    return max(1, min(32, (BLOCK << 2) // max(width, 1)), BLOCK // max(width, 1))


def of_blocks(
    blocks: Iterable[tuple[np.ndarray, ...]], width: int, measured: Callable[..., Parts]
) -> Parts:
    """The parts of a stream of arrays with rows in common, cut into blocks of one size."""
    tree = Tree()
    for index, block in enumerate(blocked(blocks, rows_of_block(width))):
        check()
        tree.add(index, measured(*block))
    return tree.total()


def grouped(block: np.ndarray, groups: np.ndarray | None = None, *, recipe: Recipe) -> Parts:
    if groups is None:
        return {"": recipe.part(block)}
    return {str(name): recipe.part(block[groups == name]) for name in np.unique(groups)}


def blocked(
    arrays: Iterable[tuple[np.ndarray, ...]], rows: int
) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of as many rows each, cut and joined to so many rows; the last may have fewer."""
    held: list[tuple[np.ndarray, ...]] = []
    have = 0
    for together in arrays:
        at = 0
        while at < len(together[0]):
            piece = tuple(array[at : at + rows - have] for array in together)
            held.append(piece)
            at, have = at + len(piece[0]), have + len(piece[0])
            if have == rows:
                yield _put_together(held)
                held, have = [], 0
    if held:
        yield _put_together(held)


def _put_together(held: Sequence[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    return held[0] if len(held) == 1 else tuple(map(np.concatenate, zip(*held, strict=True)))
