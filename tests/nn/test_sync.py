"""BatchNorm over real processes against one process that sees the batches of all of them."""

import contextlib

import pytest
import torch
import torch.distributed as dist
from test_layers import BATCH, assert_equal_states
from torch import nn as torchs

import processes
from cases import assert_close, example, of_torch
from normlab import nn
from normlab.functional import batch_norm_with_stats
from processes import across

proves = pytest.mark.proves("sync", "batch")
DOUBLE = {"dtype": torch.float64}
SPREADS = {
    "equal": (3, 3, 3, 3),
    "unequal": (1, 4, 2, 7),
    "one each": (1, 1, 1, 1),
    "an empty rank": (0, 5, 2, 3),
    "all on the last": (0, 6, 0, 6),
}
SPACES = {"table": (), "signal": (6,), "image": (3, 5), "volume": (2, 3, 2)}
COLLECTIVES = ("all_reduce", "all_gather", "all_gather_into_tensor", "broadcast", "reduce")
MASKS = {
    "different counts": (0.9, 0.2, 0.6, 0.4),
    "a rank without valid elements": (0.0, 0.7, 0.3, 0.5),
    "one rank only": (0.0, 0.8, 0.0, 0.0),
}


def shards(counts, space, seed=0, dtype=torch.float64):
    """One batch for each rank, of another mean and spread on each."""
    sizes = [(count, 4, *space) for count in counts]
    return [example(size, seed + r, dtype) * (1.0 + r) + 2.0 * r for r, size in enumerate(sizes)]


def part_of(parts, rank):
    start = sum(map(len, parts[:rank]))
    return slice(start, start + len(parts[rank]))


def added(value):
    """The sum over all ranks, made without the package."""
    total = value.detach().clone()
    dist.all_reduce(total)
    return total


@contextlib.contextmanager
def counted():
    """The collectives that are called meanwhile, by name."""
    calls, kept = [], {name: getattr(dist, name) for name in COLLECTIVES}
    for name, function in kept.items():
        setattr(dist, name, lambda *a, n=name, f=function, **k: (calls.append(n), f(*a, **k))[1])
    try:
        yield calls
    finally:
        for name, function in kept.items():
            setattr(dist, name, function)


def randomised(layer, seed=9):
    with torch.no_grad():
        for value in layer.parameters():
            value.copy_(example(value.shape, seed))
    return layer


def assert_alike(ours, theirs, parts, rank, size):
    """One step of a layer in each process, and of another on the whole batch: all that comes out."""
    mine, whole = parts[rank].clone().requires_grad_(), torch.cat(parts).requires_grad_()
    y, expected, here = ours(mine), theirs(whole), part_of(parts, rank)
    (y**3).sum().backward(), (expected**3).sum().backward()
    assert_close(y, expected[here])
    assert mine.grad.is_contiguous() == y.is_contiguous() == mine.is_contiguous()
    assert_close(mine.grad, whole.grad[here], pooled=whole.numel() ** 2)
    for value, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(added(value.grad), other.grad, pooled=whole.numel() ** 2)
    assert_equal_states(ours, theirs)


@proves
@across(2, 4, over=SPREADS)
def test_any_spread_of_the_batch(rank, size, counts):
    for space in SPACES.values():
        ours = randomised(nn.BatchNorm(4, process_group="world", **DOUBLE))
        theirs = randomised(BATCH[2 + len(space)](4, **DOUBLE))
        for seed in range(2):
            assert_alike(ours, theirs, shards(counts[:size], space, seed), rank, size)
        x = example((2, 4, *space))
        assert_close(ours.eval()(x), theirs.eval()(x))


@proves
@across(2, 4)
def test_channels_last(rank, size):
    ours = nn.BatchNorm(4, process_group="world", **DOUBLE)
    parts = [x.to(memory_format=torch.channels_last) for x in shards((2, 3, 1, 4)[:size], (3, 5))]
    assert_alike(ours, torchs.BatchNorm2d(4, **DOUBLE), parts, rank, size)


OPTIONS = {
    "cumulative": {"momentum": None},
    "momentum": {"momentum": 0.7},
    "no running statistics": {"track_running_stats": False},
    "not affine": {"affine": False},
    "no bias": {"bias": False},
    "eps": {"eps": 0.3},
}


@across(2, over=OPTIONS)
def test_every_option(rank, size, options):
    ours = nn.BatchNorm(4, process_group="world", **options, **DOUBLE)
    theirs = of_torch(torchs.BatchNorm2d, 4, **options, **DOUBLE)
    for seed in range(3):
        assert_alike(ours, theirs, shards((2, 3), (3, 5), seed), rank, size)


def over_valid(x, valid, weight, bias, eps=1e-5):
    """(y, mean, unbiased variance) over the valid elements, in plain operators."""
    dims, shape = (0, *range(2, x.dim())), (1, -1, *[1] * (x.dim() - 2))
    count = valid.sum(dims)
    a = torch.where(valid, x, 0.0)
    mean = a.sum(dims) / count
    d = torch.where(valid, a - mean.view(shape), 0.0)
    m2 = d.square().sum(dims)
    y = d / (m2 / count + eps).sqrt().view(shape) * weight.view(shape) + bias.view(shape)
    return torch.where(valid, y, 0.0), mean.detach(), (m2 / (count - 1)).detach()


