"""What is measured of networks under training, at the marks of their cell."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from normlab.lab.training.engine import evaluating, transformer
from normlab.lab.training.engine.landscape import entering, gradient_shift, landscape

if TYPE_CHECKING:
    from normlab.lab.training.engine.train import Run

Probe = Callable[[], dict[str, Tensor]]  # name → (M, …)


def percentiles(run: "Run", tap: str, unit: int = 0) -> Probe:
    """The 15th, 50th and 85th percentiles of one unit's input over the test data: (M, 3)."""
    x, _ = run.test
    at = torch.tensor([0.15, 0.5, 0.85], device=x.device)

    def probe() -> dict[str, Tensor]:
        seen = run.group.watch(x, tap)[tap][..., unit]
        return {"percentiles": torch.quantile(seen, at, dim=1).T}

    return probe


PROBES: dict[str, Callable[..., Probe]] = {
    "percentiles": percentiles,
    "modes": evaluating.modes,
    "last_batch": evaluating.last_batch,
    "contrasts": evaluating.contrasts,
    "sparsity": evaluating.sparsity,
    "padding": transformer.padding,
    "landscape": landscape,
    "gradient_shift": gradient_shift,
    "entering": entering,
}
