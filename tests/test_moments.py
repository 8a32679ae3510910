"""Moments: right where one pass or float32 is not, and the same in whatever order shards arrive."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cases import EPS, bounds, exact, exact_powers, example
from normlab import Moments
from normlab.errors import DtypeError, ShapeError
from normlab.moments import merged

numbers = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-100)  # squares stay normal
shards = st.lists(st.lists(numbers, max_size=7), min_size=1, max_size=7)


def of(values):
    return Moments().update(torch.tensor(values, dtype=torch.float64).view(-1, 1))


@given(shards, st.randoms(use_true_random=False))
def test_shards_merge_in_any_order_and_tree(parts, chance):
    everything = [value for part in parts for value in part]
    pile = [of(part) for part in parts]
    while len(pile) > 1:
        chance.shuffle(pile)
        pile.append(pile.pop().merge(pile.pop()))
    (merged,) = pile
    assert merged.count == len(everything)
    if not everything:
        assert merged.mean.isnan().all() and merged.var().isnan().all()
        return
    mean, m2, mean_slack, m2_slack = bounds(everything, len(parts))
    assert abs(merged.mean.item() - mean) <= mean_slack
    assert abs(merged.var(correction=0).item() * len(everything) - m2) <= m2_slack


@given(shards)
def test_updates_are_merges(parts):
    stream, merged = Moments(), Moments()
    for part in parts:
        stream.update(torch.tensor(part, dtype=torch.float64).view(-1, 1))
        merged = merged.merge(of(part))
    assert stream.count == merged.count
    assert torch.equal(stream.mean.nan_to_num(), merged.mean.nan_to_num())
    assert torch.equal(stream.var(0).nan_to_num(), merged.var(0).nan_to_num())


def test_float64_at_a_large_mean():
    """Mean 1e8, std 1: one pass over squares has lost every digit; the deviations are exact."""
    x = 1e8 + example((10_000, 20))
    exact_variance = (x - 1e8).var(0, correction=0)  # x − 1e8 is exact (Sterbenz)
    one_pass = x.square().mean(0) - x.mean(0).square()
    assert (one_pass - exact_variance).abs().max() > 0.1
    at_once = Moments().update(x)
    assert (at_once.var(correction=0) - exact_variance).abs().max() < 1e-12
    for value, column in zip(at_once.mean.tolist(), (x - 1e8).T.tolist(), strict=True):
        exact_mean = math.fsum(column) / len(column)  # of what is left after 1e8
        assert abs((value - 1e8) - exact_mean) <= 0.501 * math.ulp(1e8)  # the nearest float64
    streamed = Moments()
    for part in x.split([1, 9, 990, 0, 4000, 5000]):
        streamed.update(part)
    rounding = 8 * EPS * 1e8  # each mean is known to this, and the std is 1
    assert (streamed.var(correction=0) - exact_variance).abs().max() < rounding
    assert (streamed.mean - at_once.mean).abs().max() < rounding


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int32])
def test_narrow_data_are_summed_in_float64(dtype):
    """Of float32 at mean 1e4, std 0.1, as stored: the only error left is float64's."""
    spread = 0.1 if dtype == torch.float32 else 300.0
    x = (1e4 + spread * example((5000, 2))).to(dtype)
    moments = Moments()
    for part in x.split(700):
        moments.update(part)
    assert moments.mean.dtype == moments.var().dtype == torch.float64
    for feature, mean, var in zip(x.double().numpy().T, moments.mean, moments.var(), strict=True):
        expected = math.fsum(feature) / len(feature)
        m2 = math.fsum((v - expected) ** 2 for v in feature)
        assert abs(mean.item() - expected) < 8 * EPS * 1e4
        assert abs(var.item() - m2 / (len(feature) - 1)) < 8 * EPS * 1e4 * spread


@pytest.mark.parametrize("dims", [0, 1, -1, (0, 2), (1, 0), (0, 1, 2), [0, -1]], ids=str)
def test_dims_are_reduced_as_numpy_reduces_them(dims):
    x = example((4, 3, 5))
    axes = dims if isinstance(dims, int) else tuple(dims)
    moments = Moments()
    for part in x.split(2, axes if isinstance(axes, int) else axes[-1]):
        moments.update(part, dims)
    mean, var = np.mean(x.numpy(), axes), np.var(x.numpy(), axes, ddof=1)
    assert moments.mean.shape == mean.shape
    assert moments.count == x.numel() // max(mean.size, 1)
    assert np.abs(moments.mean.numpy() - mean).max() < 1e-14
    assert np.abs(moments.var().numpy() - var).max() < 1e-14
    assert np.abs(moments.std(0).numpy() - np.std(x.numpy(), axes)).max() < 1e-14


