"""Which elements one output is normalised with: the pool's weights, read off the pool itself."""

from typing import Any

import torch
from torch import Tensor

from normlab.equation.pooling import pooled
from normlab.equation.row import Norm
from normlab.equation.table import find


def pool_weights(row: str | Norm, shape: tuple[int, ...], **settings: Any) -> Tensor:
    """The pool as a matrix P of shape (elements, elements): pool_i = Σ_j P_ij |e_j|ⁿ, float64.

    Every pool is linear in |e|ⁿ, so its value on each unit vector gives a column. Elements are
    numbered as in ``x.flatten()``. Cost: memory elements², so for small blocks.

    >>> pool_weights("batch", (2, 2))
    tensor([[0.5000, 0.0000, 0.5000, 0.0000],
            [0.0000, 0.5000, 0.0000, 0.5000],
            [0.5000, 0.0000, 0.5000, 0.0000],
            [0.0000, 0.5000, 0.0000, 0.5000]], dtype=torch.float64)
    """
    row = find(row)
    values = row.resolve(settings)
    size = torch.Size(shape).numel()

    def flat(e: Tensor) -> Tensor:
        return pooled(row.pool, e.view(shape), None, values).expand(shape).flatten()

    unit = torch.eye(size, dtype=torch.float64)
    return torch.stack([flat(e) for e in unit], dim=1)


def pool_row(
    row: str | Norm, shape: tuple[int, ...], cell: tuple[int, ...], **settings: Any
) -> Tensor:
    """One row of `pool_weights`, in the shape of the block: the weights in the pool of one element.

    A pool is linear in |e|ⁿ, so the row is the gradient of that one value. Cost: memory elements.

    >>> pool_row("instance", (1, 2, 3), (0, 1, 0))
    tensor([[[0.0000, 0.0000, 0.0000],
             [0.3333, 0.3333, 0.3333]]], dtype=torch.float64)
    """
    row = find(row)
    e = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        value = pooled(row.pool, e, None, row.resolve(settings)).expand(shape)[cell]
    return torch.autograd.grad(value, e)[0]


def cell_map(
    row: str | Norm,
    cell: tuple[int, int, int] = (0, 1, 1),
    shape: tuple[int, int, int] = (2, 4, 3),
    **settings: Any,
) -> str:
    """A small drawing of an (N, C, L) block: ● the cell, ○ what it is pooled with, · the rest.

    >>> print(cell_map("group", num_groups=2))
             n=0     n=1
    c=0     ○ ○ ○   · · ·
    c=1     ○ ● ○   · · ·
    c=2     · · ·   · · ·
    c=3     · · ·   · · ·
    """
    weights = pool_row(row, shape, cell, **settings)
    marks = [["○" if weight > 0 else "·" for weight in line] for line in weights.flatten(0, 1)]
    marks[cell[0] * shape[1] + cell[1]][cell[2]] = "●"
    width = 2 * shape[2] - 1
    head = " " * 5 + "".join(f"   {f'n={n}':^{width}}" for n in range(shape[0]))
    lines = [
        f"c={c}".ljust(5) + "".join("   " + " ".join(line) for line in marks[c :: shape[1]])
        for c in range(shape[1])
    ]
    return "\n".join([head.rstrip(), *lines])
