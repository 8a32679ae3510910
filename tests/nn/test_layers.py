"""The layers torch has: same arguments, same state_dict, same numbers step by step."""

import copy
import inspect
import pickle

import pytest
import torch
from torch import nn as torchs

from cases import assert_close, example, of_torch
from normlab import nn

SHAPES = {2: (6, 4), 3: (5, 4, 6), 4: (3, 4, 3, 5), 5: (2, 4, 2, 3, 4)}
BATCH = {2: torchs.BatchNorm1d, 3: torchs.BatchNorm1d, 4: torchs.BatchNorm2d, 5: torchs.BatchNorm3d}
INSTANCE = {3: torchs.InstanceNorm1d, 4: torchs.InstanceNorm2d, 5: torchs.InstanceNorm3d}
PAIRS = {
    "BatchNorm": (nn.BatchNorm, torchs.BatchNorm2d, (4,)),
    "InstanceNorm": (nn.InstanceNorm, torchs.InstanceNorm2d, (4,)),
    "LayerNorm": (nn.LayerNorm, torchs.LayerNorm, ((3, 5),)),
    "RMSNorm": (nn.RMSNorm, torchs.RMSNorm, ((3, 5),)),
    "GroupNorm": (nn.GroupNorm, torchs.GroupNorm, (2, 4)),
    "LocalResponseNorm": (nn.LocalResponseNorm, torchs.LocalResponseNorm, (3,)),
}
by_pair = pytest.mark.parametrize(("ours", "theirs", "args"), PAIRS.values(), ids=PAIRS)

BATCH_OPTIONS = {
    "defaults": {},
    "cumulative": {"momentum": None},
    "momentum": {"momentum": 0.7},
    "no running statistics": {"track_running_stats": False},
    "not affine": {"affine": False},
    "no bias": {"bias": False},
    "eps": {"eps": 0.3},
}
INSTANCE_OPTIONS = {
    "defaults": {},
    "affine": {"affine": True},
    "no bias": {"affine": True, "bias": False},
    "running": {"track_running_stats": True},
    "running, momentum": {"track_running_stats": True, "momentum": 0.7, "affine": True},
    "running, no momentum": {"track_running_stats": True, "momentum": None},
    "eps": {"eps": 0.3},
}
MODES = [True, True, False, True, False, False, True]


def parameters(function):
    return {p.name: (p.default, p.kind) for p in inspect.signature(function).parameters.values()}


def steps(ours, theirs, shape):
    """Both layers through the same training and evaluation steps: outputs, gradients, buffers."""
    ours.load_state_dict(scrambled(theirs))
    theirs.load_state_dict(ours.state_dict())
    for seed, training in enumerate(MODES):
        ours.train(training), theirs.train(training)
        x, other = (example(shape, seed) * 2.0 + seed).requires_grad_(), None
        other = x.detach().clone().requires_grad_()
        y, expected = ours(x), theirs(other)
        assert_close(y, expected)
        (y**3).sum().backward(), (expected**3).sum().backward()
        assert_close(x.grad, other.grad)
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert_close(mine.grad, other.grad, pooled=x.numel() ** 2)  # terms that may cancel
        assert_equal_states(ours, theirs)
        ours.zero_grad(), theirs.zero_grad()


def scrambled(layer):
    """A state with other numbers than the initial ones, variances kept positive."""
    state = layer.state_dict()
    return {
        name: value if not value.is_floating_point() else example(value.shape, 9).abs() + 0.1
        for name, value in state.items()
    }


def assert_equal_states(ours, theirs):
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    for name in mine:
        assert mine[name].dtype == other[name].dtype
        assert_close(mine[name], other[name])


@by_pair
def test_constructor_arguments_are_torchs(ours, theirs, args):
    expected, actual = parameters(theirs), parameters(ours)
    assert [name for name in actual if name in expected] == list(expected)
    assert {name: actual[name] for name in expected} == expected
    assert isinstance(ours(*args), theirs.__mro__[1] if theirs.__name__[-1] == "d" else theirs)


@by_pair
def test_state_dict_loads_both_ways(ours, theirs, args):
    mine, other = ours(*args), theirs(*args)
    other.load_state_dict(scrambled(other))
    mine.load_state_dict(other.state_dict(), strict=True)
    assert_equal_states(mine, other)
    theirs(*args).load_state_dict(mine.state_dict(), strict=True)


@pytest.mark.proves("outside oracle", "batch")
@pytest.mark.parametrize("rank", SHAPES)
@pytest.mark.parametrize("options", BATCH_OPTIONS.values(), ids=BATCH_OPTIONS)
def test_batch_norm_step_by_step(rank, options):
    kind = options | {"dtype": torch.float64}
    steps(nn.BatchNorm(4, **kind), of_torch(BATCH[rank], 4, **kind), SHAPES[rank])


