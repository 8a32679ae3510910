"""Windows of a few channels, and totals of all: every size, planes that fill no vector, what NaN reaches."""

import pytest
import torch
from built import by_set, needs_kernels

from cases import example
from normlab import functional
from normlab.kernels import native
from normlab.tracing import watched

pytestmark = needs_kernels
LAYOUTS = [torch.contiguous_format, torch.channels_last]
# the largest difference from float64, in units of the largest value: a power and sums of up to 25 · 64 terms
TOLERANCE = {
    torch.float64: 1e-14,
    torch.float32: 1e-6,
    torch.bfloat16: 2**-7,
    torch.float16: 2**-10,
}


def slopes(call, x, g, *parameters):
    x = x.detach().requires_grad_()
    y = call(x, *parameters)
    return [y.detach(), *torch.autograd.grad(y, (x, *parameters), g)]


def assert_right(call, x, g, *parameters, name):
    """y and the gradients against torch's operators in float64, of the same numbers."""
    with native.forced("off"):
        wide = [a.detach().double().requires_grad_() for a in parameters]
        expected = slopes(call, x.double(), g.double(), *wide)
    with native.forced(name):
        found = slopes(call, x, g, *parameters)
    for a, b in zip(found, expected, strict=True):
        # a parameter's gradient sums values of about 1, whose own rounding remains where they cancel
        remains = 0.0 if b.shape == x.shape else x.numel() ** 0.5
        limit = TOLERANCE[x.dtype] * (b.abs().max() + remains)
        assert ((a.double() - b).abs() <= limit).all(), ((a.double() - b).abs().max(), limit)


@by_set
@pytest.mark.parametrize("size", range(1, 10))
@pytest.mark.parametrize("channels", [1, 2, 4, 7, 13, 16, 37])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_size(name, size, channels, layout):
    """Even ones, and those wider than all channels."""
    shape = (2, channels, 5, 7)
    for beta in (0.75, 0.5):
        for dtype in TOLERANCE:
            x, g = (example(shape, n, dtype).contiguous(memory_format=layout) for n in (0, 9))
            assert_right(
                lambda x, beta=beta: functional.local_response_norm(x, size, 0.7, beta),
                x,
                g,
                name=name,
            )


@by_set
@pytest.mark.parametrize("side", [1, 3, 4, 5, 6, 27, 55, 70])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_planes_of_any_size(name, side, dtype):
    """Fewer places than a vector has, one, some that are not full, and several pieces."""
    shape = (2, 6, side, side)
    for layout in LAYOUTS:
        x, g = (example(shape, seed, dtype).contiguous(memory_format=layout) for seed in (0, 9))
        for size in (3, 5, 7):
            assert_right(
                lambda x, size=size: functional.local_response_norm(x, size, 0.7), x, g, name=name
            )


# channels, of channels last also ones that fill no vector, some, and many
SIDE_BY_SIDE = [(11, LAYOUTS[0]), *((n, LAYOUTS[1]) for n in (11, 16, 37, 150))]
TOTALS = {
    "channels": {},
    "box": {"size": 3, "window": "box"},
    "wide": {"size": 31, "window": "box"},
    "root": {"drive_power": 1.0, "outer_power": 0.5, "size": 5},
}


@by_set
@pytest.mark.parametrize("side", [1, 4, 5, 27, 70])
@pytest.mark.parametrize("settings", TOTALS.values(), ids=TOTALS)
@pytest.mark.parametrize(("channels", "layout"), SIDE_BY_SIDE, ids=str)
def test_totals_and_their_parameters(name, side, settings, channels, layout):
    shape = (2, channels, side, side)
    for dtype in (torch.float32, torch.float64):
        for sigmas in (1, channels):
            given = [
                example((n,), seed, dtype).abs().add(0.5).requires_grad_()
                for n, seed in ((sigmas, 1), (channels, 2), (channels, 3))
            ]
            assert_right(
                lambda x, s, w, b: functional.divisive_norm(
                    x, sigma=s.squeeze(), weight=w, bias=b, **settings
                ),
                *(example(shape, n, dtype).contiguous(memory_format=layout) for n in (0, 9)),
                *given,
                name=name,
            )


