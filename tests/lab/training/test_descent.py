"""The regression's steps against a loop with autograd, and against the linear theory."""

from dataclasses import replace

import numpy as np
import torch

from normlab.lab.training.engine.cell import Origin
from normlab.lab.training.engine.data import load, split
from normlab.lab.training.engine.descent import Descent, descend

CELL = Descent(
    data=Origin("breast-cancer"), standardize=True, optimizer="sgd", seeds=(0, 1), steps=60
)


def plain(seed, optimizer, lr, steps):
    """Losses of torch's own cross-entropy, linear layer and optimiser."""
    data = load(CELL.data)
    part = split(data, seed, CELL.folds)
    x = ((data.x[part.train] - part.mean) / part.std).double()
    layer = torch.nn.Linear(x.shape[1], 2).double()
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    stepper = optimizer(layer.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(layer(x), data.y[part.train])
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return x, np.array(losses)


def test_gradient_descent_is_torchs():
    found = descend(CELL)
    x, _ = plain(1, torch.optim.SGD, 0.1, 1)
    design = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    values = torch.linalg.svdvals(design).square() / len(x)
    np.testing.assert_allclose(found["condition"][1], values.max() / values.min(), rtol=1e-6)
    _, losses = plain(1, torch.optim.SGD, 2 / values.max().item(), CELL.steps)
    np.testing.assert_allclose(found["loss"][1], losses[found["places"] - 1], rtol=1e-9)
    assert found["reached"][1] == np.argmax(losses <= 0.25 * np.log(2))


def test_adam_is_torchs_at_each_rate():
    cell = replace(CELL, optimizer="adam", lrs=(0.01, 0.1), steps=30)
    found = descend(cell)
    for i, lr in enumerate(cell.lrs):
        _, losses = plain(1, torch.optim.Adam, lr, 30)
        np.testing.assert_allclose(found["loss"][2 * i + 1], losses[found["places"] - 1], rtol=1e-7)


def test_the_rate_is_stable_on_raw_inputs_and_never_arrives():
    found = descend(replace(CELL, standardize=False))
    assert (np.diff(found["loss"], axis=1) < 0).all()
    assert np.isinf(found["reached"]).all()
    assert (found["condition"] > 1e6).all()
