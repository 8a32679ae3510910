"""Which elements are valid: the mask in the shape of x, and what a layer refuses of it."""

import torch
from torch import Tensor

from normlab.errors import DataError, DtypeError, ShapeError
from normlab.tracing import values_known


def hide(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """x with masked places at 0, and the mask in x's shape."""
    if mask is None:
        return x, None
    if mask.dtype != torch.bool:
        raise DtypeError(f"mask is {mask.dtype}; it must be boolean, True where x is valid.")
    valid = mask
    if mask.dim() == x.dim() - 1 and mask.shape == x.shape[:1] + x.shape[2:]:
        valid = mask.unsqueeze(1)
    try:
        valid = valid.to(x.device).expand(x.shape)
    except RuntimeError as error:
        raise ShapeError(
            f"mask has shape {tuple(mask.shape)}, which fits neither x {tuple(x.shape)} nor its "
            f"batch and space {tuple(x.shape[:1] + x.shape[2:])}."
        ) from error
    return torch.where(valid, x, 0.0), valid


def check_valid(name: str, x: Tensor, mask: Tensor | None, empty: bool = False) -> None:
    """Refuse a mask that leaves nothing (unless `empty`), and NaN at places that it calls valid."""
    if mask is None:
        return
    _, valid = hide(x, mask)
    if valid is None or not values_known(x):
        return
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
            f"set mask to False there, or mend x."
        )
