"""Tensors of a layer whose names tell nothing, recognised by their first values.

Runs in the learner's process.
"""

from collections.abc import Iterator, Set
from typing import Any

from torch import Tensor, nn

# role → whether it is learned, and what all its numbers are at first
_STARTS = {
    "weight": (True, 1.0),
    "bias": (True, 0.0),
    "running_mean": (False, 0.0),
    "running_var": (False, 1.0),
}


def by_start(made: Any, extent: int, known: Set[str], lacking: Set[str]) -> dict[str, str]:
    """role → the name of the one tensor that it can be, where its name tells nothing.

    known: names that have a role already. lacking: the roles that have no name yet.
    """
    if not isinstance(made, nn.Module):
        return {}
    held = [(n, value) for n, value in _tensors(made) if n not in known and value.numel() == extent]
    found = {}
    for role, (learnt, first) in _STARTS.items():
        names = [
            name
            for name, value in held
            if isinstance(value, nn.Parameter) == learnt and bool((value == first).all())
        ]
        if role in lacking and len(names) == 1:
            found[role] = names[0]
    return found


def _tensors(made: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Its own parameters, buffers and plain attributes of real numbers."""
    own = {**vars(made), **made._parameters, **made._buffers}
    for name, value in own.items():
        if isinstance(value, Tensor) and value.dtype.is_floating_point:
            yield name, value
