"""Layouts that torch takes for others, parameters that learn alone, values near the limits."""

import subprocess
import sys

import pytest
import torch

import normlab
from cases import example
from normlab import nn

LEARNING = """
import itertools, torch
from normlab import nn
last = torch.channels_last
for shape, mean in itertools.product([(2, 6, 16, 16), (2, 6, 1, 1), (3, 1, 8, 8)], [0.0, 1e5]):
    c = shape[1]
    made = [nn.GroupNorm(1, c), nn.GroupNorm(c, c), nn.BatchNorm(c), nn.InstanceNorm(c, affine=True)]
    for layer, asked in itertools.product(made, itertools.product([False, True], repeat=3)):
        if not any(asked) or (shape[2] == 1 and getattr(layer, "num_groups", 0) in (0, c)):
            continue
        x = (torch.randn(shape) + mean).to(memory_format=last).requires_grad_(asked[0])
        layer.weight.requires_grad_(asked[1])
        layer.bias.requires_grad_(asked[2])
        for _ in range(5):
            layer(x).sum().backward()
"""


def test_gradients_of_any_of_x_weight_and_bias_in_channels_last():
    # in a process of its own: torch's group norm ends the process where x alone has no gradient
    ended = subprocess.run([sys.executable, "-c", LEARNING], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("mean", [100.0, 900.0])
@pytest.mark.parametrize("shape", [(4, 1, 32, 32), (4, 64, 1, 1), (4, 64, 1, 1, 1)])
def test_one_channel_or_one_place_in_channels_last_is_as_exact(shape, mean):
    kind = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)) + mean
    layer = nn.GroupNorm(1, shape[1])
    exact = torch.nn.functional.group_norm(x.double(), 1)
    for given in (x, x.to(memory_format=kind)):
        assert (layer(given).double() - exact).abs().max() < 4 * mean * 2**-23


@pytest.mark.parametrize("places", [(), (1,), (1, 1)])
def test_a_table_with_axes_of_one_place_is_as_exact_as_a_table(places):
    table = torch.randn(5000, 8, generator=torch.Generator().manual_seed(0)) + 900
    x = table.double()
    exact = (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()
    y = nn.BatchNorm(8)(table.view(5000, 8, *places)).view(5000, 8)
    assert (y.double() - exact).abs().max() < 4 * 900 * 2**-23


@pytest.mark.parametrize("last", [False, True])
def test_sums_beyond_float32_leave_y_and_the_running_mean_finite(last):
    x = torch.randn(16, 16, 32, 32, generator=torch.Generator().manual_seed(0))
    x[:, 0], x[:, 0, ::2] = 5e37, 4.5e37
    layer = nn.BatchNorm(16)
    y = layer(x.to(memory_format=torch.channels_last) if last else x)
    assert bool(y.isfinite().all())
    assert layer.running_mean[0].item() == pytest.approx(4.75e36, rel=1e-6)


def test_a_sigma_whose_square_is_infinite_divides_by_infinity():
    layer = nn.GDN(4)
    with torch.no_grad():
        layer.raw_sigma[0] = 2e19
    y = layer(torch.randn(2, 4, 16, 16))
    assert bool((y[:, 0] == 0).all() & y.isfinite().all() & (y[:, 1:] != 0).all())


@pytest.mark.parametrize("tracks", [False, True])
@pytest.mark.parametrize("learns", [False, True])
def test_explain_calls_an_instance_norm_by_its_name(tracks, learns):
    x = torch.randn(4, 4, 5, 5)
    told = normlab.explain(
        nn.InstanceNorm(4, track_running_stats=tracks), torch.nn.Parameter(x) if learns else x
    )
    assert [line.split(":")[0] for line in str(told).splitlines()] == ["instance_norm"]


def test_running_statistics_that_are_stored_negated_move_as_others_do():
    layers = [nn.BatchNorm(4) for _ in range(2)]
    layers[1].running_mean = torch._neg_view(-torch.ones(4))
    layers[0].running_mean.fill_(1.0)
    x = torch.randn(100, 4, 30, 30)
    for layer in layers:
        layer(x)
    assert torch.equal(layers[0].running_mean, layers[1].running_mean)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(2, 1), (8, 4, 5, 5), (8, 4, 2, 2), (64, 4), (8, 4, 40, 40)])
def test_half_types_far_from_zero(dtype, shape):
    """torch keeps the mean of a few halves in their own dtype, 8 or 11 digits of two."""
    x = (2 * example(shape) + 300).to(dtype)
    exact = torch.nn.functional.batch_norm(x.double(), None, None, training=True)
    for layer in (nn.BatchNorm(shape[1], dtype=dtype), nn.BatchNorm(shape[1])):
        assert (layer(x).double() - exact).abs().max() < 8 * torch.finfo(dtype).eps
