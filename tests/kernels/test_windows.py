"""Window sums against loops, their adjoints, and what a NaN reaches."""

import pytest
import torch

from cases import POOL_WEIGHT, assert_close, example
from normlab.equation import steps as linear
from normlab.equation import windows
from normlab.equation.pooling import pooled, steps, weights
from normlab.equation.pools import (
    Axes,
    Both,
    ChannelDecay,
    ChannelWindow,
    Learned,
    Neighbours,
    Surround,
)
from normlab.equation.windows import weighted_window, window_sum

SIZES = [1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 40, 96, 127, 1000]


def by_loop(a, size, before):
    """Along the last axis, one element after another."""
    length = a.shape[-1]
    cuts = [range(max(0, i - before), min(length, i - before + size)) for i in range(length)]
    return torch.stack([a[..., list(cut)].sum(-1) for cut in cuts], -1)


@pytest.mark.parametrize("blocks", [2, 1 << 20], ids=["running sums", "doublings"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", [1, 5, 30])
def test_window_sums(size, length, blocks, monkeypatch):
    monkeypatch.setattr(windows, "BLOCKS_FROM", blocks)
    a = example((2, 3, length))
    for before in {size // 2, (size - 1) // 2, 0, size - 1}:
        expected = by_loop(a, size, before)
        assert_close(window_sum(a, 2, size, before), expected)
        across = window_sum(a.movedim(2, 0), 0, size, before).movedim(0, 2)
        assert_close(across, expected)


@pytest.mark.parametrize("size", [3, 8, 96, 127])
@pytest.mark.parametrize("blocks", [2, 1 << 20], ids=["running sums", "doublings"])
def test_nothing_cancels_and_a_nan_stays_where_it_is(size, blocks, monkeypatch):
    monkeypatch.setattr(windows, "BLOCKS_FROM", blocks)
    a = torch.ones(300, dtype=torch.float32)
    a[7] = 1e30
    y = window_sum(a, 0, size, size // 2)
    far = torch.arange(300) > 7 + size
    inner = far & (torch.arange(300) < 300 - size)
    assert bool((y[inner] == size).all())
    a[7] = torch.nan
    y = window_sum(a, 0, size, size // 2)
    reached = (torch.arange(300) - size // 2 <= 7) & (torch.arange(300) - size // 2 + size > 7)
    assert torch.equal(y.isnan(), reached)


def test_rows_of_taps():
    a, rows = example((2, 3, 9)), [[0.1, 0.5, 0.2], [0.3, 0.1, 0.9], [0.0, 1.0, 0.0]]
    for c, row in enumerate(rows):
        one = weighted_window(a[:, c : c + 1], 2, [row], 1)
        assert_close(weighted_window(a, 2, rows, 1)[:, c : c + 1], one)


WEIGHT = {"pool_weight": POOL_WEIGHT[:, :3]}
POOLS = {
    "sum": (Axes("g c", "sum"), {}),
    "mean": (Axes("c s"), {}),
    "batch": (Axes("n s"), {}),
    "channels": (ChannelWindow("size", None), {"size": 2}),
    "gain": (ChannelWindow(), {"size": 3, "alpha": 0.5}),
    "box": (Surround(), {"size": 4, "width": None, "window": "box"}),
    "within": (Surround(channels=False), {"size": 3, "width": None, "window": "gaussian"}),
    "widths": (Surround(), {"size": None, "width": [0.5, 1.0], "window": "gaussian"}),
    "mixed": (Learned(), WEIGHT),
    "decay": (ChannelDecay(), {"channel_width": 1.5}),
    "blurred, mixed": (
        Both(Surround(channels=False), Learned()),
        {"size": 3, "width": None, "window": "box", **WEIGHT},
    ),
    "neighbours": (Neighbours(), {"pool_weight": example((2, 3, 3, 2)).abs()}),
}


@pytest.mark.parametrize(("pool", "settings"), POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("hidden", [False, True], ids=["all", "masked"])
def test_adjoints(pool, settings, hidden):
    """⟨g, Pa⟩ = ⟨Pᵀg, a⟩ for any g."""
    a = example((2, 3, 4, 5)).abs()
    valid = example((2, 3, 4, 5), 3) > -0.5 if hidden else None
    a = a if valid is None else torch.where(valid, a, 0.0)
    path = steps(pool, a, valid, settings, weights(pool, a, settings))
    out = pooled(pool, a, valid, settings)
    g = example(out.shape, 8)
    assert_close((g * out).sum(), (linear.adjoint(path, g) * a).sum())


def test_a_pool_over_space_is_the_first_of_two():
    with pytest.raises(ValueError, match="the first pool must run over space alone"):
        Both(Axes("c"), Learned())


@pytest.mark.parametrize("dim", [2, 3])
def test_few_channels_at_a_time_give_the_same_bits(dim):
    """With autograd looking on all channels are taken at once, without it a few."""
    a = torch.randn(2, 9, 130, 110, generator=torch.Generator().manual_seed(dim))
    taps = [[0.1, 0.7, 0.25, 0.4]]
    with torch.no_grad():
        parts = weighted_window(a, dim, taps, 1)
    whole = weighted_window(a, dim, taps, 1)
    assert a.numel() > 1 << 16
    torch.testing.assert_close(parts, whole, rtol=0, atol=0)
    assert parts.stride() == whole.stride()