@by_set
@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("value", [1e6, torch.inf, torch.nan], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_of_one_value_its_windows_alone_hear(name, layout, size, value):
    """y to size / 2 channels away, slopes to twice that, and of no other place."""
    shape, half = (1, 17, 5, 7), size // 2
    clean = torch.ones(shape).contiguous(memory_format=layout)
    x = clean.clone()
    x[0, 8, 2, 3] = value

    def call(x):
        return functional.local_response_norm(x, size, float(size), k=1.0)

    with native.forced(name):
        right, found = (slopes(call, a, torch.ones(shape)) for a in (clean, x))
    for a, b, reach in zip(found, right, (half, 2 * half), strict=True):
        touched = torch.zeros(shape, dtype=torch.bool)
        touched[0, 8 - reach : 9 + reach, 2, 3] = True
        assert torch.equal(a[~touched], b[~touched])
    assert not torch.isclose(found[0], right[0])[0, 8 - half : 9 + half, 2, 3].any()


@by_set
@pytest.mark.parametrize("value", [1e6, torch.inf, torch.nan], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_of_one_value_all_channels_of_its_window_hear(name, layout, value):
    shape = (2, 19, 9, 11)
    clean = torch.ones(shape).contiguous(memory_format=layout)
    x = clean.clone()
    x[1, 3, 4, 10] = value

    def call(x):
        return functional.divisive_norm(x, size=3, window="box")

    with native.forced(name):
        right, found = (slopes(call, a, torch.ones(shape)) for a in (clean, x))
    for a, b, reach in zip(found, right, (1, 2), strict=True):
        touched = torch.zeros(shape, dtype=torch.bool)
        touched[1, :, 4 - reach : 5 + reach, 10 - reach :] = True
        assert torch.equal(a[~touched], b[~touched])


@by_set
@pytest.mark.parametrize("window", ["gaussian", "box"])
@pytest.mark.parametrize("side", [4, 9, 70])
@pytest.mark.parametrize(("channels", "layout"), SIDE_BY_SIDE, ids=str)
def test_a_mean_that_is_subtracted(name, window, side, channels, layout):
    """Local contrast, of values far from 0, with all gradients; of one value alone exactly the bias."""
    shape = (2, channels, side, side)
    for dtype in (torch.float32, torch.float64):
        given = [
            example((n,), seed, dtype).abs().add(0.5).requires_grad_()
            for n, seed in ((1, 1), (channels, 2), (channels, 3))
        ]

        def call(x, s, w, b):
            return functional.local_contrast_norm(
                x, sigma=s.squeeze(), weight=w, bias=b, size=5, window=window
            )

        x, g, same = (
            a.contiguous(memory_format=layout)
            for a in (
                example(shape, 0, dtype).add(3),
                example(shape, 9, dtype),
                torch.full(shape, 0.1, dtype=dtype),
            )
        )
        with native.forced(name), watched() as seen:
            assert_right(call, x, g, *given, name=name)
            y = call(same, *given)
        assert "C++ kernels" in seen[-1][-1]
        assert torch.equal(y, given[2].detach().view(-1, 1, 1).expand(shape))


@by_set
@pytest.mark.parametrize("value", [1e6, torch.inf, torch.nan], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_of_one_value_that_is_in_a_mean_twice_its_window_hears(name, layout, value):
    clean = example((2, 19, 9, 11), dtype=torch.float32).contiguous(memory_format=layout)
    x = clean.clone()
    x[1, 3, 4, 10] = value

    def call(x):
        return functional.local_contrast_norm(x, size=3)

    with native.forced(name):
        right, found = (slopes(call, a, torch.ones_like(x)) for a in (clean, x))
    for a, b, reach in zip(found, right, (2, 4), strict=True):
        touched = torch.zeros(x.shape, dtype=torch.bool)
        touched[1, :, 4 - reach : 5 + reach, 10 - reach :] = True
        assert torch.equal(a[~touched], b[~touched])


@by_set
def test_far_from_one(name):
    """A range of 1e30: the scale neither overflows nor loses digits."""
    factors = 10.0 ** torch.arange(-15, 16, 5).view(7, 1, 1, 1)
    x = (example((7, 9, 5, 7)) * factors).float()
    with native.forced(name):
        y = functional.local_response_norm(x, 5, 1.0, k=1.0)
    with native.forced("off"):
        expected = functional.local_response_norm(x.double(), 5, 1.0, k=1.0)
    torch.testing.assert_close(y.double(), expected, rtol=1e-6, atol=0)
