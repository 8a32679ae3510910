"""normlab.measuring.applying on every format: numbers against numpy, everything else as it was."""

import gzip

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, feather, ipc, parquet
from sklearn.datasets import load_wine

import normlab
from normlab.data import read_table
from normlab.measuring.applying.apply import apply
from normlab.measuring.applying.arrays import pieces
from normlab.measuring.applying.scaling import Scaling

FORMATS = ("wine.parquet", "wine.feather", "wine.arrow", "wine.csv", "wine.csv.gz", "wine.tsv")
ULPS = {np.dtype(np.float32): 2, np.dtype(np.float64): 4}


def wine():
    """Six columns of scikit-learn's wine in as many types, with gaps, words and a list."""
    x = load_wine().data
    gaps = np.arange(len(x)) % 17 == 3
    return pa.table(
        {
            "name": [f"wine, no. {i}" for i in range(len(x))],
            "alcohol": pa.array(x[:, 0], mask=gaps),
            "magnesium": pa.array(x[:, 4].astype(np.int16)),
            "note": pa.array(["a", None, 'say "b"'] * (len(x) // 3) + ["a"], pa.string()),
            "hue": pa.array(x[:, 10].astype(np.float32)),
            "proline": pa.array(x[:, 12].astype(np.int64)),
            "sweet": pa.array(x[:, 1] > 2),
            "seven": pa.array(np.full(len(x), 7.0)),
        }
    )


FEATURES = ("alcohol", "magnesium", "hue", "proline", "sweet", "seven")


def write(table, path):
    name = path.name
    if name.endswith(".parquet"):
        parquet.write_table(table, path, row_group_size=50, compression="gzip")
    elif name.endswith(".feather"):
        feather.write_feather(table, str(path), chunksize=60)
    elif name.endswith(".arrow"):
        with ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=70)
    else:
        options = csv.WriteOptions(delimiter="\t" if ".tsv" in name else ",")
        with pa.output_stream(str(path)) as stream:
            csv.write_csv(table, stream, options)


def read(path):
    name = path.name
    if name.endswith(".parquet"):
        return parquet.read_table(path)
    if name.endswith(".feather"):
        return feather.read_table(str(path))
    if name.endswith(".arrow"):
        with ipc.open_stream(str(path)) as stream:
            return stream.read_all()
    options = csv.ParseOptions(delimiter="\t" if ".tsv" in name else ",")
    return csv.read_csv(pa.input_stream(str(path)), parse_options=options)


def numbers(table, name):
    return np.asarray(table[name].cast(pa.float64(), safe=False).to_pandas(), np.float64)


@pytest.fixture(params=FORMATS)
def file(request, tmp_path):
    path = tmp_path / request.param
    write(wine(), path)
    return path


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    path = tmp_path_factory.mktemp("stats") / "wine.parquet"
    write(wine(), path)
    return normlab.measure(path, columns=FEATURES)


def test_normalised_as_numpy_would(file, statistics):
    out = file.with_name("out-" + file.name)
    done = apply(statistics, file, out)
    assert (done.size, done.features) == (178, 6)
    before, after = wine(), read(out)
    for name in FEATURES:
        x = numbers(before, name)
        std = np.nanstd(x) or 1.0
        np.testing.assert_allclose(
            numbers(after, name), (x - np.nanmean(x)) / std, rtol=3e-7, atol=3e-7
        )
    assert after["alcohol"].null_count == before["alcohol"].null_count > 0
    assert after["name"].to_pylist() == before["name"].to_pylist()
    assert [n or "" for n in after["note"].to_pylist()] == [
        n or "" for n in before["note"].to_pylist()
    ]
    assert after.column_names == before.column_names
    assert done.notes == ("Constant when measured, so only the mean was subtracted: 'seven'.",)


def test_there_and_back(file, statistics):
    there, back = (file.with_name(f"{way}-{file.name}") for way in ("there", "back"))
    apply(statistics, file, there)
    apply(statistics, there, back, inverse=True)
    table, between, again = read(file), read(there), read(back)
    for name in FEATURES:
        x, y = numbers(table, name), numbers(again, name)
        dtype = np.dtype(np.float32 if between[name].type == pa.float32() else np.float64)
        spacing = np.spacing(np.maximum(abs(x), abs(x - np.nanmean(x))).astype(dtype))
        assert np.nanmax(abs(y - x) / spacing) <= ULPS[dtype]


def test_types_are_kept_and_whole_numbers_become_floating_point(tmp_path, statistics):
    for name in FORMATS[:3]:
        path, out = tmp_path / name, tmp_path / f"out-{name}"
        write(wine().replace_schema_metadata({"who": "we"}), path)
        apply(statistics, path, out)
        schema = read(out).schema
        kinds = {field.name: str(field.type) for field in schema if field.name in FEATURES}
        assert kinds == {
            "alcohol": "double", "magnesium": "float", "hue": "float", "proline": "double",
            "sweet": "double", "seven": "double",
        }  # fmt: skip
        assert schema.metadata[b"who"] == b"we"


def test_parquet_keeps_compression_and_takes_repeated_and_nested_columns(tmp_path):
    table = pa.table(
        [pa.array([1.0, 3.0]), pa.array([5.0, 6.0]), pa.array([[1], [2, 3]])], ["a", "a", "list"]
    )
    parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")
    found = normlab.measure(np.array([[1.0], [3.0]]))
    found.names = ("a",)
    apply(found, tmp_path / "a.parquet", tmp_path / "b.parquet")
    with parquet.ParquetFile(tmp_path / "b.parquet") as file:
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        columns = [column.to_pylist() for column in file.read().columns]
    assert columns == [[-1.0, 1.0], [5.0, 6.0], [[1], [2, 3]]]


def test_pandas_reads_the_copy_with_its_index(tmp_path, statistics):
    frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)[["alcohol", "hue"]]
    frame.to_parquet(tmp_path / "a.parquet")
    apply(normlab.measure(tmp_path / "a.parquet"), tmp_path / "a.parquet", tmp_path / "b.parquet")
    import pandas as pd

    again = pd.read_parquet(tmp_path / "b.parquet")
    assert (again.index == frame.index).all()
    expected = (frame - frame.mean()) / frame.std(ddof=0)
    np.testing.assert_allclose(again, expected, atol=1e-12)


