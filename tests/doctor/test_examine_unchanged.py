"""Examining changes nothing: parameters, buffers, gradients, modes, hooks and random numbers, hashed."""

import hashlib
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from normlab.doctor import examine
from normlab.errors import DataError


class Net(nn.Module):
    """Dropout, a tracked instance norm, a shared batch norm, and a plain tensor that it writes to."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.first, self.again = nn.BatchNorm2d(4), nn.InstanceNorm2d(4, track_running_stats=True)
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(4, 2)
        self.plain = torch.zeros(3)
        self.fails_after = 10**9

    def forward(self, x):
        self.plain += 1
        self.fails_after -= 1
        if self.fails_after < 0:
            raise RuntimeError("no more")
        y = self.first(self.first(self.conv(x)).relu())
        return self.head(self.drop(self.again(y).mean((2, 3))))


def sums(model, generator):
    """One hash of everything that could have been changed."""
    held = hashlib.sha256()
    named = [*model.named_parameters(), *model.named_buffers(), ("plain", model.plain)]
    for name, value in named:
        held.update(name.encode() + value.detach().numpy().tobytes() + bytes([value.requires_grad]))
        held.update(str(id(value)).encode())
        held.update(b"" if value.grad is None else value.grad.numpy().tobytes())
    for part in model.modules():
        hooks = [
            list(part._forward_hooks),
            list(part._forward_pre_hooks),
            list(part._backward_hooks),
        ]
        held.update(repr((type(part).__name__, part.training, hooks)).encode())
    states = torch.get_rng_state().numpy(), generator.get_state().numpy(), np.random.get_state()[1]
    for state in states:
        held.update(np.asarray(state).tobytes())
    held.update(repr(random.getstate()).encode())
    return held.hexdigest()


def network(training):
    torch.manual_seed(0)
    model = Net()
    model(torch.randn(8, 1, 6, 6)).sum().backward()
    model.first.register_forward_hook(lambda *_: None)
    model.train(training)
    model.again.train(not training)
    return model


def loader(n=48):
    generator = torch.Generator().manual_seed(3)
    data = TensorDataset(torch.randn(n, 1, 6, 6), torch.zeros(n))
    return DataLoader(data, 8, shuffle=True, generator=generator), generator


@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_changed(training):
    model, (batches, generator) = network(training), loader()
    before = sums(model, generator)
    report = examine(model, batches)
    assert report.batches == 6
    assert sums(model, generator) == before


@pytest.mark.parametrize("after", [0, 1, 3, 8, 20])
def test_nothing_is_changed_by_a_failure_half_way(after):
    model, (batches, generator) = network(True), loader()
    model.fails_after = after
    before = sums(model, generator)
    with pytest.raises(DataError, match=r"Net does not run on a batch .*no more"):
        examine(model, batches)
    assert sums(model, generator) == before


def test_a_poisonous_batch_leaves_the_statistics():
    model = nn.Sequential(nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = examine(model.train(), [torch.full((4, 3), float("inf"))])
    assert "NRM310" in [finding.code for finding in report.findings]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_same_twice():
    model, (batches, _) = network(True), loader()
    assert examine(model, batches).to_json() == examine(model, batches).to_json()
