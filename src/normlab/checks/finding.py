"""One line of a check: what was compared, by how much it may differ, and what a difference means."""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

Outcome = Literal["agrees", "differs", "remark", "does not apply"]


@dataclass(frozen=True)
class Finding:
    """Sizes are the largest difference and what rounding allows at that place.

    A remark is no mistake: digits or speed that are lost where another implementation would keep them.
    """

    check: str
    outcome: Outcome
    difference: float | None = None
    allowed: float | None = None
    meaning: str = ""


def compared(
    check: str, actual: Tensor, expected: Tensor, allowed: Tensor, meaning: str
) -> Finding:
    """Element by element; the place that exceeds its allowance most is reported."""
    off = (actual.detach().double() - expected.detach()).abs()
    allowed = allowed.detach().expand(off.shape)
    if not off.numel():
        return Finding(check, "does not apply", meaning="there is nothing to compare.")
    excess = torch.where(
        off.isnan(), torch.inf, off / allowed.clamp_min(torch.finfo(off.dtype).tiny)
    )
    at = excess.flatten().argmax()
    fine = bool(excess.flatten()[at] <= 1)
    if not bool(actual.isfinite().all()) and bool(expected.isfinite().all()):
        what = check if check.startswith("gradient") else "y"
        meaning = f"{what} is NaN or infinite: an intermediate result is too large for its dtype."
    sizes = off.flatten()[at].item(), allowed.flatten()[at].item()
    return Finding(check, "agrees" if fine else "differs", *sizes, "" if fine else meaning)


def told(check: str, fine: bool, meaning: str) -> Finding:
    """A yes or no."""
    return Finding(check, "agrees" if fine else "differs", meaning="" if fine else meaning)


def remarked(found: Finding) -> Finding:
    """A difference as a remark."""
    return replace(found, outcome="remark") if found.outcome == "differs" else found


def without(check: str, why: str) -> Finding:
    return Finding(check, "does not apply", meaning=why)