def test_columns_left_out_stay(tmp_path, statistics):
    write(wine(), tmp_path / "a.parquet")
    done = apply(
        statistics, tmp_path / "a.parquet", tmp_path / "b.parquet", exclude=("hue", "sweet")
    )
    after = read(tmp_path / "b.parquet")
    assert done.features == 4
    assert after["hue"].equals(wine()["hue"]) and after["sweet"].equals(wine()["sweet"])


def test_the_unbiased_std_is_asked_for(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1.0], [3.0], [5.0]]))
    found = normlab.measure(tmp_path / "a.npy")
    apply(found, tmp_path / "a.npy", tmp_path / "b.npy", correction=1)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), [[-1.0], [0.0], [1.0]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "u1", "i4", ">f4"])
@pytest.mark.parametrize(
    ("shape", "axes"), [((6, 3), (1,)), ((5, 3, 4, 2), (1,)), ((4, 3, 2), (1, 2))]
)
def test_arrays(tmp_path, shape, axes, dtype, order):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 200, shape).astype(dtype)
    np.save(tmp_path / "c.npy", x)
    np.save(tmp_path / "a.npy", np.asarray(x, order=order))
    found = normlab.measure(tmp_path / "c.npy", features=axes)
    apply(found, tmp_path / "a.npy", tmp_path / "b.npy")
    y = np.load(tmp_path / "b.npy")
    others = tuple(set(range(x.ndim)) - set(axes))
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(others, keepdims=True)) / wide.std(others, keepdims=True)
    small = x.dtype.itemsize <= (4 if x.dtype.kind == "f" else 2)
    assert y.dtype == (np.float32 if small else np.float64)
    assert y.flags.f_contiguous == (order == "F")
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 30))
def test_pieces_are_the_whole_array_in_its_order(shape, most):
    x = np.arange(np.prod(shape)).reshape(shape)
    found = [x[piece] for piece in pieces(tuple(shape), most)]
    np.testing.assert_array_equal(np.concatenate([part.ravel() for part in found]), x.ravel())
    assert max(part.size for part in found) <= max(most, 1)


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("dtype", list(ULPS), ids=str)
@given(st.lists(NUMBERS, min_size=1, max_size=20), NUMBERS, st.floats(1e-3, 1e6))
def test_there_and_back_within_the_stated_ulps(dtype, values, mean, std):
    x = np.array(values, dtype)
    center, divisor = np.array([mean]), np.array([std])
    there, back = (Scaling(("a",), center, divisor, inverse) for inverse in (False, True))
    again = back(there(x, mean, std), mean, std)
    size = np.maximum(abs(x.astype(np.float64)), abs(x - np.float64(mean)))
    tiny = np.finfo(dtype).tiny * std  # below which y has fewer digits
    assert again.dtype == dtype
    assert (
        abs(again.astype(np.float64) - x) <= ULPS[dtype] * np.spacing(size.astype(dtype)) + tiny
    ).all()


def test_a_compressed_text_stays_compressed(tmp_path, statistics):
    write(wine(), tmp_path / "a.csv.gz")
    apply(statistics, tmp_path / "a.csv.gz", tmp_path / "b.csv.gz")
    assert gzip.decompress((tmp_path / "b.csv.gz").read_bytes()).startswith(b"name,alcohol,")
    assert read_table(tmp_path / "b.csv.gz", ["hue"]).values.mean().abs() < 1e-6


def test_infinite_values_stay_infinite(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1.0], [np.inf], [3.0], [-np.inf], [np.nan]]))
    apply(normlab.measure(tmp_path / "a.npy"), tmp_path / "a.npy", tmp_path / "b.npy")
    np.testing.assert_array_equal(
        np.load(tmp_path / "b.npy").ravel(), [-1.0, np.inf, 1.0, -np.inf, np.nan]
    )


def test_progress_comes_to_the_end(file, statistics):
    told = []
    apply(statistics, file, file.with_name("out-" + file.name), tell=lambda *at: told.append(at))
    assert told and all(0 < done <= total for done, total in told)
    assert told == sorted(told)
