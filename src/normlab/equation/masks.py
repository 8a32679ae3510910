"""Which elements are valid: the mask in the shape of x, and what a layer refuses of it.

A mask is boolean, True = valid, and one rule says what its axes are.

- As many axes as x: it broadcasts against x.
- Fewer: x without its features, and always read so: (N, *space) for x (N, C, *space), all but the last
  dimensions for a layer over these (normalized_shape), so (N, T) for tokens (N, T, E).
- Any other: the first axes of x, (N,) for whole samples, or the last ones, as torch broadcasts. Where
  both fit it is refused: the sizes do not say which is meant.
"""

import torch
from torch import Tensor

from normlab.errors import DataError, DtypeError, ShapeError
from normlab.tracing import values_known

Shape = tuple[int, ...]


def in_shape_of(x: Tensor, mask: Tensor, features: int = 0) -> Tensor:
    """The mask in x's shape. `features`: the number of last dimensions that are features; 0: axis 1 is.

    >>> in_shape_of(torch.zeros(2, 3), torch.tensor([True, False])).tolist()
    [[True, True, True], [False, False, False]]
    """
    if mask.dtype != torch.bool:
        raise DtypeError(f"mask is {mask.dtype}; it must be boolean, True where x is valid.")
    if mask.device != x.device:
        raise DataError(
            f"mask is on {mask.device}, x on {x.device}; give both on one device, e.g. "
            f"mask.to(x.device)."
        )
    return mask.reshape(_aligned(tuple(mask.shape), tuple(x.shape), features)).expand(x.shape)


def _aligned(mask: Shape, x: Shape, features: int) -> Shape:
    """The mask's shape with as many axes as x."""
    more = (1,) * (len(x) - len(mask))
    without = x[: len(x) - features] if features else x[:1] + x[2:]
    places = [(*x[:1], 1, *x[2:])] if mask == x[:1] + x[2:] else []
    first = [mask + more] if mask == x[: len(mask)] and (features or len(mask) == 1) else []
    last = [more + mask] if _broadcasts(more + mask, x) else []
    if more and mask == without:
        return (first if features else places)[0]
    fitting = list(dict.fromkeys((places + first if more else []) + last))
    if not fitting:
        part = "first axes" if features else "batch and space"
        raise ShapeError(
            f"mask has shape {mask}, which fits neither x {x} nor its {part} {without}."
        )
    if len(fitting) > 1:
        raise ShapeError(
            f"mask has shape {mask}, which fits x {x} in more than one way; give it as many axes as x: "
            f"{' or '.join(map(str, fitting))}."
        )
    return fitting[0]


def _broadcasts(shape: Shape, x: Shape) -> bool:
    return len(shape) == len(x) and all(a in (1, b) for a, b in zip(shape, x, strict=True))


def hide(x: Tensor, mask: Tensor | None, features: int = 0) -> tuple[Tensor, Tensor | None]:
    """x with masked places at 0, and the mask in x's shape."""
    if mask is None:
        return x, None
    valid = in_shape_of(x, mask, features)
    return torch.where(valid, x, 0.0), valid


def check_valid(
    name: str, x: Tensor, mask: Tensor | None, *, features: int = 0, empty: bool = False
) -> Tensor | None:
    """The mask in x's shape. Refused: one that leaves nothing (unless `empty`), or calls NaN valid."""
    if mask is None:
        return None
    valid = in_shape_of(x, mask, features)
    if not values_known(x):
        return valid
    if x.numel() and not empty and not bool(valid.any()):
        raise DataError(
            f"{name}: mask is False everywhere (x has shape {tuple(x.shape)}), so nothing is left to "
            f"normalise; True marks a valid element."
        )
    lost = x.isnan() & valid
    if bool(lost.any()):
        first = tuple(lost.nonzero()[0].tolist())
        raise DataError(
            f"{name}: x is NaN at {int(lost.sum())} places that mask calls valid, first at {first}; "
            f"set mask to False there, or fix x."
        )
    return valid
