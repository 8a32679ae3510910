"""Partial results merged in one fixed binary tree, in whatever order they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from normlab.measuring.part import Part, joined

Parts = dict[str, Part]  # of each group of rows; "" is the group of all


def both(left: Parts, right: Parts) -> Parts:
    """Group by group, in the order in which they were first seen."""
    every = {**left, **right}
    return {
        name: joined(left[name], right[name]) if name in left and name in right else every[name]
        for name in every
    }


@dataclass(eq=False)
class Tree:
    """The node (level, i) holds leaves i·2^level to (i + 1)·2^level − 1, merged left before right.

    Which leaves are merged with which depends on their numbers alone, so that the result has the same bits
    whoever computed them and whenever. Few nodes wait at a time: as many as arrive out of order, and one of
    each level.
    """

    nodes: dict[tuple[int, int], Parts] = field(default_factory=dict)
    join: Callable[[Parts, Parts], Parts] = both

    def add(self, index: int, parts: Parts, level: int = 0) -> None:
        while (beside := self.nodes.pop((level, index ^ 1), None)) is not None:
            left, right = (beside, parts) if index & 1 else (parts, beside)
            level, index, parts = level + 1, index >> 1, self.join(left, right)
        self.nodes[level, index] = parts

    def has(self, index: int) -> bool:
        """Whether a leaf is in it."""
        return any(index >> level == i for level, i in self.nodes)

    def total(self) -> Parts:
        """All leaves; there must be no gap before the last."""
        rest: Parts = {}
        for _, parts in sorted(self.nodes.items(), key=_last_first):
            rest = self.join(parts, rest)
        return rest

    def leaves(self) -> int:
        return sum(1 << level for level, _ in self.nodes)

    def __iter__(self) -> Iterator[tuple[tuple[int, int], Parts]]:
        return iter(sorted(self.nodes.items(), key=_last_first, reverse=True))


def _last_first(node: tuple[tuple[int, int], Parts]) -> int:
    (level, index), _ = node
    return -(index << level)
