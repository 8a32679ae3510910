"""What is measured: saved, loaded, merged, subtracted."""

import json

import numpy as np
import pytest
import torch

import normlab
from cases import EPS, exact
from normlab import Measured
from normlab.errors import DataError, SettingError, ShapeError
from processes import across

RNG = np.random.default_rng(1)
X = RNG.normal(3, 2, size=(4000, 3))
X[::5, 1] = np.nan
NUMBERS = ("count", "missing", "infinite", "mean", "m2", "m3", "m4", "minimum", "maximum")


def same(one, other):
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in NUMBERS)


def test_it_is_a_moments():
    found = normlab.measure(X)
    plain = normlab.Moments().update(torch.from_numpy(X[:, ::2]))
    assert isinstance(found, normlab.Moments)
    assert (found.mean[::2] - plain.mean).abs().max() < 8 * EPS * 3
    assert (found.std()[::2] - plain.std()).abs().max() < 8 * EPS * 3


def test_against_scipy():
    from scipy import stats

    found = normlab.measure(X)
    kept = X[:, 0]
    assert abs(found.skewness[0].item() - stats.skew(kept)) < 1e-12
    assert abs(found.kurtosis[0].item() - stats.kurtosis(kept, fisher=False)) < 1e-12
    assert found.count.tolist() == [4000, 3200, 4000]
    assert found.missing.tolist() == [0, 800, 0]


def test_saved_and_loaded_to_the_same_bits(tmp_path):
    found = normlab.measure(X, quantiles=True, covariance=True)
    path = found.save(tmp_path / "new" / "stats.json")
    loaded = Measured.load(path)
    assert same(found, loaded)
    assert loaded.names == found.names and loaded.kind == "array" and loaded.rows == 4000
    assert torch.equal(found.covariance, loaded.covariance)
    assert torch.equal(found.quantile([0.1, 0.5]), loaded.quantile([0.1, 0.5]))
    assert [shard.name for shard in loaded.shards] == [shard.name for shard in found.shards]
    assert json.loads(path.read_text())["format"] == 1


def test_a_feature_without_values_is_nan_and_null(tmp_path):
    found = normlab.measure(np.array([[1.0, np.nan], [2.0, np.nan]]))
    assert found.mean[1].isnan() and found.std()[1].isnan() and found.count.tolist() == [2, 0]
    assert found.to_json()["minimum"] == [1.0, None]
    assert Measured.load(found.save(tmp_path / "s.json")).mean[1].isnan()
    assert "No value: '1'." in found.notes


def test_merged_parts_are_the_whole():
    whole = normlab.measure(X, quantiles=True, covariance=True)
    left, right = (normlab.measure(x, quantiles=True, covariance=True) for x in (X[:900], X[900:]))
    both = left.merge(right)
    for name in NUMBERS:
        one, other = getattr(both, name).double(), getattr(whole, name).double()
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-11)
    torch.testing.assert_close(both.covariance, whole.covariance, rtol=1e-13, atol=1e-13)
    assert left.count.tolist() == [900, 720, 900]


def test_what_is_said_of_merged_numbers_is_said_anew():
    """A part may be constant where the whole is not, and the other way round for nothing."""
    ones, twos = normlab.measure(np.ones((5, 1))), normlab.measure(np.full((5, 1), 2.0))
    assert any("Constant" in note for note in ones.notes)
    both = ones.merge(twos)
    assert not any("Constant" in note for note in both.notes)
    assert sum("Constant" in note for note in both.subtract(twos).notes) == 0  # ends are unknown
    assert sum("Constant" in note for note in ones.merge(ones).notes) == 1
    infinite = normlab.measure(np.array([[1.0], [np.inf]])).merge(twos)
    assert [note for note in infinite.notes if "Infinite" in note] == [
        "Infinite values, which were left out: '0'."
    ]


def test_the_axes_that_were_kept_are_known(tmp_path):
    x = np.random.default_rng(0).normal(size=(6, 4, 4))
    found = normlab.measure(x, features=2)
    loaded = normlab.Measured.load(found.save(tmp_path / "s.json"))
    assert found.axes == loaded.axes == loaded.merge(found).axes == (2,)
    assert normlab.measure([x, x]).axes == (1,)
    assert normlab.Measured.from_json({**found.to_json(), "axes": None}).axes is None


