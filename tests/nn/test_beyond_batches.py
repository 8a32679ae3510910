"""Ghost, frozen and renormalised batches against torch, and their papers' formulas in its operations."""

from functools import partial

import pytest
import torch
from torch import nn

from cases import assert_all_close, assert_close, example
from normlab.nn import BatchNorm, beyond

SHAPES = {3: (5, 4, 6), 4: (3, 4, 3, 5), 5: (2, 4, 2, 3, 4)}
by_any_rank = pytest.mark.parametrize("shape", [(6, 4), *SHAPES.values()], ids=[2, *SHAPES])


def scrambled(layer, seed=0):
    """The layer in float64, its parameters and statistics positive and all different."""
    layer = layer.double()
    for value in layer.state_dict().values():
        if value.is_floating_point():
            seed += 10
            value.copy_(0.3 + 0.5 * example(value.shape, seed).abs())
    return layer


STEPS = [True, True, False, True, False]


def run(layer, x):
    x = x.clone().requires_grad_()
    y = layer(x)
    (y**3).sum().backward()
    found = y.detach(), x.grad, *(p.grad.clone() for p in layer.parameters())
    layer.zero_grad()
    return found


@by_any_rank
@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"affine": False}, {"bias": False}])
def test_one_ghost_batch_is_batch_norm(shape, options):
    kind = options | {"dtype": torch.float64}
    ghost, batch = beyond.GhostBatchNorm(4, 8, **kind), BatchNorm(4, **kind)
    for seed, training in enumerate(STEPS):
        ghost.train(training), batch.train(training)
        x = example(shape, seed) + seed
        assert_all_close(run(ghost, x), run(batch, x), pooled=x.numel() ** 2)
    assert list(ghost.state_dict()) == list(batch.state_dict())
    assert_all_close(ghost.state_dict().values(), batch.state_dict().values())


@by_any_rank
@pytest.mark.parametrize("momentum", [0.1, 0.3, None])
def test_ghost_batches_are_torchs_batch_norm_called_in_turn(shape, momentum):
    theirs = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    batch = theirs[len(shape)](4, momentum=momentum, dtype=torch.float64)
    ghost = beyond.GhostBatchNorm(4, 2, momentum=momentum, dtype=torch.float64)
    x = example((7, *shape[1:])) + torch.arange(7.0).view(7, *[1] * (len(shape) - 1)).double()
    assert_close(ghost(x), torch.cat([batch(part) for part in x.split([3, 2, 2])]))
    assert_all_close(ghost.state_dict().values(), batch.state_dict().values())
    assert ghost.num_batches_tracked == 3
    assert_close(ghost.eval()(x), batch.eval()(x))


def test_the_running_mean_of_ghost_batches_is_the_papers_sum():
    layer, x = beyond.GhostBatchNorm(1, 2, momentum=0.25), torch.tensor([0.0, 2.0, 4.0, 8.0])
    layer(x.view(4, 1))
    assert layer.running_mean.item() == 0.75 * 0.25 * 1.0 + 0.25 * 6.0  # (1−η)·η·μ₁ + η·μ₂
    assert layer.running_var.item() == 0.75**2 + 0.75 * 0.25 * 2.0 + 0.25 * 8.0


def test_a_ghost_batch_without_a_valid_element_learns_nothing():
    layer, x = beyond.GhostBatchNorm(1, 2, momentum=0.5), torch.tensor([[1.0], [3.0], [9.0], [9.0]])
    y = layer(x, mask=torch.tensor([[True], [True], [False], [False]]))
    assert_close(y.flatten(), [-1.0, 1.0, 0.0, 0.0], pooled=1e4, dtype=torch.float32)
    assert (layer.running_mean.item(), layer.running_var.item()) == (1.0, 1.5)


@by_any_rank
@pytest.mark.parametrize("training", [True, False])
def test_frozen_is_batch_norm_in_evaluation(shape, training):
    batch = scrambled(BatchNorm(4, eps=1e-3)).eval()
    frozen = beyond.FrozenBatchNorm.from_batch_norm(batch).train(training)
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    assert_close(frozen(example(shape)), batch(example(shape)))
    assert_all_close(frozen.state_dict().values(), before.values())
    assert not list(frozen.parameters())


def test_frozen_keeps_numbers_of_its_own():
    batch = scrambled(nn.BatchNorm2d(4, affine=False))
    frozen = beyond.FrozenBatchNorm.from_batch_norm(batch)
    batch.running_mean.zero_()
    assert bool((frozen.running_mean != 0).all())
    assert (frozen.weight.tolist(), frozen.bias.tolist()) == ([1.0] * 4, [0.0] * 4)


def test_frozen_has_the_state_dict_of_torchvision_and_loads_a_batch_norms():
    names = ["weight", "bias", "running_mean", "running_var"]
    batch, frozen = nn.Sequential(scrambled(nn.BatchNorm2d(4))), beyond.FrozenBatchNorm(4)
    assert list(frozen.state_dict()) == names
    model = nn.Sequential(frozen.double())
    state = batch.state_dict()
    assert model.load_state_dict(state, strict=True).missing_keys == []
    assert "0.num_batches_tracked" in state
    assert_close(model(example(SHAPES[4])), batch.eval()(example(SHAPES[4])))


