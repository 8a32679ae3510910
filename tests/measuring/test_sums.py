"""The moments of blocks: against exact arithmetic, and to the bit in any order."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import normlab
from cases import EPS, bounds, exact_powers
from normlab.kernels import native
from normlab.measuring import sums
from normlab.measuring.part import joined
from normlab.measuring.recipe import Recipe
from normlab.measuring.tree import Tree

numbers = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-100)  # squares stay normal
RNG = np.random.default_rng(0)


@given(st.lists(numbers, min_size=1, max_size=60), st.integers(1, 3))
def test_a_block_against_exact_arithmetic(values, width):
    found = sums.summed(np.repeat(np.array(values)[:, None], width, 1))
    _, mean, m2, m3, m4 = exact_powers(values)
    _, _, mean_slack, slack = bounds(values, 1)
    widest = max(abs(v - mean) for v in values) + EPS * max(map(abs, values))
    for count, a, b, c, d in np.delete(found.powers, 2, 0).T:
        assert count == len(values)
        assert abs(a - mean) <= mean_slack
        assert abs(b - m2) <= slack
        assert abs(c - m3) <= 10 * slack * widest
        assert abs(d - m4) <= 10 * slack * widest**2
    assert found.minimum.tolist() == [min(values)] * width
    assert found.maximum.tolist() == [max(values)] * width


@pytest.mark.parametrize(("dtype", "mean"), [("float64", 1e8), ("float32", 1e4)])
@pytest.mark.parametrize("width", [1, 5, 3000])
def test_std_far_from_zero(dtype, mean, width):
    """To 1e-9 of itself (to 1e-12 it is): the numbers as they are stored, in exact arithmetic."""
    x = (mean + RNG.normal(size=(12_000 // width, width))).astype(dtype)
    found = normlab.measure(x)
    for column in (0, width - 1):
        *_, m2, _, _ = exact_powers(x[:, column].tolist())
        std = math.sqrt(m2 / len(x))
        assert abs(found.std(correction=0)[column].item() / std - 1) < 1e-12


@pytest.mark.parametrize("middles", [[1e8, 0.1], [0.1, 1e8]], ids=["falls", "rises"])
def test_a_shift_far_from_later_chunks_is_given_up(middles):
    """Sorted data: the first chunk's mean is 1e8 away from the last's, whose std is 1."""
    x = np.concatenate([middle + RNG.normal(size=(sums.CHUNK, 1)) for middle in middles])
    for part in (x, x[sums.CHUNK :]):
        m2 = sums.summed(part).powers[3, 0]
        assert abs(m2 / exact_powers(part[:, 0].tolist())[2] - 1) < 1e-12


@given(st.floats(-1e100, 1e100), st.integers(1, 5000), st.integers(1, 4))
def test_equal_numbers_leave_nothing(value, rows, width):
    found = sums.summed(np.full((rows, width), value))
    assert (found.powers[1] == value).all()
    assert not found.powers[2:].any()


def test_equal_numbers_after_others_leave_nothing_more():
    """Their chunk is about 0.1 itself, not about the block's shift."""
    x = np.concatenate([RNG.normal(size=(sums.CHUNK, 1)), np.full((sums.CHUNK, 1), 0.1)])
    one = joined(Recipe().part(x[: sums.CHUNK]), Recipe().part(np.full((5, 1), 0.1)))
    assert one.count[0] == sums.CHUNK + 5
    assert sums.summed(x[sums.CHUNK :]).powers[3, 0] == 0.0


def test_missing_and_infinite_values_are_counted_and_left_out():
    x = RNG.normal(size=(7000, 3))
    x[::7, 0], x[3, 1], x[4, 1], x[5, 1] = np.nan, np.inf, -np.inf, np.nan
    found = sums.summed(x)
    assert found.missing.tolist() == [1000, 1, 0]
    assert found.infinite.tolist() == [0, 2, 0]
    for i in range(3):
        kept = x[np.isfinite(x[:, i]), i]
        assert found.powers[0, i] == len(kept)
        np.testing.assert_allclose(found.powers[1, i], kept.mean(), atol=1e-15)
        np.testing.assert_allclose(
            found.powers[3, i], ((kept - kept.mean()) ** 2).sum(), rtol=1e-13
        )
        assert (found.minimum[i], found.maximum[i]) == (kept.min(), kept.max())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int8", "bool"])
def test_what_counts(dtype):
    """A mask, in all dtypes, is the same as leaving out what it masks."""
    x = (RNG.normal(size=(3000, 2)) * 30).astype(dtype)
    ok = RNG.random((3000, 2)) < 0.7
    found = sums.summed(x, ok)
    for i in range(2):
        alone = sums.summed(np.ascontiguousarray(x[ok[:, i], i : i + 1]))
        np.testing.assert_allclose(found.powers[:, i], alone.powers[:, 0], rtol=1e-11, atol=1e-11)
        assert found.missing[i] == (~ok[:, i]).sum()


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_bit(count, chance):
    leaves = [{"": Recipe().part(RNG.normal(size=(3, 2)))} for _ in range(count)]
    expected = Tree()
    for index, leaf in enumerate(leaves):
        expected.add(index, leaf)
    order = list(range(count))
    chance.shuffle(order)
    found = Tree()
    for index in order:
        found.add(index, leaves[index])
        assert found.has(index)
    for name in ("count", "mean", "m2", "m3", "m4", "minimum", "maximum"):
        one, other = (getattr(tree.total()[""], name) for tree in (expected, found))
        assert one.tolist() == other.tolist()
    assert len(found.nodes) <= count.bit_length()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(threads, monkeypatch):
    monkeypatch.setattr("normlab.measuring.source.BLOCK", 1 << 12)
    x = RNG.normal(size=(40_000, 3))
    first, again = normlab.measure(x, threads=1), normlab.measure(x, threads=threads)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        third = normlab.measure(x)
    finally:
        torch.set_num_threads(before)
    for other in (again, third):
        for name in ("mean", "m2", "m3", "m4"):
            assert torch.equal(getattr(first, name), getattr(other, name))


@pytest.mark.skipif(native.in_use() is None, reason=native.status())
def test_the_kernels_change_no_bit(monkeypatch):
    """What was begun with them may be finished without."""
    monkeypatch.setattr("normlab.measuring.source.BLOCK", 1 << 14)
    x = RNG.normal(size=(50_000, 3)).astype(np.float32)
    x[::11, 1], x[30_000:, 2] = np.nan, x[30_000:, 2] + 1e6
    found = []
    for name in ("off", *(name for name, runs in native.compiled().items() if runs)):
        with native.forced(name):
            found.append(json.dumps(normlab.measure(x).to_json()))
    assert len(set(found)) == 1


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_another_division_differs_by_rounding_alone(sizes):
    x = 100 + np.random.default_rng(len(sizes)).normal(size=(sum(sizes), 2))
    one = normlab.measure(x)
    pieces = np.split(x, np.cumsum(sizes)[:-1])
    other = normlab.measure(pieces[0])
    for piece in pieces[1:]:
        other = other.merge(normlab.measure(piece))
    for i in range(2):
        _, _, mean_slack, slack = bounds(x[:, i].tolist(), len(sizes))
        assert abs((one.mean - other.mean)[i].item()) <= 2 * mean_slack
        assert abs((one.m2 - other.m2)[i].item()) <= 2 * slack
