"""Batch norm over valid elements and over processes, its moments by the C++ kernels, against float64."""

import pytest
import torch
import torch.distributed as dist
from built import by_set, needs_kernels

import normlab
from cases import example
from normlab import nn
from normlab.kernels import batch, native
from processes import across

pytestmark = needs_kernels
EPS = 1e-5
# sums in float32 of at most some thousand values about their mean, then one rounding to the dtype
TOLERANCE = {torch.float64: 1e-12, torch.float32: 4e-6, torch.bfloat16: 8e-3, torch.float16: 1e-3}
by_dtype = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
LAYOUTS = {"planes": torch.contiguous_format, "channels_last": torch.channels_last}
by_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
SHAPE = (5, 18, 9, 11)


def drawn(layout, dtype, mean=0.3, seed=4):
    x = (example(SHAPE, seed).double() * 2 + mean).to(dtype)
    return x.contiguous(memory_format=layout)


def chosen(channels=1):
    generator = torch.Generator().manual_seed(8)
    return torch.rand((SHAPE[0], channels, *SHAPE[2:]), generator=generator) > 0.4


def over_valid(x, valid, weight, bias):
    """y over the valid elements in float64, by plain operators."""
    shape, dims = (1, -1, 1, 1), (0, 2, 3)
    count = valid.sum(dims).view(shape)
    mean = torch.where(valid, x, 0.0).sum(dims).view(shape) / count
    d = torch.where(valid, x - mean, 0.0)
    var = d.square().sum(dims).view(shape) / count
    y = d / (var + EPS).sqrt() * weight.view(shape) + bias.view(shape)
    return torch.where(valid, y, 0.0)


def slopes(function, x, weight, bias, g):
    given = [a.detach().requires_grad_() for a in (x, weight, bias)]
    y = function(*given)
    return [y.detach(), *torch.autograd.grad(y, given, g)]


@by_set
@by_dtype
@by_layout
@pytest.mark.parametrize("channels", [1, SHAPE[1]], ids=["of places", "of each element"])
def test_masks(layout, dtype, channels, name):
    x, g, valid = drawn(layout, dtype), drawn(layout, dtype, 0.0, 5), chosen(channels)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    weight, bias = (example((SHAPE[1],), seed).add(1.5).to(wide) for seed in (1, 2))
    hidden = torch.where(valid, x, torch.nan)  # what is masked may hold anything
    with native.forced(name):
        found = slopes(
            lambda a, w, b: batch.normalized(torch.where(valid, a, 0.0), w, b, job(valid))[0],
            x, weight, bias, g,
        )  # fmt: skip
        layer = nn.BatchNorm(SHAPE[1], dtype=wide)
        layer.load_state_dict(layer.state_dict() | {"weight": weight, "bias": bias})
        assert torch.equal(layer(hidden, valid).detach(), found[0])
    right = slopes(
        lambda *given: over_valid(given[0], valid.expand(SHAPE), *given[1:]),
        x.double(), weight.double(), bias.double(), g.double(),
    )  # fmt: skip
    for a, b in zip(found, right, strict=True):
        assert (a.double() - b).abs().max() < TOLERANCE[dtype] * max(1.0, b.abs().max().item())


def job(valid):
    return batch.PoolOptions(valid.expand(SHAPE), EPS, None)


@by_dtype
@by_layout
@pytest.mark.parametrize("masked", [False, True])
def test_the_moments_are_those_of_torchs_operators(layout, dtype, masked):
    x = drawn(layout, dtype, mean=100.0)
    valid = chosen().expand(SHAPE) if masked else None
    for a, b in zip(batch.local_moments(x, valid), batch.by_torch(x, valid), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=0)


@by_layout
def test_a_large_mean_costs_no_digit(layout):
    x, valid = drawn(layout, torch.float32, mean=1e4), chosen().expand(SHAPE)
    y = batch.normalized(x, None, None, job(valid))[0]
    expected = over_valid(x.double(), valid, torch.ones(SHAPE[1]), torch.zeros(SHAPE[1]))
    assert (y - expected).abs().max() < 1e-6 * expected.abs().max()


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_valid_value_that_is_not_finite_stays_in_its_channel(value):
    x, valid = drawn(LAYOUTS["planes"], torch.float32), chosen()
    clean = batch.normalized(x, None, None, job(valid))[0]
    sample, row, column = (int(i) for i in valid[:, 0].nonzero()[0])
    x[sample, 3, row, column] = value
    y, _, _, var = batch.normalized(x, None, None, job(valid))
    others = [c for c in range(SHAPE[1]) if c != 3]
    assert y[:, 3][valid[:, 0]].isnan().all()
    assert var[3].isnan()
    assert torch.equal(y[:, others], clean[:, others])


def test_threads_change_no_bit():
    x, valid = drawn(LAYOUTS["planes"], torch.float32), chosen().expand(SHAPE)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(batch.local_moments(x, valid))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


def test_second_derivatives():
    """Through the composed form: a mask, and gradients of gradients by differences."""
    x = example((3, 2, 4), 3).double().requires_grad_()
    valid = torch.tensor([True, True, False, True]).expand(3, 2, 4)
    given = [example((2,), seed).double().add(1.5).requires_grad_() for seed in (1, 2)]

    def y(x, weight, bias):
        return batch.normalized(x, weight, bias, batch.PoolOptions(valid, EPS, None))[0]

    assert torch.autograd.gradcheck(y, (x, *given))
    assert torch.autograd.gradgradcheck(y, (x, *given))


def test_explained():
    told = str(normlab.explain(nn.BatchNorm(SHAPE[1]), drawn(LAYOUTS["planes"], torch.float32)))
    assert "moments" not in told
    layer, valid = nn.BatchNorm(SHAPE[1]), chosen()

    class Masked(torch.nn.Module):
        def forward(self, x):
            return layer(x, valid)

    told = str(normlab.explain(Masked(), drawn(LAYOUTS["planes"], torch.float32)))
    assert "for the moments" in told


@across(2, over={"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64})
def test_two_processes_with_masks_in_channels_last(rank, size, kind):
    """Each process moves the same statistics, and has its part of what one process would have."""
    parts = [drawn(LAYOUTS["channels_last"], kind, 2.0 * r, r + 1) for r in range(size)]
    masks = [chosen().roll(r, 0).expand(SHAPE) for r in range(size)]
    wide = torch.float64 if kind == torch.float64 else torch.float32
    layer = nn.BatchNorm(SHAPE[1], process_group="world", dtype=wide)
    mine = parts[rank].clone(memory_format=torch.preserve_format).requires_grad_()
    whole = torch.cat(parts).double().requires_grad_()
    weight, bias = torch.ones(SHAPE[1]), torch.zeros(SHAPE[1])
    y, expected = layer(mine, masks[rank]), over_valid(whole, torch.cat(masks), weight, bias)
    (y.double() ** 3).sum().backward(), (expected**3).sum().backward()
    here = slice(rank * SHAPE[0], (rank + 1) * SHAPE[0])
    pairs = (y.detach(), expected.detach()[here]), (mine.grad, whole.grad[here])
    for a, b in pairs:
        # the gradient given was rounded as y is, and is three of its squares
        assert (a.double() - b).abs().max() < 8 * TOLERANCE[kind] * b.abs().max()
    held = layer.running_var.detach().clone()
    dist.all_reduce(held)
    assert torch.equal(held, size * layer.running_var)
