"""Networks side by side learn as each alone, and as a loop written by hand with torch's own parts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from normlab.errors import CheckError
from normlab.lab.training.engine import norms
from normlab.lab.training.engine.cell import DIGITS, Origin, Training
from normlab.lab.training.engine.data import load, split
from normlab.lab.training.engine.group import stackable
from normlab.lab.training.engine.networks import initialize
from normlab.lab.training.engine.run import Run
from normlab.lab.training.engine.train import SIDE_BY_SIDE, train

SMALL = Training(
    steps=12,
    seeds=(0, 3),
    lrs=(0.05, 0.5),
    marks=(6, 12),
    options={"width": 12, "depth": 2},
    dtype="float64",
    watch_training=True,
)
ROUNDING = 1e-9  # float64, a dozen steps of networks that do not amplify more than this
# where a gradient is 0 but for rounding, Adam divides that rounding by its eps of 1e-8, in each step
OF_ADAM = SMALL.steps * max(SMALL.lrs) * 2.0**-52 / 1e-8


def alone(cell, replica):
    return replace(
        cell, seeds=(replica.seed,), lrs=(replica.lr,), scales=(replica.scale,), stacked=False
    )


@pytest.mark.parametrize("norm", ["none", "batch", "layer", "group", "rms", "divisive", "lrn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_stack_is_each_alone(norm, optimizer):
    cell = replace(SMALL, norm=Origin(norm), optimizer=optimizer, momentum=0.9)
    together, allowed = train(cell), OF_ADAM if optimizer == "adam" else ROUNDING
    for i, replica in enumerate(cell.replicas):
        for name, value in train(alone(cell, replica)).items():
            np.testing.assert_allclose(together[name][i], value[0], rtol=allowed, atol=allowed)


def test_dropout_draws_the_same_for_each():
    cell = replace(SMALL, options={**SMALL.options, "dropout": 0.4})
    together, without = train(cell), train(SMALL)
    for i, replica in enumerate(cell.replicas):
        np.testing.assert_allclose(
            together["loss"][i], train(alone(cell, replica))["loss"][0], ROUNDING
        )
    assert abs(together["loss"] - without["loss"]).max() > 0.01


@pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
        ("adam", lambda p: torch.optim.Adam(p, 0.05)),
    ],
)
def test_one_is_a_plain_loop(optimizer, theirs):
    """torch's layers, torch's optimisers, an index for each batch: nothing of the engine but the data."""
    cell = replace(
        SMALL, norm=Origin("batch"), optimizer=optimizer, momentum=0.9, seeds=(5,), lrs=(0.05,)
    )
    data = load(DIGITS)
    part = split(data, 5, cell.folds)
    scaled = ((data.x - part.mean) / part.std).flatten(1)
    parts = [nn.Linear(64, 12), nn.BatchNorm1d(12), nn.ReLU()]
    parts += [nn.Linear(12, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10)]
    network = nn.Sequential(*parts)
    initialize(network, 5, 1.0)
    network.double()
    generator = torch.Generator().manual_seed(2**32 + 5)
    order = part.train[torch.randperm(len(part.train), generator=generator)]
    optimizer_ = theirs(network.parameters())
    losses = []
    for step in range(cell.steps):
        chosen = order[32 * step : 32 * step + 32]
        loss = nn.functional.cross_entropy(network(scaled[chosen].double()), data.y[chosen])
        optimizer_.zero_grad()
        loss.backward()
        optimizer_.step()
        losses.append(loss.item())
    network.eval()
    right = network(scaled[part.test].double()).argmax(1) == data.y[part.test]
    found = train(cell)
    np.testing.assert_allclose(found["loss"][0], losses, rtol=ROUNDING)
    assert found["test_accuracy"][0, -1] == pytest.approx(right.float().mean().item(), abs=1e-6)


def test_first_weights_are_he_times_the_scale():
    network = nn.Sequential(nn.Linear(400, 300), nn.BatchNorm1d(300))
    initialize(network, 1, 10.0)
    spread = network[0].weight.std().item()
    assert spread == pytest.approx(10 * (2 / 400) ** 0.5, rel=0.01)
    assert network[0].bias.abs().max() == 0


def test_a_diverging_network_is_recorded_and_leaves_the_others_alone():
    cell = replace(SMALL, lrs=(0.05, 1e20), dtype="float32", steps=40, marks=(40,))
    found = train(cell)
    diverged = found["diverged"].reshape(2, 2)
    assert (diverged[0] == -1).all() and (diverged[1] > 0).all()
    at = diverged[1, 0]
    assert np.isfinite(found["loss"][2, :at]).all() and np.isnan(found["loss"][2, at:]).all()
    assert found["test_accuracy"][:2].min() > 0.3 and found["test_accuracy"][2:].max() == 0
    calm = train(replace(cell, lrs=(0.05,)))
    np.testing.assert_allclose(found["loss"][:2], calm["loss"], rtol=1e-3)


REFUSES = """
import torch

class Refuses(torch.nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x) if x.mean().item() > -1e9 else x
"""


def test_what_vmap_refuses_is_trained_alone(tmp_path):
    """A layer that reads a number out of a tensor cannot be vmapped; batch norm's numbers are as ever."""
    file = tmp_path / "refuses.py"
    file.write_text(REFUSES)
    cell = replace(SMALL, norm=norms.source(f"{file}:Refuses"))
    first = Run(cell, load(DIGITS), cell.replicas[:1], stacked=False)
    x, y = first.batch(0)
    assert not stackable(first.group.network, x[0], y[0])
    ours = train(replace(cell, norm=Origin("batch")))
    for name, value in train(cell).items():
        np.testing.assert_allclose(value, ours[name], rtol=1e-6, atol=1e-6)


def test_a_layer_that_cannot_be_used_says_so(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "import torch\n\nclass Narrow(torch.nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n\n"
        "    def forward(self, x):\n        return x[:, :3]\n"
    )
    with pytest.raises(
        CheckError, match="norm Narrow cannot be used in the network mlp: RuntimeError"
    ):
        train(replace(SMALL, norm=norms.source(f"{file}:Narrow")))


def test_more_networks_than_fit_side_by_side():
    """In two programs they are what they are in one: compare the last, which is in the second."""
    cell = replace(SMALL, seeds=tuple(range(SIDE_BY_SIDE + 2)), lrs=(0.05,), steps=2, marks=(2,))
    last = replace(cell, seeds=(SIDE_BY_SIDE + 1,))
    np.testing.assert_allclose(train(cell)["loss"][-1], train(last)["loss"][0], rtol=ROUNDING)


def test_same_cell_same_numbers():
    first, second = train(SMALL), train(SMALL)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
