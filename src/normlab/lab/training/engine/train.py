"""Training a cell: one body for networks side by side and for one alone."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from normlab.errors import CheckError, DataError, NormlabError
from normlab.lab.training.engine.cell import Member, Training
from normlab.lab.training.engine.data import Data, load, split
from normlab.lab.training.engine.group import Group, in_parts, stackable
from normlab.lab.training.engine.networks import build, initialize
from normlab.lab.training.engine.optimizers import OPTIMIZERS
from normlab.lab.training.engine.probes import PROBES

Arrays = dict[str, np.ndarray]
Tick = Callable[[int], None]

SIDE_BY_SIDE = 96  # networks in one program: more of them no longer pay
_VALUES = 2**21  # of a batch of all networks' examples
_TICK = 10  # steps between two reports of progress


def train(cell: Training, tick: Tick = lambda net_steps: None) -> Arrays:
    """Train the cell's networks → arrays whose first axis is `cell.members`.

    loss: (M, steps), of each training batch before its step, NaN from the step on at which it was not
    finite. diverged: (M,) that step, or −1. test_accuracy, test_loss and, if asked for, train_accuracy,
    train_loss: (M, marks). And what the probes measured, (M, marks, …).
    """
    data, members = load(cell.data), cell.members
    found: list[Arrays] = []
    size = _side_by_side(cell, data, members[0])
    for begin in range(0, len(members), size or 1):
        chunk = members[begin : begin + (size or 1)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chunk[0].seed)  # for a reader's layer that draws while it is used
            found.append(Run(cell, data, chunk, stacked=bool(size)).arrays(tick))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _side_by_side(cell: Training, data: Data, member: Member) -> int:
    """How many networks are trained as one program; 0 where each has to be trained alone."""
    first = Run(cell, data, [member], stacked=False)
    x, y = first.batch(0)
    _check(first, x, y)
    if not (cell.stacked and stackable(first.group.network, x[0], y[0])):
        return 0
    return max(1, min(SIDE_BY_SIDE, _VALUES // (cell.batch_size * data.features)))


def _check(run: "Run", x: Tensor, y: Tensor) -> None:
    """Try one step of one network: what fails then is the reader's layer."""
    try:
        run.group.gradients(x, y)
        run.group.outputs(x)
    except NormlabError:
        raise
    except Exception as error:
        raise CheckError(
            f"norm {run.cell.norm.name} cannot be used in the network {run.cell.network}: "
            f"{type(error).__name__}: {error}. It must take (N, C, *) and keep its shape."
        ) from error


class Run:
    """Some of a cell's networks under training; probes look at its attributes."""

    def __init__(self, cell: Training, data: Data, members: Sequence[Member], stacked: bool):
        self.cell, self.data, self.members = cell, data, members
        self.device, self.dtype = torch.device(cell.device), getattr(torch, cell.dtype)
        self.group = Group([self._network(member) for member in members], stacked)
        self.splits = [split(data, member.seed, cell.train) for member in members]
        self.generators = [torch.Generator().manual_seed(2**32 + m.seed) for m in members]
        self.lr = torch.tensor([m.lr for m in members], device=self.device, dtype=self.dtype)
        self.optimizer = OPTIMIZERS[cell.optimizer](self.group.parameters, self.lr, cell.momentum)
        self.alive = torch.ones(len(members), dtype=torch.bool, device=self.device)
        self.step = 0  # how many have been made
        self._epochs: list[list[Tensor]] = []

    def _network(self, member: Member) -> torch.nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(member.seed)  # for a reader's layer that draws its first parameters
            network = build(self.cell, self.data)
        initialize(network, member.seed, member.scale, self.cell.std)
        return network.to(self.device, self.dtype)

    def arrays(self, tick: Tick) -> Arrays:
        cell = self.cell
        loss = torch.full((len(self.members), cell.steps), torch.nan, dtype=self.dtype)
        diverged = torch.full((len(self.members),), -1)
        measured: defaultdict[str, list[Tensor]] = defaultdict(list)
        probes = [PROBES[name](self, **options) for name, options in cell.probes.items()]
        for step in range(cell.steps):
            losses = self._advance()
            now = losses.isfinite() & self.alive
            diverged[(self.alive & ~now).cpu()] = step
            self.alive = now
            loss[:, step] = torch.where(now, losses, torch.nan).cpu()
            if self.step in cell.marks:
                self._evaluate(measured)
                for probe in probes:
                    for name, value in probe().items():
                        measured[name].append(value.cpu())
            if self.step % _TICK == 0 or self.step == cell.steps:
                tick(len(self.members) * ((self.step - 1) % _TICK + 1))
        found = {name: torch.stack(values, 1).numpy() for name, values in measured.items()}
        return {"loss": loss.numpy(), "diverged": diverged.numpy(), **found}

    def _advance(self) -> Tensor:
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
            self._epochs.append([self._order(i) for i in range(len(self.members))])
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
    def trained(self) -> tuple[Tensor, Tensor]:
        return self.examples(torch.stack([s.train for s in self.splits]))

    def _evaluate(self, measured: defaultdict[str, list[Tensor]]) -> None:
        parts = {"test": self.test}
        if self.cell.watch_training:
            parts["train"] = self.trained
        for name, (x, y) in parts.items():
            accuracy, loss = self.score(x, y)
            measured[f"{name}_accuracy"].append((accuracy * self.alive).cpu())
            measured[f"{name}_loss"].append(loss.cpu())

    def score(self, x: Tensor, y: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Accuracy and mean cross-entropy of each network; answers that are not finite are wrong."""
        parts = in_parts(len(self.members), x.shape[1])
        width = parts.step
        outputs = torch.cat([self.group.outputs(x[:, b : b + width], training) for b in parts], 1)
        right = (outputs.argmax(-1) == y) & outputs.isfinite().all(-1)
        loss = -outputs.log_softmax(-1).gather(-1, y[..., None])[..., 0]
        return right.float().mean(1), loss.mean(1)
