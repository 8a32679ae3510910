"""A probe of what enters one unit."""

import torch
from torch import Tensor

from normlab.lab.training.engine.run import Probe, Run


def percentiles(run: Run, tap: str, unit: int = 0) -> Probe:
    """The 15th, 50th and 85th percentiles of one unit's input over the test data: (M, 3)."""
    x, _ = run.test
    at = torch.tensor([0.15, 0.5, 0.85], device=x.device)

    def probe() -> dict[str, Tensor]:
        seen = run.group.watch(x, tap)[tap][..., unit]
        return {"percentiles": torch.quantile(seen, at, dim=1).T}

    return probe
