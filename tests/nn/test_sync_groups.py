"""Which processes belong together, what they exchange, and what they refuse together."""

import copy
import functools
import pickle
import re

import pytest
import torch
import torch.distributed as dist
from test_layers import assert_equal_states
from test_sync import (
    DOUBLE,
    assert_alike,
    counted,
    part_of,
    randomised,
    shards,
)
from torch import nn as torchs

from cases import assert_close, exact, example
from normlab import nn
from normlab.errors import DataError, NormlabError, SettingError, ShapeError
from processes import across

NAME = "BatchNorm(num_features=4)"
NOTHING = f"{NAME}: no process of the group has a valid element; give at least one of them data."
COMPILED = functools.partial(torch.compile, backend="eager")
LONE = (
    f"{NAME}: channel 0 has one valid element, whose variance is 0; in training give at least 2, or "
    "set single='running' to use running statistics."
)


def synced(**settings):
    return nn.BatchNorm(4, **({"process_group": "world"} | settings), **DOUBLE)


@across(2, 4)
def test_one_all_reduce_each_way(rank, size):
    x = shards((3,) * size, (5,))[rank].requires_grad_()
    mask = torch.ones(x.shape, dtype=torch.bool)
    for args in ((x,), (x, mask)):
        with counted() as calls:
            y = synced()(*args)
        assert calls == ["all_reduce"]
        with counted() as calls:
            y.sum().backward()
        assert calls == ["all_reduce"]
    with counted() as calls:
        synced()(x.detach()).sum().backward()
    assert calls == ["all_reduce"]  # without a gradient of x there is nothing to exchange


@across(2)
def test_evaluation_makes_no_call(rank, size):
    for layer in (synced().eval(), synced(track_running_stats=False).eval()):
        x = example((3 + rank, 4, 5))
        with counted() as calls:
            y = layer(x)
        twin = torchs.BatchNorm1d(4, track_running_stats=layer.track_running_stats, **DOUBLE)
        assert_close(y, twin.eval()(x))
        assert not calls


@across(1)
def test_one_process_makes_no_call(rank, size):
    with counted() as calls:
        assert_alike(synced(), torchs.BatchNorm1d(4, **DOUBLE), shards((3,), (5,)), rank, size)
    assert calls.count("all_reduce") == 2  # those of the comparison


@across(4)
def test_a_group_pools_its_members_only(rank, size):
    pairs = [dist.new_group([0, 1]), dist.new_group([2, 3])]
    parts = shards((3, 2, 1, 4), (5,))
    members = [0, 1] if rank < 2 else [2, 3]
    layer, theirs = synced(process_group=pairs[rank // 2]), torchs.BatchNorm1d(4, **DOUBLE)
    expected = theirs(torch.cat([parts[r] for r in members]))
    assert_close(layer(parts[rank]), expected[part_of([parts[r] for r in members], rank % 2)])
    assert_equal_states(layer, theirs)
    outside, alone = synced(process_group=pairs[1 - rank // 2]), torchs.BatchNorm1d(4, **DOUBLE)
    assert_close(outside(parts[rank]), alone(parts[rank]))
    assert_equal_states(outside, alone)


@across(2)
def test_copies_and_pickles_of_a_layer_with_a_group(rank, size):
    group = dist.new_group([0, 1])
    layer = synced(process_group=group)
    assert copy.deepcopy(layer).process_group is group
    with pytest.raises(SettingError, match=exact(UNPICKLED)):
        pickle.dumps(layer)
    parts = shards((3, 2), (5,))
    expected = torchs.BatchNorm1d(4, **DOUBLE)(torch.cat(parts))[part_of(parts, rank)]
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(synced()))):
        assert_close(twin(parts[rank]), expected)


UNPICKLED = (
    "a layer with a ProcessGroup of its own cannot be pickled, since the group means nothing "
    "elsewhere; save its state_dict, or set process_group='world' first."
)


def refusal(error, text, layer, *args):
    """The error in full words, on this rank and in the group still usable afterwards."""
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(error, match=exact(text)):
        layer(*args)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


@across(2, 4)
def test_nothing_anywhere_is_refused_on_every_rank(rank, size):
    x = example((3, 4, 5))
    refusal(DataError, NOTHING, synced(), x[:0])
    refusal(DataError, NOTHING, synced(), x, torch.zeros(3, 5, dtype=torch.bool))
    refusal(DataError, NOTHING, synced(single="running"), x[: 3 * rank], x[: 3 * rank] > 1e9)


@across(2, 4)
def test_one_element_in_the_whole_group(rank, size):
    x = example((1, 4) if rank == size - 1 else (0, 4)).requires_grad_()
    refusal(ShapeError, LONE, synced(), x)
    layer = randomised(synced(single="running"))
    layer.running_mean.fill_(0.5), layer.running_var.fill_(2.0)
    y, theirs = layer(x), copy.deepcopy(layer).eval()
    assert_close(y, theirs(x))
    (g,), (expected,) = (torch.autograd.grad((a**3).sum(), x) for a in (y, theirs(x)))
    assert_close(g, expected)
    assert_equal_states(layer, theirs)


def test_without_processes_it_is_not_synchronised():
    ours, theirs = synced(), torchs.BatchNorm1d(4, **DOUBLE)
    x = example((3, 4, 5))
    assert_close(ours(x), theirs(x))
    assert_equal_states(ours, theirs)
    twins = copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))
    assert [twin.process_group for twin in twins] == ["world", "world"]
    assert all(torch.equal(twin.eval()(x), ours.eval()(x)) for twin in twins)


def test_an_unknown_group_is_refused():
    text = (
        "process_group='bogus' given; it must be 'world', a torch.distributed ProcessGroup, or None "
        "to use each process's own batch."
    )
    with pytest.raises(SettingError, match=exact(text)):
        nn.BatchNorm(4, process_group="bogus")
    layer = nn.BatchNorm(4)
    with pytest.raises(NormlabError, match=re.escape("process_group='bogus' given")):
        layer.process_group = "bogus"


@pytest.mark.parametrize("how", [lambda f: f, COMPILED], ids=["batch-plain", "batch-compiled"])
def test_one_masked_sample_takes_the_running_statistics(how):
    layer, x = randomised(synced(single="running")), example((1, 4))
    layer.running_mean.fill_(0.5), layer.running_var.fill_(2.0)
    mask, expected = torch.tensor([[True, False, True, True]]), copy.deepcopy(layer).eval()(x)
    assert_close(how(layer)(x, mask), torch.where(mask, expected, 0.0))
    assert layer.num_batches_tracked == 0