def test_covariance_is_of_complete_rows():
    complete = X[~np.isnan(X).any(1)]
    found = normlab.measure(X, covariance=True).covariance
    np.testing.assert_allclose(found, np.cov(complete.T), rtol=1e-13, atol=1e-14)


def test_quantiles_are_within_the_stated_error():
    x = RNG.normal(size=(200_000, 2))
    found = normlab.measure(x, quantiles=True)
    for q in (0.01, 0.25, 0.5, 0.9):
        for i, value in enumerate(found.quantile(q).tolist()):
            # the error holds with 99 % confidence: three times it is beyond all doubt
            assert abs((x[:, i] <= value).mean() - q) <= 3 * found.quantile_error
    assert 0 < found.quantile_error < 0.005
    histogram = found.histograms[0]
    shares = np.histogram(x[:, 0], histogram.edges)[0] / len(x)
    assert np.abs(histogram.counts / len(x) - shares).max() <= 6 * found.quantile_error


def test_a_part_is_subtracted():
    whole, part = normlab.measure(X), normlab.measure(X[:1500])
    rest, expected = whole.subtract(part), normlab.measure(X[1500:])
    assert rest.count.tolist() == expected.count.tolist()
    assert rest.missing.tolist() == expected.missing.tolist()
    for name in ("mean", "m2", "m3", "m4"):
        torch.testing.assert_close(
            getattr(rest, name), getattr(expected, name), rtol=1e-9, atol=1e-7
        )
    assert rest.minimum is None and rest.maximum is None
    assert rest.notes[-1].startswith("A part was subtracted: std may be off by ")
    stated = float(rest.notes[-1].split("by ")[1].split(" ")[0])
    assert ((rest.std() / expected.std() - 1).abs() <= stated).all()


def test_levels_are_subtracted_exactly():
    x = RNG.integers(0, 256, (500, 4, 4, 3), dtype=np.uint8)
    rest = normlab.measure(x).subtract(normlab.measure(x[:200]))
    expected = normlab.measure(x[200:])
    assert same(rest, expected)
    assert torch.equal(rest.quantile(0.5), expected.quantile(0.5))


@across(2)
def test_ranks_are_merged(rank, size):
    x = np.random.default_rng(7).normal(size=(1000, 2))
    found = normlab.measure(x[rank::size]).merge_ranks()
    expected = normlab.measure(x[::2]).merge(normlab.measure(x[1::2]))
    assert same(found, expected)


REFUSED = {
    "other features": (
        lambda: normlab.measure(X).merge(normlab.measure(X[:, :2])),
        ShapeError,
        "merge: features 0, 1, 2 and 0, 1 given; they must be the same, in the same order.",
    ),
    "no Measured": (
        lambda: normlab.measure(X).merge(normlab.Moments()),
        SettingError,
        "merge: a Moments given; it must be a Measured.",
    ),
    "not a part": (
        lambda: normlab.measure(X[:10]).subtract(normlab.measure(X)),
        DataError,
        "the statistics to subtract are not those of a part of this data set: 0 would be negative; "
        "give those of a part.",
    ),
    "quantiles not kept": (
        lambda: normlab.measure(X).quantile(0.5),
        SettingError,
        "quantiles not kept; ask for it: normlab.measure(…, quantiles=True), or --quantiles.",
    ),
    "covariance not kept": (
        lambda: normlab.measure(X).covariance,
        SettingError,
        "covariance not kept; ask for it: normlab.measure(…, covariance=True), or --covariance.",
    ),
    "no share": (
        lambda: normlab.measure(X, quantiles=True).quantile(1.5),
        SettingError,
        "quantile: q=1.5 given; it must be in 0 to 1.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()


FILES = {
    "no JSON": ("{", "stats.json is not JSON ("),
    "another file": (
        "[1]",
        "stats.json is not what normlab measure writes; give its --out stats.json.",
    ),
    "a newer format": (
        '{"format": 99, "mean": []}',
        "has format 99, and this normlab reads 1; install",
    ),
    "a damaged one": ('{"format": 1, "mean": []}', "stats.json is damaged ("),
    "groups": (
        '{"format": 1, "by": "kind", "groups": {"a": 1}}',
        "stats.json was measured by 'kind'; take one of 'a'.",
    ),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_files_that_are_none(text, message, tmp_path):
    path = tmp_path / "stats.json"
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        Measured.load(path)
    assert message in str(raised.value)
    with pytest.raises(DataError, match="cannot be opened"):
        Measured.load(tmp_path / "absent.json")
