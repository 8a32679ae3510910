"""Moments of channels by the kernels and by their twin, against long sums and numbers worked out by hand."""

import pytest
import torch
from built import SETS

from cases import example
from normlab.errors import DtypeError, ShapeError
from normlab.kernels import native
from normlab.kernels.moments import Moments, moments

by_path = pytest.mark.parametrize("path", ["off", *SETS])


def by_definition(x):
    """Of (values, channels) in float64, whose own rounding is far below what is asked for."""
    x = x.double()
    mean = x.mean(0)
    d = x - mean
    d = d - d.mean(0)
    return mean, *((d**n).sum(0) for n in (2, 3, 4))


def assert_right(found, table, share):
    """Central sums to a share of what they would be if no deviations had cancelled."""
    mean, m2, m3, m4 = by_definition(table)
    spread = (m2 / len(table)).sqrt()
    limits = (spread + share * mean.abs(), m2, len(table) * spread**3 + m3.abs(), m4)
    for mine, right, limit in zip(found[1:5], (mean, m2, m3, m4), limits, strict=True):
        assert bool(((mine - right).abs() <= share * limit).all()), (mine - right).abs() / limit
    wide = table.double()
    assert torch.equal(found.count, torch.full_like(mean, len(table)))
    assert torch.equal(found.least, wide.amin(0)) and torch.equal(found.most, wide.amax(0))
    assert bool((found.missing == 0).all())


LAYOUTS = {
    "table": lambda t: (t, 1),
    "wide": lambda t: (t.T.contiguous(), 0),
    "images": lambda t: (t.view(-1, 7, 9, t.shape[1]).permute(0, 3, 1, 2).contiguous(), 1),
    "channels_last": lambda t: (t.view(-1, 7, 9, t.shape[1]).permute(0, 3, 1, 2), 1),
    "sliced": lambda t: (torch.cat([t, t], 1)[:, : t.shape[1]], 1),
}


@by_path
@pytest.mark.parametrize("channels", [1, 3, 64, 300])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_far_from_zero(path, channels, layout):
    """Means of 1e4 and deviations of 1, in float32: 1e-6 of the float64 of the same input."""
    table = example((63 * 20, channels)).add(1e4).float()
    x, axis = layout(table)
    with native.forced(path):
        assert_right(moments(x, axis), table, 1e-6)


@by_path
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
@pytest.mark.parametrize("dtype", native.KINDS, ids=str)
def test_scales_and_dtypes(path, scale, dtype):
    if dtype == torch.float16 and scale != 1:
        pytest.skip("float16 has no such numbers")
    x = (example((3000, 5)) * scale).to(dtype)
    with native.forced(path):
        assert_right(moments(x), x, 1e-12 if dtype == torch.float64 else 1e-6)


@by_path
def test_worked_out_by_hand(path):
    """1, 2, 6: mean 3, deviations −2, −1, 3; squares 14, cubes −8 − 1 + 27, fourth powers 16 + 1 + 81."""
    x = torch.tensor([[1.0], [torch.nan], [2.0], [6.0]])
    with native.forced(path):
        found = moments(x)
    assert [value.item() for value in found] == [3.0, 3.0, 14.0, 18.0, 98.0, 1.0, 6.0, 1.0]


@by_path
@pytest.mark.parametrize("rows", [9, 5000])
def test_missing_and_infinite(path, rows):
    inf, nan = torch.inf, torch.nan
    x = torch.zeros(rows, 5)
    x[3, 0], x[4, 1], x[5, 2], x[:, 3] = nan, inf, -inf, nan
    x[6, 4], x[7, 4] = inf, -inf
    with native.forced(path):
        found = moments(x)
    assert found.missing.tolist() == [1, 0, 0, rows, 0]
    assert found.count.tolist() == [rows - 1, rows, rows, 0, rows]
    means = found.mean.tolist()
    assert means[:4] == [0.0, inf, -inf, 0.0] and found.mean[4].isnan()
    for power in (found.m2, found.m3, found.m4):
        assert power[[0, 3]].tolist() == [0.0, 0.0] and bool(power[[1, 2, 4]].isnan().all())
    assert found.least.tolist() == [0.0, 0.0, -inf, inf, -inf]
    assert found.most.tolist() == [0.0, inf, 0.0, -inf, inf]


@by_path
def test_nothing_and_one_value(path):
    with native.forced(path):
        for shape, axis in (((0, 3), 1), ((2, 3, 0), 1), ((3, 0), 0)):
            found = moments(torch.zeros(shape), axis)
            assert found.count.tolist() == found.mean.tolist() == found.m2.tolist() == [0.0] * 3
        assert moments(torch.zeros(2, 0), 1).count.shape == (0,)
        alone = moments(torch.tensor([[5.0]]))
    assert [value.item() for value in alone] == [1.0, 5.0, 0.0, 0.0, 0.0, 5.0, 5.0, 0.0]


@pytest.mark.skipif(not SETS, reason=native.status())
def test_threads_and_runs_change_no_bit():
    x, threads, found = example((40000, 33)).float(), torch.get_num_threads(), []
    try:
        for number in (1, 2, 3, 2):
            torch.set_num_threads(number)
            found.append(torch.stack(moments(x)))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(found[0], other) for other in found)


@by_path
def test_refused_in_words(path):
    with native.forced(path):
        with pytest.raises(DtypeError, match="x is int64"):
            moments(torch.ones(2, 2, dtype=torch.int64))
        with pytest.raises(ShapeError, match="axis=2 given"):
            moments(torch.ones(2, 2), 2)


def test_a_long_double_agrees():
    """Another sum altogether: numpy's extended precision, where there is one."""
    x = example((5000, 2)).add(1e4)
    wide = x.numpy().astype("longdouble")
    d = wide - wide.mean(0)
    found = moments(x)
    for value, power in zip(found[2:5], (2, 3, 4), strict=True):
        right = torch.tensor((d**power).sum(0).astype("float64"))
        size = torch.tensor((abs(d) ** power).sum(0).astype("float64"))
        assert bool(((value - right).abs() <= 1e-11 * size).all())
    assert isinstance(found, Moments)
