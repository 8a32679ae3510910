"""Every layer under DistributedDataParallel and FSDP2, in two real processes on the CPU."""

import copy

import pytest
import torch
from configurations import CONFIGURATIONS, SHAPE, C, layer_of
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from cases import assert_close, example, weighted
from processes import across

pytestmark = pytest.mark.slow
LEARNING = [
    name
    for name, make in CONFIGURATIONS.items()
    if any(p.requires_grad for p in make().parameters())
]
STEP = 0.01


def network(layer):
    net = nn.Sequential(nn.Conv2d(C, C, 1), layer_of(layer)).double()
    with torch.no_grad():
        net[0].weight.copy_(example(net[0].weight.shape, 7))
        net[0].bias.zero_()
    return net


def expected(layer, size):
    """The parameters after one step along the mean of what each process's batch says."""
    whole = network(layer)
    for rank in range(size):
        own = network(layer)
        (weighted(own(example(SHAPE, rank))) / size).backward()
        for value, mine in zip(whole.parameters(), own.parameters(), strict=True):
            if mine.grad is not None:
                value.data.sub_(mine.grad, alpha=STEP)
    return list(whole.parameters())


@pytest.mark.works("DDP", *LEARNING)
@across(2)
def test_distributed_data_parallel(rank, size):
    for layer in LEARNING:
        net = network(layer)
        parallel = DistributedDataParallel(net)
        weighted(parallel(example(SHAPE, rank))).backward()
        torch.optim.SGD(net.parameters(), STEP).step()
        for mine, other in zip(net.parameters(), expected(layer, size), strict=True):
            assert_close(mine, other)


@pytest.mark.works("FSDP2", *LEARNING)
@across(2)
def test_fully_sharded(rank, size):
    """Layer and network sharded, one step, and the whole parameters put together again."""
    mesh = init_device_mesh("cpu", (size,))
    for layer in LEARNING:
        net = network(layer)
        fully_shard(net[1], mesh=mesh)
        fully_shard(net, mesh=mesh)
        weighted(net(example(SHAPE, rank))).backward()
        torch.optim.SGD(net.parameters(), STEP).step()
        for mine, other in zip(net.parameters(), expected(layer, size), strict=True):
            assert_close(mine.full_tensor(), other)


@across(2)
def test_made_on_the_meta_device_and_sharded(rank, size):
    """Sharded before there is memory for it, then reset: as new."""
    mesh = init_device_mesh("cpu", (size,))
    for layer in LEARNING:
        with torch.device("meta"):
            net = CONFIGURATIONS[layer]()
        fully_shard(net, mesh=mesh)
        net.to_empty(device="cpu")
        for part in net.modules():
            if any(True for _ in (*part.parameters(False), *part.buffers(False))):
                part.reset_parameters()
        new = copy.deepcopy(CONFIGURATIONS[layer]())
        for mine, other in zip(net.parameters(), new.parameters(), strict=True):
            assert torch.equal(mine.full_tensor(), other), layer
        for mine, other in zip(net.buffers(), new.buffers(), strict=True):
            assert torch.equal(mine, other), layer