def masked_shards(shares, space):
    parts = shards([4] * len(shares), space)
    chances = [
        torch.rand(x[:, :1].shape, generator=torch.Generator().manual_seed(5)) for x in parts
    ]
    masks = [chance < share for chance, share in zip(chances, shares, strict=True)]
    for x, mask in zip(parts, masks, strict=True):
        x.masked_fill_(~mask, torch.nan)
    return parts, masks


@proves
@across(2, 4, over=MASKS)
def test_masks(rank, size, shares):
    for space in ((6,), (3, 5)):
        parts, masks = masked_shards(shares[:size], space)
        layer = randomised(nn.BatchNorm(4, process_group="world", **DOUBLE))
        mine, whole = parts[rank].clone().requires_grad_(), torch.cat(parts).requires_grad_()
        valid = torch.cat(masks).expand(whole.shape)
        weight, bias = (p.detach().clone().requires_grad_() for p in layer.parameters())
        expected, mean, var = over_valid(whole, valid, weight, bias)
        y, here = layer(mine, masks[rank][:, 0] if rank else masks[rank]), part_of(parts, rank)
        (y**3).sum().backward(), (expected**3).sum().backward()
        assert_close(y, expected[here])
        assert_close(mine.grad, whole.grad[here], pooled=whole.numel() ** 2)
        assert_close(added(layer.weight.grad), weight.grad, pooled=whole.numel() ** 2)
        assert_close(added(layer.bias.grad), bias.grad, pooled=whole.numel() ** 2)
        assert_close(layer.running_mean, 0.1 * mean)
        assert_close(layer.running_var, 0.9 + 0.1 * var)
        assert layer.num_batches_tracked == 1


@across(2)
def test_a_channel_valid_nowhere_keeps_its_statistics(rank, size):
    parts = shards((3, 4), (5,))
    mask = torch.tensor([True, False, True, True]).view(1, 4, 1)
    layer = nn.BatchNorm(4, process_group="world", **DOUBLE)
    y = layer(parts[rank], mask)
    theirs = torchs.BatchNorm1d(4, **DOUBLE)
    expected = theirs(torch.cat(parts))[part_of(parts, rank)]
    assert_close(y, torch.where(mask, expected, 0.0))
    keeps = torch.tensor([False, True, False, False])
    assert_close(layer.running_mean, theirs.running_mean.masked_fill(keeps, 0.0))
    assert_close(layer.running_var, theirs.running_var.masked_fill(keeps, 1.0))


@proves
@across(2, 4, over={"the same mean": 0.0, "another mean on each rank": 3.0})
def test_float32_far_from_zero(rank, size, apart):
    """16 roundings of float32 are allowed; E[x²] − E[x]² in float32 would be wrong by 8."""
    parts = [example((8, 4, 30, 30), r) * 0.1 + 1e4 + apart * r for r in range(size)]
    parts = [x.float() for x in parts]
    layer = nn.BatchNorm(4, momentum=1.0, process_group="world")
    y, whole = layer(parts[rank]), torch.cat(parts).double()
    theirs = torchs.BatchNorm2d(4, momentum=1.0, **DOUBLE)
    assert_close(y, theirs(whole)[part_of(parts, rank)].float(), pooled=1, dtype=torch.float32)
    assert_close(layer.running_mean / 1e4, theirs.running_mean.float() / 1e4, 1, torch.float32)
    ratio = layer.running_var.double() / theirs.running_var
    assert_close(ratio, torch.ones(4).double(), pooled=1, dtype=torch.float32)


@across(2, over={"bfloat16": torch.bfloat16, "float16": torch.float16})
def test_half_input(rank, size, kind):
    parts = [x.to(kind) for x in shards((3, 4), (5, 5))]
    layer, theirs = nn.BatchNorm(4, process_group="world"), torchs.BatchNorm2d(4)
    y, expected = layer(parts[rank]), theirs(torch.cat(parts).float())[part_of(parts, rank)]
    assert y.dtype == kind
    assert (y.float() - expected).abs().max() <= torch.finfo(kind).eps * expected.abs().max()
    assert_close(layer.running_var, theirs.running_var, dtype=torch.float32)


@proves
@across(2, 4)
def test_as_a_function(rank, size):
    parts = shards((3, 1, 2, 4)[:size], (5,))
    theirs = torchs.BatchNorm1d(4, **DOUBLE)
    expected = theirs(torch.cat(parts))[part_of(parts, rank)]
    running = torch.zeros(4, **DOUBLE), torch.ones(4, **DOUBLE)
    y, mean, var, count = batch_norm_with_stats(parts[rank], *running, process_group="world")
    assert_close(y, expected)
    assert_close(mean, theirs.running_mean)
    assert_close(var, theirs.running_var)
    assert count == 1 and not running[0].any() and bool((running[1] == 1).all())


def test_a_failure_in_a_process_is_reported(tmp_path):
    def fails():
        raise ValueError("only here")

    text = processes.answer(fails, f"file://{tmp_path}/store", 0, 1)
    assert text.startswith("Traceback") and text.endswith("ValueError: only here\n")
    assert not dist.is_initialized()


def test_a_process_that_never_answers_is_reported(tmp_path):
    (tmp_path / "jobs.json").write_text('["other", "job"]')
    (tmp_path / "errors-1.txt").write_text("killed by a signal")
    (tmp_path / "1-0.txt").write_text("")
    (found,) = processes.failures(tmp_path, "job", 2)
    assert found == f"rank 1 of 2: {processes.SILENT}\nkilled by a signal"