@pytest.mark.proves("outside oracle", "instance")
@pytest.mark.parametrize("rank", INSTANCE)
@pytest.mark.parametrize("options", INSTANCE_OPTIONS.values(), ids=INSTANCE_OPTIONS)
def test_instance_norm_step_by_step(rank, options):
    kind = options | {"dtype": torch.float64}
    steps(nn.InstanceNorm(4, **kind), of_torch(INSTANCE[rank], 4, **kind), SHAPES[rank])


@pytest.mark.parametrize("rank", INSTANCE)
@pytest.mark.parametrize("options", INSTANCE_OPTIONS.values(), ids=INSTANCE_OPTIONS)
def test_instance_norm_of_one_unbatched_sample(rank, options):
    kind = options | {"dtype": torch.float64}
    ours = nn.InstanceNorm(4, **kind, spatial_dims=rank - 2)
    steps(ours, of_torch(INSTANCE[rank], 4, **kind), SHAPES[rank][1:])
    steps(ours, of_torch(INSTANCE[rank], 4, **kind), SHAPES[rank])


OTHERS = {
    "LayerNorm": ("LayerNorm", ((3, 5),), [{}, {"elementwise_affine": False}, {"bias": False}]),
    "LayerNorm of a size": ("LayerNorm", (5,), [{}, {"eps": 0.3}]),
    "RMSNorm": ("RMSNorm", ((3, 5),), [{}, {"elementwise_affine": False}, {"eps": 0.3}]),
    "GroupNorm": ("GroupNorm", (2, 4), [{}, {"affine": False}, {"bias": False}]),
}


@pytest.mark.parametrize(("name", "args", "choices"), OTHERS.values(), ids=OTHERS)
def test_other_layers_step_by_step(name, args, choices):
    for options in choices:
        kind = options | {"dtype": torch.float64}
        theirs = of_torch(getattr(torchs, name), *args, **kind)
        steps(getattr(nn, name)(*args, **kind), theirs, SHAPES[4])


@pytest.mark.proves("outside oracle", "group")
@pytest.mark.parametrize("rank", SHAPES)
def test_group_norm_of_any_rank(rank):
    x = example(SHAPES[rank])
    kind = {"dtype": torch.float64}
    assert_close(nn.GroupNorm(2, 4, **kind)(x), torchs.GroupNorm(2, 4, **kind)(x))


@pytest.mark.proves("outside oracle", "local_response")
@pytest.mark.parametrize("rank", INSTANCE)
def test_local_response_norm_of_any_rank(rank):
    x = example(SHAPES[rank])
    for args in ((3,), (2, 0.5, 0.6, 2.0), (7, 1.0)):
        assert_close(nn.LocalResponseNorm(*args)(x), torchs.LocalResponseNorm(*args)(x))


def test_torchs_own_tools_see_a_batch_norm():
    loader = [example((8, 4), seed, torch.float32) + seed for seed in range(3)]
    model = torchs.Sequential(nn.BatchNorm(4))
    torch.optim.swa_utils.update_bn(loader, model)
    everything = torch.stack([batch.mean(0) for batch in loader]).mean(0)
    assert_close(model[0].running_mean, everything, dtype=torch.float32)
    synced = torchs.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(synced[0], torchs.SyncBatchNorm)


@by_pair
def test_copies_and_pickles(ours, theirs, args):
    layer = ours(*args)
    x = example(SHAPES[4], dtype=torch.float32)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(twin(x), layer(x))


@by_pair
def test_device_and_dtype(ours, theirs, args):
    if "dtype" not in parameters(ours):
        return
    layer = ours(*args, device="meta", dtype=torch.bfloat16)
    assert all(p.is_meta and p.dtype == torch.bfloat16 for p in layer.parameters())
    x = example(SHAPES[4], dtype=torch.float32).to(torch.bfloat16)
    assert ours(*args, dtype=torch.bfloat16)(x).dtype == torch.bfloat16


@pytest.mark.parametrize("mode", [True, False])
def test_an_empty_batch(mode):
    x = torch.empty(0, 4, 5)
    for layer in (nn.BatchNorm(4), nn.InstanceNorm(4), nn.LayerNorm(5), nn.RMSNorm(5)):
        layer.train(mode)
        assert layer(x).shape == x.shape
    assert nn.LocalResponseNorm(3)(x).shape == nn.GroupNorm(2, 4)(x).shape == x.shape
