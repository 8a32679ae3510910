"""Networks of a cell under training, step by step; whoever makes the steps may look at them."""

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from normlab.errors import DataError
from normlab.lab.training.engine.cell import Replica, Training
from normlab.lab.training.engine.data import Data, split
from normlab.lab.training.engine.group import Group, in_parts
from normlab.lab.training.engine.networks import build, initialize
from normlab.lab.training.engine.optimizers import OPTIMIZERS

Probe = Callable[[], dict[str, Tensor]]  # made for a `Run`: name → (M, …)


class Run:
    """Some of a cell's networks under training; probes look at its attributes."""

    def __init__(self, cell: Training, data: Data, replicas: Sequence[Replica], stacked: bool):
        self.cell, self.data, self.replicas = cell, data, replicas
        self.device, self.dtype = torch.device(cell.device), getattr(torch, cell.dtype)
        own = bool(cell.norm.path)  # a reader's layer may do something else at each step
        replayed = stacked and self.device.type == "cpu" and not own
        networks = [self._network(replica) for replica in replicas]
        self.group = Group(networks, stacked, replayed)
        self.splits = [
            split(data, m.seed, cell.folds, cell.train, cell.validated) for m in replicas
        ]
        self.generators = [torch.Generator().manual_seed(2**32 + m.seed) for m in replicas]
        self.lr = torch.tensor([m.lr for m in replicas], device=self.device, dtype=self.dtype)
        self.optimizer = OPTIMIZERS[cell.optimizer](self.group.parameters, self.lr, cell.momentum)
        self.alive = torch.ones(len(replicas), dtype=torch.bool, device=self.device)
        self.step = 0  # how many have been made
        self._epochs: list[list[Tensor]] = []

    def _network(self, replica: Replica) -> torch.nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(replica.seed)  # for a reader's layer that draws its first parameters
            network = build(self.cell, self.data)
        initialize(network, replica.seed, replica.scale, self.cell.std)
        return network.to(self.device, self.dtype)

    def advance(self) -> Tensor:
        """One step of every network that has not diverged; their losses before it."""
        self.group.draw(self.generators)
        self.x, self.y = self.batch(self.step)
        losses, gradients = self.group.gradients(self.x, self.y)
        moving = self.alive & losses.isfinite()
        if not moving.all():
            gradients = {
                n: torch.where(moving.reshape(-1, *[1] * (g.ndim - 1)), g, torch.zeros_like(g))
                for n, g in gradients.items()
            }
        self.gradient = gradients
        self.optimizer.step(gradients)
        self.step += 1
        return losses

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step: (M, batch, …) and its classes (M, batch); each epoch in a new order."""
        examples = len(self.splits[0].train)
        per_epoch = examples // self.cell.batch_size
        if not per_epoch:
            raise DataError(
                f"{examples} examples to train on given; batches of {self.cell.batch_size} need as many: "
                f"give more data."
            )
        epoch, place = divmod(step, per_epoch)
        while len(self._epochs) <= epoch:
            self._epochs.append([self._order(i) for i in range(len(self.replicas))])
        begin = place * self.cell.batch_size
        chosen = torch.stack([o[begin : begin + self.cell.batch_size] for o in self._epochs[epoch]])
        return self.examples(chosen)

    def _order(self, i: int) -> Tensor:
        train = self.splits[i].train
        return train[torch.randperm(len(train), generator=self.generators[i])]

    def examples(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Examples by index (M, n), scaled by each network's own training part."""
        x = self.data.x[chosen]
        if self.cell.standardize:
            mean, std = self._scaling
            x = (x - mean) / std
        return x.to(self.device, self.dtype), self.data.y[chosen].to(self.device)

    @cached_property
    def _scaling(self) -> tuple[Tensor, Tensor]:
        mean = torch.stack([s.mean for s in self.splits])
        std = torch.stack([s.std for s in self.splits])
        return mean[:, None], std[:, None]

    @cached_property
    def test(self) -> tuple[Tensor, Tensor]:
        return self.examples(torch.stack([s.test for s in self.splits]))

    @cached_property
    def validation(self) -> tuple[Tensor, Tensor]:
        return self.examples(torch.stack([s.validation for s in self.splits]))

    @cached_property
    def trained(self) -> tuple[Tensor, Tensor]:
        return self.examples(torch.stack([s.train for s in self.splits]))

    def evaluate(self) -> dict[str, Tensor]:
        """Accuracy and loss on the test data, and on training and validation data if the cell asks: (M,)."""
        parts = {"test": self.test}
        if self.cell.watch_training:
            parts["train"] = self.trained
        if self.cell.validated:
            parts["validation"] = self.validation
        found: dict[str, Tensor] = {}
        for name, (x, y) in parts.items():
            accuracy, loss = self.score(x, y)
            found |= {f"{name}_accuracy": accuracy * self.alive, f"{name}_loss": loss}
        return found

    def score(self, x: Tensor, y: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Accuracy and mean cross-entropy of each network; answers that are not finite are wrong."""
        parts = in_parts(len(self.replicas), x.shape[1])
        width = parts.step
        outputs = torch.cat([self.group.outputs(x[:, b : b + width], training) for b in parts], 1)
        right = (outputs.argmax(-1) == y) & outputs.isfinite().all(-1)
        loss = -outputs.log_softmax(-1).gather(-1, y[..., None])[..., 0]
        return right.float().mean(1), loss.mean(1)
