"""A constant gives exactly the bias, however large, in every layer that subtracts a mean."""

import pytest
import torch

from normlab import functional, nn, normalize

CHANNELS = 6
IMAGE, LONG, TABLE, TALL = (4, 6, 7, 5), (16, 6, 17, 5), (7, 6), (700, 6)
VALUES = (1e6, -7e4, 12345.678, 3.0, 0.1, 1e-3)
CASES = {
    "layer": (lambda: nn.LayerNorm(31), (5, 31)),
    "layer, wide": (lambda: nn.LayerNorm(700), (64, 700)),
    "layer, images": (lambda: nn.LayerNorm((7, 5)), IMAGE),
    "channels of a place": (lambda: nn.LayerNorm2d(CHANNELS), IMAGE),
    "group": (lambda: nn.GroupNorm(2, CHANNELS), IMAGE),
    "instance": (lambda: nn.InstanceNorm(CHANNELS, affine=True), IMAGE),
    "instance, tracked": (
        lambda: nn.InstanceNorm(CHANNELS, affine=True, track_running_stats=True),
        IMAGE,
    ),
    "batch": (lambda: nn.BatchNorm(CHANNELS), IMAGE),
    "batch, long": (lambda: nn.BatchNorm(CHANNELS), LONG),
    "batch, table": (lambda: nn.BatchNorm(CHANNELS), TABLE),
    "batch, long table": (lambda: nn.BatchNorm(CHANNELS), TALL),
    "batch, averaging": (lambda: nn.BatchNorm(CHANNELS, momentum=None), IMAGE),
    "ghost": (lambda: nn.beyond.GhostBatchNorm(CHANNELS, 2), IMAGE),
    "local contrast": (lambda: nn.LocalContrastNorm(CHANNELS, size=3), IMAGE),
    "ren": (lambda: nn.DivisiveNorm.ren(CHANNELS, size=3), IMAGE),
}
by_value = pytest.mark.parametrize("value", VALUES)
by_number = pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (dtype, value)
        for dtype in (torch.float32, torch.bfloat16, torch.float16)
        for value in VALUES
        if abs(value) < torch.finfo(dtype).max
    ],
    ids=str,
)
by_case = pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES)


@by_case
@by_number
@pytest.mark.parametrize("bias", [3.0, 0.0])
@pytest.mark.parametrize("own", [False, True], ids=["float32 weights", "weights as x"])
def test_a_constant_gives_the_bias(make, shape, value, dtype, bias, own):
    layer = make().to(dtype if own else torch.float32)
    torch.nn.init.constant_(layer.bias, bias)
    x = torch.full(shape, value, dtype=dtype)
    layouts = [x, x.contiguous(memory_format=torch.channels_last)] if x.dim() == 4 else [x]
    for given in layouts:
        y = layer(given)
        assert y.dtype == dtype and bool((y == bias).all())


@by_case
@by_number
def test_under_a_mask_too(make, shape, value, dtype):
    layer, x = make(), torch.full(shape, value, dtype=dtype)
    torch.nn.init.constant_(layer.bias, 3.0)
    mask = torch.arange(x.numel()).view(shape) % 3 > 0
    y = layer(torch.where(mask, x, torch.nan), mask=mask)
    assert bool((y[mask] == 3.0).all()) and bool((y[~mask] == 0.0).all())


@by_value
def test_the_equation_itself(row, value):
    """Its center is the value, so that nothing is left of it."""
    x = torch.full((2, 4, 9), value)
    if row.center:
        out = normalize(x, row)
        assert bool((out.center.expand(x.shape) == x).all()) and bool((out.y == 0).all())


def test_the_gradient_of_a_constant_is_that_of_its_sample():
    """The center of a constant still has the slopes of a mean: what a common shift changes is nothing."""
    x = torch.full((2, 31), 1e6, requires_grad=True)
    slopes = torch.linspace(-1.0, 2.0, 62).view(2, 31)
    for y in (functional.layer_norm(x, (31,)), normalize(x, "layer").y):
        (found,) = torch.autograd.grad((y * slopes).sum(), x)
        expected = (slopes - slopes.mean(1, keepdim=True)) / 1e-5**0.5
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


def test_what_varies_little_about_a_large_mean_keeps_its_digits():
    """A rounding of the mean, 0.03 of 1e6, is not small against a deviation of 1."""
    x = (torch.randn(8, 512, generator=torch.Generator().manual_seed(0)) + 1e6).float()
    for y, dims in (
        (functional.layer_norm(x, (512,)), (1,)),
        (functional.batch_norm(x.repeat(32, 1), None, None, training=True)[:8], (0,)),
    ):
        d = x.double() - x.double().mean(dims, keepdim=True)
        expected = d / (d.square().mean(dims, keepdim=True) + 1e-5).sqrt()
        assert (y.double() - expected).abs().max() < 1e-5
