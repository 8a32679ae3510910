"""Whether a fix left the outputs as they were: both models side by side on the batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from normlab.doctor.patient import copy_of
from normlab.errors import NormlabError
from normlab.nn.modes import evaluating
from normlab.recalibration.batches import Batches, random_state_kept, tensors


@dataclass(frozen=True)
class Moved:
    """How far outputs in eval() moved: ‖after − before‖ / ‖before‖, None where they do not compare.

    own: in the model's dtype; exact: with the fix done in float64, where only the fix itself counts.
    dtype: the narrowest of the model's floating-point numbers.
    """

    own: float | None
    exact: float | None
    dtype: torch.dtype

    @property
    def tolerance(self) -> float:
        """√eps of the dtype: half of its digits.

        What a fix writes is rounded once more (eps), which layers make larger: by 10 to 1000 in networks
        that work at all. What is wrong with a fix moves outputs by parts of their size.
        """
        return float(torch.finfo(self.dtype).eps ** 0.5)

    @property
    def within(self) -> bool:
        """Whether the function is the same; in float64 to half of its digits, where that is known."""
        exact = self.exact is None or self.exact <= torch.finfo(torch.float64).eps ** 0.5
        return self.own is not None and self.own <= self.tolerance and exact


def moved(
    before: nn.Module,
    after: nn.Module,
    batches: Batches,
    again: Callable[[nn.Module], nn.Module] | None = None,
) -> Moved:
    """Compare two models; `again` does the same fix to another copy of the first, in float64."""
    own = difference(before, after, batches)
    exact = None
    if again is not None:
        try:
            wide = copy_of(before).double()
            exact = difference(wide, again(copy_of(wide)), batches, wide=True)
        except NormlabError:  # it works in a dtype of its own
            exact = None
    return Moved(own, exact, _narrowest(after))


def difference(
    before: nn.Module, after: nn.Module, batches: Batches, wide: bool = False
) -> float | None:
    """‖after − before‖ / ‖before‖ over all outputs in eval(); NaN in both places is the same."""
    off = size = 0.0
    for batch in batches:
        given = widened(batch) if wide else batch
        pair = [list(tensors(_run(model, batches, given))) for model in (before, after)]
        if not pair[0] or [t.shape for t in pair[0]] != [t.shape for t in pair[1]]:
            return None
        for old, new in zip(*pair, strict=True):
            both = old.isnan() & new.isnan()
            off += _square((new.double() - old.double()).masked_fill(both, 0.0))
            size += _square(old.double().masked_fill(both, 0.0))
    if off != off or off == float("inf"):
        return float("inf")
    return (off / size) ** 0.5 if size else float(off > 0)


def _square(x: Tensor) -> float:
    return float(x.abs().square().sum())


def _run(model: nn.Module, batches: Batches, batch: Any) -> Any:
    with torch.no_grad(), evaluating(model), random_state_kept(model):
        return batches.run(model, batch)


def widened(value: Any) -> Any:
    """Floating-point numbers in float64."""
    if isinstance(value, Tensor):
        return value.double() if value.is_floating_point() else value
    if isinstance(value, Mapping):
        return {name: widened(one) for name, one in value.items()}
    return [widened(one) for one in value] if isinstance(value, list | tuple) else value


def _narrowest(model: nn.Module) -> torch.dtype:
    held = [t.dtype for t in (*model.parameters(), *model.buffers()) if t.is_floating_point()]
    return max(held, key=lambda dtype: torch.finfo(dtype).eps, default=torch.float32)
