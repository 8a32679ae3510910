"""Batch and group statistics where rounding bites: large means, both layouts, long tables, half types."""

import pytest
import torch
import torch.nn.functional as F

from cases import example
from normlab import functional, nn
from normlab.kernels import columns

IMAGE, VOLUME, LINE, TABLE = (16, 8, 24, 24), (4, 8, 6, 12, 12), (16, 8, 64), (4000, 8)
ORDERS = {
    "image": (IMAGE, torch.contiguous_format),
    "image, channels last": (IMAGE, torch.channels_last),
    "volume, channels last": (VOLUME, torch.channels_last_3d),
    "line": (LINE, torch.contiguous_format),
    "table": (TABLE, torch.contiguous_format),
}


def others(x):
    return [dim for dim in range(x.dim()) if dim != 1]


def laid_out(shape, order, mean, std):
    return (example(shape) * std + mean).float().contiguous(memory_format=order)


@pytest.mark.parametrize(("shape", "order"), ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_variance_at_mean_1e4_and_deviation_0_1(shape, order, masked):
    """The stored mean is off by half its spacing h: that alone moves the variance by h²/4."""
    x = laid_out(shape, order, 1e4, 0.1)
    mask = torch.ones(shape[0], 1, *shape[2:], dtype=torch.bool) if masked else None
    layer = nn.BatchNorm(8, momentum=1.0)
    layer(x, mask)
    expected = x.double().var(others(x))
    spacing = torch.finfo(torch.float32).eps * 2**13
    assert (layer.running_mean - x.double().mean(others(x))).abs().max() <= spacing
    assert (layer.running_var - expected).abs().max() <= spacing**2 + 1e-6 * expected.max()


ACCURATE = [
    (order, mean) for order in list(ORDERS)[1:3] for mean in (0.0, 1.0, 10.0, 100.0, 1000.0)
]
ACCURATE += [("table", mean) for mean in (10.0, 100.0, 1000.0)]


@pytest.mark.parametrize(("order", "mean"), ACCURATE)
def test_layouts_are_as_accurate_as_contiguous_images(order, mean):
    x = laid_out(*ORDERS[order], mean, 1.0)
    image = x.contiguous() if x.dim() > 2 else x.t().reshape(1, 8, -1)
    exact = F.batch_norm(x.double(), None, None, training=True)
    plain = error(F.batch_norm(image, None, None, training=True), whole(exact, image))
    ours = error(nn.BatchNorm(8)(x), exact)
    assert ours <= 2 * plain + 4 * torch.finfo(torch.float32).eps * exact.abs().max()
    if mean == 100.0:  # torch's own, for contrast
        assert error(F.batch_norm(x, None, None, training=True), exact) > 5 * ours


def test_a_small_table_of_small_mean_is_torchs_to_the_last_bit():
    x = laid_out(*ORDERS["table"], 0.3, 1.0)[:300]
    assert columns.holds(x) and columns.long(x)
    assert torch.equal(nn.BatchNorm(8)(x), torch.nn.BatchNorm1d(8)(x))


def whole(exact, image):
    return exact if image.shape == exact.shape else exact.t().reshape(image.shape)


def error(y, exact):
    return (y.detach().double() - exact).abs().max().item()


@pytest.mark.parametrize("mean", [0.0, 100.0])
@pytest.mark.parametrize(
    "layer", [nn.GroupNorm(2, 8), nn.InstanceNorm(8)], ids=["group", "instance"]
)
def test_groups_in_channels_last_are_as_accurate_as_contiguous(layer, mean):
    x = laid_out(IMAGE, torch.channels_last, mean, 1.0)
    exact = layer.double()(x.double())
    layer.float()
    y = layer(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    eps = torch.finfo(torch.float32).eps
    assert error(y, exact) <= 2 * error(layer(x.contiguous()), exact) + 8 * eps * exact.abs().max()


@pytest.mark.parametrize(("shape", "order"), [*list(ORDERS.values())[1:3], ORDERS["table"]])
def test_gradients_and_second_derivatives_of_column_sums(shape, order):
    """Against torch in float64: three ways into the layer, the gradients, and their own gradient."""
    x = laid_out(shape, order, 5.0, 1.0)
    assert columns.holds(x) and columns.long(x)
    ours, exact = derivatives(x, torch.float32), derivatives(x, torch.float64)
    for mine, right in zip(ours, exact, strict=True):
        assert (mine.double() - right).abs().max() <= 1e-4 * right.abs().max()


def derivatives(x, dtype):
    layer = (nn.BatchNorm(8) if dtype == torch.float32 else torch.nn.BatchNorm1d(8)).to(dtype)
    layer._check_input_dim = lambda x: None
    x = x.to(dtype).detach().requires_grad_()
    g = example(x.shape, seed=1).to(dtype)
    wanted = (x, *layer.parameters())
    first = torch.autograd.grad(layer(x), wanted, g, create_graph=True)
    second = torch.autograd.grad(sum(a.pow(2).sum() for a in first), (x, layer.weight))
    return *first, *second


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_half_input_keeps_float32_statistics(dtype, masked):
    """The mean of 4096 halves would be lost in half precision."""
    x = (example((64, 8, 8, 8)) + 3.0).to(dtype)
    mask = torch.ones(64, 1, 8, 8, dtype=torch.bool) if masked else None
    layer = nn.BatchNorm(8, momentum=1.0)
    y = layer(x, mask)
    assert y.dtype == dtype and layer.running_var.dtype == torch.float32
    exact = F.batch_norm(x.double(), None, None, training=True)
    assert error(y, exact) <= torch.finfo(dtype).eps * exact.abs().max()
    assert (layer.running_var / x.double().var((0, 2, 3)) - 1).abs().max() < 1e-5


def test_half_input_with_float32_weights_is_rms_normalised_in_float32():
    x, layer = example((4, 16)).bfloat16(), nn.RMSNorm(16)
    torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
    exact = F.rms_norm(x.double(), (16,), layer.weight.double(), torch.finfo(torch.float32).eps)
    assert layer(x).dtype == torch.bfloat16
    assert error(layer(x), exact.detach()) <= torch.finfo(torch.bfloat16).eps * exact.abs().max()


SMALL = {
    "7 × 7": ((4, 256, 7, 7), torch.channels_last),
    "one place": ((200, 16, 1, 2), torch.channels_last),
    "volume": ((2, 32, 3, 4, 5), torch.channels_last_3d),
    "table of 24": ((24, 8), torch.contiguous_format),
    "table of 200": ((200, 8), torch.contiguous_format),
}


@pytest.mark.parametrize("mean", [0.0, 1.0, 10.0, 100.0, 1000.0])
@pytest.mark.parametrize(("shape", "order"), SMALL.values(), ids=SMALL)
def test_short_columns_are_as_accurate_in_layers_and_functions(shape, order, mean):
    x = laid_out(shape, order, mean, 1.0)
    image = x.contiguous() if x.dim() > 2 else x.t().reshape(1, shape[1], -1)
    exact = F.batch_norm(x.double(), None, None, training=True)
    plain = error(F.batch_norm(image, None, None, training=True), whole(exact, image))
    held = torch.zeros(shape[1]), torch.ones(shape[1])
    for y in (
        nn.BatchNorm(shape[1])(x),
        functional.batch_norm(x, *held, training=True, momentum=1.0),
        functional.batch_norm(x, None, None, training=True),
        functional.batch_norm_with_stats(x, None, None)[0],
    ):
        assert error(y, exact) <= 2 * plain + 4 * torch.finfo(torch.float32).eps * exact.abs().max()
    spacing = 4 * torch.finfo(torch.float32).eps * max(mean, 1.0)  # of one short column
    assert (held[0] - x.double().mean(others(x))).abs().max() <= spacing
    assert (held[1] / x.double().var(others(x)) - 1).abs().max() <= 1e-5


def test_a_function_is_as_accurate_as_a_layer_at_any_size():
    x = laid_out(*ORDERS["image, channels last"], 1000.0, 1.0)
    y = functional.batch_norm(x, None, None, training=True)
    assert torch.equal(y, nn.BatchNorm(8)(x))
