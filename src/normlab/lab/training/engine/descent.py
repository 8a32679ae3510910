"""Softmax regression by gradient descent and by Adam, on inputs as they come and standardised."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from normlab.lab.training.engine.cell import Origin
from normlab.lab.training.engine.data import load, split
from normlab.lab.training.engine.optimizers import OPTIMIZERS

Arrays = dict[str, np.ndarray]
_TICK = 50
_WATCHED = 1000  # so many steps are made in any case, for the curve of the loss


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Softmax regressions from zero weights, float64, whole training part: one for each rate and seed.

    lrs: () for gradient descent at the rate 1/L, L the largest curvature there can be. target: the loss
    that is to be reached, of the loss at the start; steps: after how many to give up.
    """

    computed_by: ClassVar[str] = "normlab.lab.training.engine.descent:descend"

    data: Origin
    standardize: bool
    optimizer: str
    seeds: tuple[int, ...]
    steps: int
    folds: int = 3
    lrs: tuple[float, ...] = ()
    target: float = 0.25

    @property
    def net_steps(self) -> int:
        return self.steps * len(self.seeds) * max(1, len(self.lrs))


def descend(cell: Descent, tick: Callable[[int], None] = lambda net_steps: None) -> Arrays:
    """reached: (rates × seeds) steps to the target, infinite if never. loss: the same × places, at the
    steps `places`, which end where all have reached it. condition: (seeds) of the Gram matrix.

    The loss is convex; its Hessian is at most ½ XᵀX/N (Böhning 1992), so 1/L = 2/λ_max(XᵀX/N).
    """
    x, y, classes = _examples(cell)
    eigenvalues = torch.linalg.eigvalsh(x.mT @ x / x.shape[1])
    found: Arrays = {"condition": condition(eigenvalues).numpy()}
    lr = 2 / eigenvalues[:, -1]
    if cell.lrs:
        lr = torch.tensor(cell.lrs, dtype=torch.float64).repeat_interleave(len(x))
        x, y = x.repeat(len(cell.lrs), 1, 1), y.repeat(len(cell.lrs), 1)
    return found | _descend(cell, x, y, classes, lr, tick)


def condition(eigenvalues: Tensor) -> Tensor:
    """Largest over smallest of the eigenvalues that are not 0 within rounding; (…, F) ascending.

    >>> condition(torch.tensor([[0.0, 2.0, 8.0]]))
    tensor([4.])
    """
    least = eigenvalues[..., -1:] * eigenvalues.shape[-1] * torch.finfo(eigenvalues.dtype).eps
    positive = torch.where(eigenvalues > least, eigenvalues, torch.inf)
    return eigenvalues[..., -1] / positive.amin(-1)


def _examples(cell: Descent) -> tuple[Tensor, Tensor, int]:
    """Each seed's training part with a constant feature for the bias: (S, N, F + 1), and (S, N)."""
    data = load(cell.data)
    parts, labels = [], []
    for seed in cell.seeds:
        part = split(data, seed, cell.folds)
        x = data.x[part.train]
        if cell.standardize:
            x = (x - part.mean) / part.std
        parts.append(torch.nn.functional.pad(x.flatten(1).double(), (0, 1), value=1.0))
        labels.append(data.y[part.train])
    return torch.stack(parts), torch.stack(labels), len(data.classes)


def _descend(
    cell: Descent, x: Tensor, y: Tensor, classes: int, lr: Tensor, tick: Callable[[int], None]
) -> Arrays:
    weights = {"weight": torch.zeros(len(x), x.shape[2], classes, dtype=torch.float64)}
    optimizer = OPTIMIZERS[cell.optimizer](weights, lr)
    wanted = torch.nn.functional.one_hot(y, classes).double()
    places = np.unique(np.geomspace(1, cell.steps, 80).astype(int))
    reached = torch.full((len(x),), math.inf, dtype=torch.float64)
    curve = []
    for step in range(1, cell.steps + 1):
        log_p = (x @ weights["weight"]).log_softmax(-1)
        loss = -(log_p * wanted).sum(-1).mean(-1)
        new = reached.isinf() & (loss <= cell.target * math.log(classes))
        reached[new] = step - 1
        if step in places:
            curve.append(loss)
        optimizer.step({"weight": x.mT @ (log_p.exp() - wanted) / x.shape[1]})
        if step % _TICK == 0 or step == cell.steps:
            tick(len(x) * ((step - 1) % _TICK + 1))
        if step >= _WATCHED and step % _TICK == 0 and not reached.isinf().any():
            tick(len(x) * (cell.steps - step))
            break
    loss = torch.stack(curve, 1).numpy()
    return {"reached": reached.numpy(), "loss": loss, "places": places[: len(curve)]}