def over_channels(value, rank):
    return value.view(-1, *[1] * (rank - 2))


def renorm(x, layer, state, rmax, dmax):
    """Algorithm 1 of the paper in torch's own operations: y, and the new μ and σ."""
    mu, sigma = state["running_mean"], state["running_std"]
    dims = [d for d in range(x.dim()) if d != 1]
    over = partial(over_channels, rank=x.dim())
    mean = x.mean(dims)
    std = (x.var(dims, correction=0) + layer.eps).sqrt()
    r = (std / sigma).clamp(1 / rmax, rmax).detach()
    d = ((mean - mu) / sigma).clamp(-dmax, dmax).detach()
    y = over(layer.weight) * ((x - over(mean)) / over(std) * over(r) + over(d)) + over(layer.bias)
    return y, mu + layer.momentum * (mean - mu), sigma + layer.momentum * (std - sigma)


@by_any_rank
@pytest.mark.parametrize("limits", [(3.0, 5.0), (1.2, 0.3), (1.0, 0.0)])
def test_batch_renorm_is_algorithm_1(shape, limits):
    layer = scrambled(beyond.BatchRenorm(4, momentum=0.2, schedule=None))
    layer.rmax, layer.dmax = limits
    x = (2.0 * example(shape) + 1.0).requires_grad_()
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    values = x, layer.weight, layer.bias
    y = layer(x)
    expected, mean, std = renorm(x, layer, state, *limits)
    assert_close(y, expected)
    found, wanted = (torch.autograd.grad((a**3).sum(), values) for a in (y, expected))
    assert_all_close(found, wanted, pooled=x.numel() ** 2)
    assert_all_close((layer.running_mean, layer.running_std), (mean, std))
    layer.eval()
    over = partial(over_channels, rank=x.dim())
    kept = (x - over(layer.running_mean)) / over(layer.running_std)
    assert_close(layer(x), over(layer.weight) * kept + over(layer.bias))


@by_any_rank
def test_batch_renorm_without_leeway_is_batch_norm(shape):
    layer = scrambled(beyond.BatchRenorm(4, rmax=1.0, dmax=0.0))
    batch = BatchNorm(4, dtype=torch.float64)
    batch.load_state_dict(layer.state_dict(), strict=False)
    x = example(shape) + 1.0
    assert_all_close(run(layer, x), run(batch, x), pooled=x.numel() ** 2)
    assert_close(
        layer.running_mean, 0.99 / 0.9 * (batch.running_mean - 0.1 * mean_of(x)) + 0.01 * mean_of(x)
    )


def mean_of(x):
    return x.movedim(1, 0).flatten(1).mean(1)


def test_batch_renorm_gives_within_its_limits_what_evaluation_gives():
    layer = beyond.BatchRenorm(4, rmax=1e3, dmax=1e3, schedule=None, momentum=0.0).double()
    x = example(SHAPES[4]) + 0.5
    assert_close(layer(x), layer.eval()(x))


@pytest.mark.parametrize(("name", "neutral"), [("weight", 1.0), ("bias", 0.0)])
def test_batch_renorm_without_its_weight_or_bias_alone_takes_the_other(name, neutral):
    layer, other = (scrambled(beyond.BatchRenorm(4, schedule=None)) for _ in range(2))
    setattr(layer, name, None)
    with torch.no_grad():
        getattr(other, name).fill_(neutral)
    x = example(SHAPES[4]) + 0.5
    assert_close(layer(x), other(x))


PLAN = {0: (1, 0), 5_000: (1, 0), 15_000: (11 / 7, 2.5), 25_000: (15 / 7, 5), 40_000: (3, 5)}


@pytest.mark.parametrize(("step", "limits"), PLAN.items())
def test_the_limits_rise_as_in_the_paper(step, limits):
    layer = beyond.BatchRenorm(4)
    layer.num_batches_tracked.fill_(step)
    assert_all_close(layer.limits, limits, dtype=torch.float32)


def test_the_limits_can_be_set_at_any_time():
    layer = beyond.BatchRenorm(4, schedule=(0, 2, 4), rmax=2.0, dmax=8.0)
    found = []
    for seed in range(5):
        found.append(tuple(limit.item() for limit in layer.limits))
        layer(example((6, 4), seed, torch.float32))
    assert found == [(1.0, 0.0), (1.5, 2.0), (2.0, 4.0), (2.0, 6.0), (2.0, 8.0)]
    layer.schedule, layer.rmax = None, 1.5
    assert [limit.item() for limit in layer.limits] == [1.5, 8.0]


def test_a_channel_without_a_valid_element_keeps_its_statistics():
    layer, mask = scrambled(beyond.BatchRenorm(4)), torch.ones(6, 4, dtype=torch.bool)
    mask[:, 2] = False
    before = layer.running_mean.clone(), layer.running_std.clone()
    assert bool((layer(example((6, 4)), mask=mask)[:, 2] == 0).all())
    for old, new in zip(before, (layer.running_mean, layer.running_std), strict=True):
        assert (old == new).tolist() == [False, False, True, False]
