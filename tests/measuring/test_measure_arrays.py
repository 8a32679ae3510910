"""Arrays of any rank, in memory and in files, against NumPy; what comes once."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import normlab
from cases import exact, exact_powers
from normlab.errors import DataError, SettingError, ShapeError

RNG = np.random.default_rng(2)
X = RNG.normal(5, 2, size=(40, 3, 5, 6))


def check(found, x, axes, rtol=1e-12):
    np.testing.assert_allclose(found.mean, x.mean(axes).ravel(), rtol=rtol)
    np.testing.assert_allclose(found.std(correction=0), x.std(axes).ravel(), rtol=rtol)
    np.testing.assert_array_equal(found.minimum, x.min(axes).ravel())
    np.testing.assert_array_equal(found.maximum, x.max(axes).ravel())


KEPT = [(0,), (1,), (2,), (3,), (-1,), (0, 1), (1, 2), (2, 3), (0, 3), (0, 1, 2)]


@pytest.mark.parametrize("kept", KEPT, ids=str)
@pytest.mark.parametrize("block", [1 << 20, 64])
def test_kept_axes(kept, block, monkeypatch, tmp_path):
    """In memory and from a file, whole and in many small units."""
    for module in ("source", "recipe"):
        monkeypatch.setattr(f"normlab.measuring.{module}.BLOCK", block)
    monkeypatch.setattr("normlab.measuring.arrays._LARGEST_ROW", block)
    np.save(tmp_path / "x.npy", X)
    axes = tuple(set(range(4)) - {k % 4 for k in kept})
    for source in (X, tmp_path / "x.npy"):
        found = normlab.measure(source, features=kept, quantiles=True)
        check(found, X, axes)
        assert found.rows == 40
        assert len(found.names) == np.prod([X.shape[axis] for axis in kept])
        assert found.count.sum() == X.size


def test_the_default_axes():
    assert normlab.measure(X).names == ("0", "1", "2")
    assert normlab.measure(X[:, 0, 0]).names == tuple("012345")
    assert normlab.measure(X[:, 0, 0, 0]).names == ("values",)
    found = normlab.measure(np.moveaxis(X, 1, -1))
    check(found, X, (0, 2, 3))
    assert found.notes == ("Axis 3 was kept, since it looks like channels (--features chooses).",)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "bool", "int16", "int64", "float16", ">f4"])
def test_dtypes(kind, tmp_path):
    x = (RNG.normal(100, 30, size=(500, 3)) % 200).astype(kind)
    np.save(tmp_path / "x.npy", x)
    found = normlab.measure(tmp_path / "x.npy")
    check(found, x.astype(np.float64), 0)


def test_whole_numbers_of_8_and_16_bits_are_exact():
    """Each number rounded once, and of another division of the data the same."""
    x = RNG.integers(0, 2**16, (3000, 2), dtype=np.uint16)
    found = normlab.measure(x).merge(normlab.measure(x[::3]))
    for i in range(2):
        every = [int(v) for v in np.concatenate([x[:, i], x[::3, i]])]
        assert exact_powers(every) == [
            t[i].item() for t in (found.count, found.mean, found.m2, found.m3, found.m4)
        ]
        assert found.quantile(0.5)[i] == sorted(every)[(len(every) - 1) // 2]


def test_columns_written_one_after_the_other(tmp_path):
    x = np.asfortranarray(X.reshape(-1, 6))
    np.save(tmp_path / "x.npy", x)
    found = normlab.measure(tmp_path / "x.npy")
    check(found, x, 0)
    assert found.rows == len(x)


def test_masks():
    ok = RNG.random((40, 1, 5, 6)) < 0.8
    kept, rows = np.where(ok, X, np.nan), np.moveaxis(ok, 1, -1).reshape(-1)
    for found in (
        normlab.measure(X, mask=ok),
        normlab.measure(kept),
        normlab.measure(np.moveaxis(X, 1, -1).reshape(-1, 3), valid=lambda block: rows),
    ):  # fmt: skip
        np.testing.assert_allclose(found.mean, np.nanmean(kept, (0, 2, 3)), rtol=1e-13)
        np.testing.assert_allclose(found.std(correction=0), np.nanstd(kept, (0, 2, 3)), rtol=1e-13)
        assert found.missing.tolist() == [(~ok).sum()] * 3


class Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.from_numpy(X))


SOURCES = {
    "a tensor": lambda folder: torch.from_numpy(X),
    "a tensor with a gradient": lambda folder: torch.from_numpy(X).requires_grad_(),
    "a Dataset": lambda folder: TensorDataset(torch.from_numpy(X), torch.arange(40)),
    "a Dataset that is iterated": lambda folder: Stream(),
    "a DataLoader": lambda folder: DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=7),
    "a generator": lambda folder: (x[None] for x in X),
    "dicts": lambda folder: ({"label": 1, "image": X[i : i + 3]} for i in range(0, 40, 3)),
    "npz": lambda folder: _saved(folder / "x.npz", lambda path: np.savez(path, x=X)),
    "pt": lambda folder: _saved(folder / "x.pt", lambda path: torch.save({"x": torch.from_numpy(X)}, path)),
    "h5": lambda folder: _h5(folder / "x.h5"),
    "zarr": lambda folder: _saved(folder / "x.zarr", _zarr),
    "dask": lambda folder: _dask(),
}  # fmt: skip


def _saved(path, save):
    save(path)
    return path


def _h5(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["deep/x"] = X
    return path


def _zarr(path):
    pytest.importorskip("zarr").save(str(path), X)


def _dask():
    return pytest.importorskip("dask.array").from_array(X, chunks=(9, 3, 5, 6))


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_sources(make, tmp_path):
    found = normlab.measure(make(tmp_path))
    check(found, X, (0, 2, 3))
    assert found.rows == 40


REFUSED = {
    "nothing": (
        lambda f: iter(()), {}, DataError, "arrays: gives nothing; it must give arrays, samples first.",
    ),
    "no numbers": (
        lambda f: np.array(["a"]), {}, DataError,
        "an array of shape (1,): holds <U1, which is not real numbers; give an array of numbers.",
    ),
    "empty": (
        lambda f: np.ones((0, 3)), {}, DataError,
        "an array of shape (0, 3): holds an array of shape (0, 3), which is empty; it must hold numbers.",
    ),
    "NaN alone": (
        lambda f: np.full((3, 2), np.nan), {}, DataError,
        "an array of shape (3, 2): holds no value; there is nothing to measure.",
    ),
    "an axis too far": (
        lambda f: X, {"features": 7}, SettingError,
        "features=7 given for an array of shape (40, 3, 5, 6); name axes to keep, each once, from 0 to 3, "
        "and leave one to reduce.",
    ),
    "columns of an array": (
        lambda f: X, {"columns": ["a"]}, SettingError,
        "columns given, which says nothing about an array; leave it out.",
    ),
    "a mask of another shape": (
        lambda f: X, {"mask": np.ones(7, bool)}, SettingError,
        "mask has shape (7,), which does not broadcast to that of the data, (40, 3, 5, 6).",
    ),
    "features that change": (
        lambda f: iter([np.ones((2, 3)), np.ones((2, 4))]), {}, ShapeError,
        "arrays: arrays of shape (2, 3) and (2, 4) came; axes (1,) must have one size.",
    ),
    "a number": (
        lambda f: 3, {}, DataError,
        "a int given; it must be a path, an array, a tensor, a Dataset, a DataLoader, or an iterable of "
        "arrays.",
    ),
    "no threads": (
        lambda f: X, {"threads": 0}, SettingError,
        "threads=0 given; it must be a whole number, 1 or more.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "options", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make, options, kind, message, tmp_path):
    with pytest.raises(kind, match=exact(message)):
        normlab.measure(make(tmp_path), **options)


def test_files_that_are_cut_short(tmp_path):
    np.save(tmp_path / "x.npy", X)
    whole = (tmp_path / "x.npy").read_bytes()
    for length in (5, 60, len(whole) - 8):
        (tmp_path / "x.npy").write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut short"):
            normlab.measure(tmp_path / "x.npy")


def test_several_arrays_are_a_question(tmp_path):
    np.savez(tmp_path / "x.npz", a=X, b=X + 1)
    with pytest.raises(DataError, match=r"holds 2 arrays .*; choose one with --array"):
        normlab.measure(tmp_path / "x.npz")
    assert abs(normlab.measure(tmp_path / "x.npz", array="b").mean.mean() - X.mean() - 1) < 1e-12
    with pytest.raises(DataError, match="has no array 'c'"):
        normlab.measure(tmp_path / "x.npz", array="c")


def test_pickles_are_never_loaded(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DataError, match="holds object, which is not real numbers"):
        normlab.measure(tmp_path / "x.npy")
    np.savez(tmp_path / "x.npz", x=np.array([{}]))
    with pytest.raises(DataError, match="pickled objects, which can run code"):
        normlab.measure(tmp_path / "x.npz")