def test_an_empty_update_changes_nothing():
    for first in (Moments(), Moments().update(torch.ones(0, 2)), Moments().merge(Moments())):
        assert first.count == 0 and first.mean.isnan().all() and first.std().isnan().all()
        first.update(torch.tensor([[1.0, 5.0], [3.0, 9.0]])).update(torch.ones(0, 2))
        assert first.count == 2
        assert (first.mean.tolist(), first.var().tolist()) == ([2.0, 7.0], [2.0, 8.0])


def test_too_few_for_a_variance():
    one = Moments().update(torch.tensor([[4.0]]))
    assert one.var().isnan().all() and one.var(correction=0).tolist() == [0.0]
    assert one.mean.tolist() == [4.0]


def test_merging_leaves_both_as_they_were():
    left, right = of([1.0, 3.0]), of([8.0])
    both = left.merge(right)
    both.update(torch.tensor([[100.0]]))
    assert (left.count, left.mean.item(), right.count, right.mean.item()) == (2, 2.0, 1, 8.0)
    nothing = Moments().merge(left)
    nothing.update(torch.tensor([[100.0]]))
    assert (left.count, left.mean.item()) == (2, 2.0)


def test_nan_shows_in_its_feature_alone():
    moments = Moments().update(torch.tensor([[1.0, torch.nan], [3.0, 2.0]]))
    assert moments.mean[0] == 2.0 and moments.var()[0] == 2.0
    assert moments.mean[1].isnan() and moments.var()[1].isnan()


def test_no_graph_is_kept():
    assert not Moments().update(torch.ones(3, 1, requires_grad=True)).mean.requires_grad


@given(st.floats(-1e300, 1e300), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_equal_numbers_have_no_variance(value, sizes):
    """Exactly none, however they came: sums of 0.1 are no multiple of it."""
    moments = Moments()
    for size in [*sizes, 2]:
        moments = moments.merge(Moments().update(torch.full((size, 1), value, dtype=torch.float64)))
    assert (moments.mean.item(), moments.var().item()) == (value, 0.0)


@given(shards)
def test_third_and_fourth_powers_merge(parts):
    """Against exact arithmetic. Each term of M3 is one of M2's times a deviation, that of M4 times two; their
    coefficients sum to less than 10.
    """
    parts = [part for part in parts if part] or [[1.0]]
    stacked = torch.stack([torch.tensor(exact_powers(part), dtype=torch.float64) for part in parts])
    found = torch.stack(merged(*stacked[..., None].unbind(1))).flatten().tolist()
    everything = [value for part in parts for value in part]
    count, mean, m2, m3, m4 = exact_powers(everything)
    _, _, _, slack = bounds(everything, len(parts))
    widest = max(abs(value - mean) for value in everything) + EPS * max(map(abs, everything))
    assert found[0] == count
    assert abs(found[2] - m2) <= slack
    assert abs(found[3] - m3) <= 10 * slack * widest
    assert abs(found[4] - m4) <= 10 * slack * widest**2


REFUSED = {
    "complex": (
        lambda: Moments().update(torch.ones(2, dtype=torch.complex64)),
        DtypeError,
        "Moments: x is torch.complex64; give real numbers.",
    ),
    "a number": (
        lambda: Moments().update(torch.tensor(1.0)),
        ShapeError,
        "Moments: x is a single number; give at least one dimension to reduce.",
    ),
    "no dimension": (
        lambda: Moments().update(torch.ones(2, 3), ()),
        ShapeError,
        "Moments: dims=() given for x of shape (2, 3); name one or more of its 2 dimensions, each "
        "once.",
    ),
    "a dimension too far": (
        lambda: Moments().update(torch.ones(2, 3), (0, 2)),
        ShapeError,
        "Moments: dims=(0, 2) given for x of shape (2, 3); name one or more of its 2 dimensions, "
        "each once.",
    ),
    "a dimension twice": (
        lambda: Moments().update(torch.ones(2, 3), (1, -1)),
        ShapeError,
        "Moments: dims=(1, -1) given for x of shape (2, 3); name one or more of its 2 dimensions, "
        "each once.",
    ),
    "other features": (
        lambda: Moments().update(torch.ones(2, 3)).update(torch.ones(2, 4)),
        ShapeError,
        "Moments of shape (3,) and (4,) do not merge; reduce the same dimensions of arrays with "
        "the same features.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()


def test_a_refused_update_changes_nothing():
    moments = Moments().update(torch.ones(2, 3))
    with pytest.raises(ShapeError):
        moments.update(torch.ones(2, 4))
    assert moments.count == 2 and moments.mean.tolist() == [1.0, 1.0, 1.0]
