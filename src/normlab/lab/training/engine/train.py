"""Training a cell: one body for networks side by side and for one alone."""

import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from normlab.errors import CheckError, NormlabError
from normlab.lab.training.engine.cell import Replica, Training
from normlab.lab.training.engine.data import Data, load
from normlab.lab.training.engine.group import stackable
from normlab.lab.training.engine.probes import PROBES
from normlab.lab.training.engine.run import Run

Arrays = dict[str, np.ndarray]
Tick = Callable[[int], None]

SIDE_BY_SIDE = 96  # networks in one program: more of them no longer pay
_VALUES = 2**21  # of a batch of all networks' examples
_TICK = 10  # steps between two reports of progress


def train(cell: Training, tick: Tick = lambda net_steps: None) -> Arrays:
    """Train the cell's networks → arrays whose first axis is `cell.replicas`.

    loss: (M, steps), of each training batch before its step, NaN from the step on at which it was not
    finite. diverged: (M,) that step, or −1. test_accuracy, test_loss and, if asked for, those of training
    (train_) and validation: (M, marks). And what the probes measured, (M, marks, …).
    """
    data, replicas = load(cell.data), cell.replicas
    found: list[Arrays] = []
    size = _side_by_side(cell, data, replicas[0])
    parts = math.ceil(len(replicas) / (size or 1))
    for part in range(parts):
        chunk = replicas[len(replicas) * part // parts : len(replicas) * (part + 1) // parts]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chunk[0].seed)  # for a reader's layer that draws while it is used
            found.append(follow(Run(cell, data, chunk, stacked=bool(size)), tick))
    return {name: np.concatenate([some[name] for some in found]) for name in found[0]}


def _side_by_side(cell: Training, data: Data, replica: Replica) -> int:
    """How many networks are trained as one program; 0 where each has to be trained alone."""
    first = Run(cell, data, [replica], stacked=False)
    x, y = first.batch(0)
    _check(first, x, y)
    if not (cell.stacked and stackable(first.group.network, x[0], y[0])):
        return 0
    return max(1, min(SIDE_BY_SIDE, _VALUES // (cell.batch_size * data.features)))


def _check(run: Run, x: Tensor, y: Tensor) -> None:
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


def follow(run: Run, tick: Tick = lambda net_steps: None) -> Arrays:
    """Make all steps, and measure at the marks what `train` gives."""
    cell, count = run.cell, len(run.replicas)
    loss = torch.full((count, cell.steps), torch.nan, dtype=run.dtype)
    diverged = torch.full((count,), -1)
    measured: defaultdict[str, list[Tensor]] = defaultdict(list)
    probes = [
        run.evaluate,
        *(PROBES[name](run, **options) for name, options in cell.probes.items()),
    ]
    for step in range(cell.steps):
        losses = run.advance()
        now = losses.isfinite() & run.alive
        diverged[(run.alive & ~now).cpu()] = step
        run.alive = now
        loss[:, step] = torch.where(now, losses, torch.nan).cpu()
        if run.step in cell.marks:
            for probe in probes:
                for name, value in probe().items():
                    measured[name].append(value.cpu())
        if run.step % _TICK == 0 or run.step == cell.steps:
            tick(count * ((run.step - 1) % _TICK + 1))
    found = {name: torch.stack(values, 1).numpy() for name, values in measured.items()}
    return {"loss": loss.numpy(), "diverged": diverged.numpy(), **found}
