"""Synchronised BatchNorm in training: second derivatives, DDP, checkpoints, transforms."""

import copy
import warnings

import torch
from test_layers import BATCH, assert_equal_states
from test_sync import (
    DOUBLE,
    MASKS,
    SPREADS,
    added,
    assert_alike,
    counted,
    masked_shards,
    over_valid,
    part_of,
    proves,
    randomised,
    shards,
)
from torch import nn as torchs
from torch.func import functional_call
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from cases import assert_close, example
from normlab import nn
from processes import across


def synced(**settings):
    return nn.BatchNorm(4, **({"process_group": "world"} | settings), **DOUBLE)


def penalty(y, x, *parameters):
    """A loss of gradients, so that its own gradients are second derivatives."""
    found = torch.autograd.grad((y**3).sum(), [x, *parameters], create_graph=True)
    return sum((g**2).sum() for g in found[:1]) + (y**2 * found[0]).sum()


@proves
@across(2, 4, over=SPREADS)
def test_second_derivatives(rank, size, counts):
    for space in ((), (3, 5)):
        parts = shards([max(n, 2) if n else 0 for n in counts[:size]], space)
        ours, theirs = randomised(synced()), randomised(BATCH[2 + len(space)](4, **DOUBLE))
        mine, whole = parts[rank].clone().requires_grad_(), torch.cat(parts).requires_grad_()
        penalty(ours(mine), mine).backward()
        penalty(theirs(whole), whole).backward()
        rounding = whole.numel() ** 3
        assert_close(mine.grad, whole.grad[part_of(parts, rank)], pooled=rounding)
        found, expected = (torch.cat([p.grad for p in a.parameters()]) for a in (ours, theirs))
        assert_close(added(found), expected, pooled=rounding)


@proves
@across(4, over=MASKS)
def test_second_derivatives_with_a_mask(rank, size, shares):
    parts, masks = masked_shards(shares, (3, 5))
    layer = randomised(synced())
    mine = parts[rank].nan_to_num(0.0).requires_grad_()
    whole = torch.cat(parts).nan_to_num(0.0).requires_grad_()
    weight, bias = (p.detach().clone().requires_grad_() for p in layer.parameters())
    penalty(layer(mine, masks[rank]), mine).backward()
    expected, *_ = over_valid(whole, torch.cat(masks).expand(whole.shape), weight, bias)
    penalty(expected, whole).backward()
    assert_close(mine.grad, whole.grad[part_of(parts, rank)], pooled=whole.numel() ** 3)
    assert_close(added(layer.weight.grad), weight.grad, pooled=whole.numel() ** 3)


class Net(torchs.Module):
    def __init__(self, norm, recompute=None):
        super().__init__()
        self.first, self.norm, self.last = (
            torchs.Conv1d(3, 4, 3, **DOUBLE),
            norm,
            torchs.Conv1d(4, 2, 3, **DOUBLE),
        )
        self.recompute = recompute

    def forward(self, x):
        def middle(a):
            return torch.relu(self.norm(a))

        a = self.first(x)
        a = middle(a) if self.recompute is None else checkpoint(middle, a, **self.recompute)
        return self.last(a)


def trained(net, x, target, share, steps=4):
    """Descend `share` times the sum of squares; the share undoes the averaging of DDP."""
    for _ in range(steps):
        (share * (net(x) - target).square().sum()).backward()
        with torch.no_grad():  # by hand: torch.optim takes seconds to import
            for p in net.parameters():
                p -= 0.05 * p.grad
        net.zero_grad()


RECOMPUTE = {
    "plain": None,
    "checkpoint": {"use_reentrant": False},
    "reentrant checkpoint": {"use_reentrant": True},
}


@proves
@across(2, over=RECOMPUTE)  # DistributedDataParallel takes seconds to import
def test_distributed_data_parallel(rank, size, recompute):
    torch.manual_seed(3)
    net = Net(synced(), recompute)
    whole = copy.deepcopy(net)
    whole.norm, whole.recompute = torchs.BatchNorm1d(4, **DOUBLE), None
    parts = [example((n, 3, 9), n) + n for n in (2, 5, 1, 3)[:size]]
    x = torch.cat(parts)
    target, here = example((len(x), 2, 5), 7), part_of(parts, rank)
    trained(whole, x, target, 1 / len(x))
    trained(DistributedDataParallel(net), x[here], target[here], size / len(x))
    for name, value in net.state_dict().items():
        assert_close(value, whole.state_dict()[name], pooled=x.numel() ** 2)
        assert torch.equal(added(value) / size, value)  # the same on every rank
    assert net.norm.num_batches_tracked == 4


@across(2, 4, over={"checkpoint": False, "reentrant checkpoint": True})
def test_a_checkpoint_updates_once(rank, size, reentrant):
    parts = shards((3, 0, 2, 4)[-size:], (5,))

    def run(layer):
        return lambda x: checkpoint(layer, x, use_reentrant=reentrant)

    ours = synced()
    mine, whole = parts[rank].clone().requires_grad_(), torch.cat(parts).requires_grad_()
    theirs = torchs.BatchNorm1d(4, **DOUBLE)
    with counted() as calls:
        y = run(ours)(mine)
        (y**3).sum().backward()
    assert calls == ["all_reduce"] * 3  # forward, forward again, backward
    (theirs(whole) ** 3).sum().backward()
    assert_close(mine.grad, whole.grad[part_of(parts, rank)], pooled=whole.numel() ** 2)
    assert_equal_states(ours, theirs)


@across(2)
def test_transforms_of_torch_func(rank, size):
    parts = shards((3, 2), (5,))
    ours, theirs = synced(track_running_stats=False), torchs.BatchNorm1d(4, **DOUBLE)
    whole = torch.cat(parts).requires_grad_()
    (theirs(whole) ** 3).sum().backward()

    def loss(parameters, x):
        return (functional_call(ours, parameters, x) ** 3).sum()

    parameters = dict(ours.named_parameters())
    by_name, gx = torch.func.grad(loss, argnums=(0, 1))(parameters, parts[rank])
    assert_close(gx, whole.grad[part_of(parts, rank)], pooled=whole.numel() ** 2)
    assert_close(added(by_name["weight"]), theirs.weight.grad, pooled=whole.numel() ** 2)
    pairs = [torch.stack([part, 2.0 * part]) for part in parts]
    expected = torch.stack([theirs(torch.cat(each)) for each in zip(*pairs, strict=True)])
    assert_close(torch.func.vmap(ours)(pairs[rank]), expected[:, part_of(parts, rank)])


@across(2)
def test_compiled(rank, size):
    ours, theirs = synced(), torchs.BatchNorm1d(4, **DOUBLE)
    ours.compile(backend="aot_eager")
    warnings.simplefilter("ignore", DeprecationWarning)  # the compiler's own
    assert_alike(ours, theirs, shards((3, 2), (5,)), rank, size)
