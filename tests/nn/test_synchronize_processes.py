"""Converted models in real processes against the model in one."""

import copy
import pickle

import pytest
import torch
import torch.distributed as dist
from test_sync import DOUBLE, added, counted, part_of, proves
from test_synchronize import NORMS, OfTheGroup, network
from torch import nn as torchs
from torch.nn.parallel import DistributedDataParallel

from cases import assert_close, example
from normlab import nn
from normlab.errors import SettingError
from processes import across


def trained(net, x, target, share, own=lambda gradient: gradient):
    """A few steps downhill; `own` makes the gradients of this process those of all."""
    for _ in range(3):
        loss = share * (net(x) - target).square().sum()
        found = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for p, gradient in zip(net.parameters(), found, strict=True):
                p -= 0.05 * own(gradient)


@proves
@across(2, 4, over=NORMS)
def test_a_network_in_processes_is_the_network_in_one(rank, size, norm):
    net, whole = network(norm), network(norm)
    parts = [example((n, 3, 6, 6), n) + n for n in (2, 4, 1, 3)[:size]]
    x = torch.cat(parts)
    target, here = example((len(x), 6), 7), part_of(parts, rank)
    optimised = list(map(id, net.parameters()))
    nn.synchronize(net)
    assert list(map(id, net.parameters())) == optimised
    trained(whole, x, target, 1 / len(x))
    trained(net, x[here], target[here], 1 / len(x), added)
    for name, value in net.state_dict().items():
        assert_close(value, whole.state_dict()[name], pooled=x.numel() ** 3)
    assert_close(net.eval()(x), whole.eval()(x), pooled=x.numel() ** 3)
    back = nn.desynchronize(net)
    back.train(), whole.load_state_dict(back.state_dict()), whole.train()
    with counted() as calls:
        assert torch.equal(back(x), whole(x))
    assert not calls


@across(2)
def test_torchs_synchronised_layers_work_on_the_cpu(rank, size):
    parts = [example((n, 4, 5), n) + n for n in (2, 5)]
    net = torchs.Sequential(torchs.SyncBatchNorm(4, **DOUBLE), OfTheGroup(4, **DOUBLE))
    net = nn.synchronize(net)
    theirs = torchs.Sequential(torchs.BatchNorm1d(4, **DOUBLE), torchs.BatchNorm1d(4, **DOUBLE))
    assert_close(net(parts[rank]), theirs(torch.cat(parts))[part_of(parts, rank)] + 1.0)
    assert [norm.process_group for norm in net] == ["world", "world"]
    DistributedDataParallel(net[:1])
    copies = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
    for twin in copies:
        expected = theirs(torch.cat(parts))[part_of(parts, rank)] + 1.0
        assert_close(twin(parts[rank]), expected)
        assert isinstance(twin[1], OfTheGroup)
        theirs.load_state_dict(net.state_dict())


@across(2)
def test_a_group_given_or_kept(rank, size):
    group = dist.new_group([0, 1])
    mine = torchs.SyncBatchNorm(4, process_group=group)
    net = torchs.Sequential(mine, nn.BatchNorm(4, process_group=group), torchs.BatchNorm2d(4))
    assert [n.process_group for n in nn.synchronize(net)] == [group, group, "world"]
    assert [n.process_group for n in nn.synchronize(net, "world")] == ["world"] * 3
    assert [n.process_group for n in nn.synchronize(net, group)] == [group] * 3
    copy.deepcopy(net)
    with pytest.raises(
        SettingError, match="a layer with a ProcessGroup of its own cannot be pickled"
    ):
        pickle.dumps(net)
