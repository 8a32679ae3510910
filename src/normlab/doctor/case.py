"""What rules look at: the layers of a model, and what was seen of them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from normlab.recognition import Recognised

if TYPE_CHECKING:
    from normlab.doctor.graph import Graph
    from normlab.doctor.observing import Observed
    from normlab.doctor.seen import Seen

USUAL_EPS = 1e-5  # torch's, where a state_dict does not say


@dataclass(eq=False)
class Layer:
    """A normaliser: a module that was recognised, or what a state_dict holds of one.

    names: all paths at which the model has it, the first is `name`. seen: what it took in, in eval();
    seen_training: the same with every layer before it normalising by the batch; seen_dropout: the same as
    `seen`, with dropout on.
    """

    names: tuple[str, ...]
    module: nn.Module | None = None
    found: Recognised | None = None
    mean: Tensor | None = None
    var: Tensor | None = None
    weight: Tensor | None = None
    bias: Tensor | None = None
    eps: float = USUAL_EPS
    seen: "Seen | None" = None
    seen_training: "Seen | None" = None
    seen_dropout: "Seen | None" = None

    @property
    def name(self) -> str:
        return self.names[0] or "(the model)"

    @property
    def row(self) -> str:
        return "batch" if self.found is None else self.found.row.name

    @property
    def tracks(self) -> bool:
        """Whether it holds running statistics."""
        return self.mean is not None and self.var is not None

    @property
    def frozen(self) -> bool:
        """Whether it keeps its statistics in training too."""
        return self.found is not None and self.found.frozen

    @property
    def by_batch(self) -> bool:
        """Whether it normalises by the batch in training."""
        return self.row == "batch" and not self.frozen

    @property
    def kind(self) -> str:
        return "batch norm" if self.found is None else self.found.words

    @property
    def gain(self) -> Tensor | None:
        """One factor for each channel, or None for 1."""
        gain = self.weight if self.found is None else self.found.gain
        return None if gain is None else gain.detach().double().flatten()

    def statistics(self) -> tuple[Tensor, Tensor]:
        """The running mean and variance in float64, one number for each channel."""
        assert self.mean is not None and self.var is not None
        return self.mean.detach().double().flatten(), self.var.detach().double().flatten()


@dataclass(eq=False)
class Case:
    """A model, or a state_dict alone (then `model` is None), and whatever was seen of it.

    training: whether any part of the model was in training mode when it was handed over. processes: of
    how many the batches of a DistributedDataParallel model are.
    """

    layers: list[Layer]
    model: nn.Module | None = None
    observed: "Observed | None" = None
    optimizer: Any = None
    training: bool = False
    processes: int = 1
    not_examined: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def tracking(self) -> list[Layer]:
        """Layers that hold running statistics of the batch, all finite."""
        return [layer for layer in self.layers if layer.tracks and layer.row == "batch"]

    @property
    def sound(self) -> list[Layer]:
        """Those of them whose statistics are numbers that can be used."""
        return [layer for layer in self.tracking if usable(layer)]

    @cached_property
    def graph(self) -> "Graph | None":
        """Which module feeds which; None where the model cannot be traced."""
        if self.model is None:
            return None
        from normlab.doctor.graph import graph_of

        kept = self.observed.kept if self.observed is not None else None
        leaves = [layer.module for layer in self.layers if layer.module is not None]
        return graph_of(self.model, kept, leaves)


def usable(layer: Layer) -> bool:
    mean, var = layer.statistics()
    return bool(torch.isfinite(mean).all() and torch.isfinite(var).all() and (var >= 0).all())
