"""Tables: real data through every format, and one clear line for whatever cannot be read."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from normlab.data import chapter_points, read_table
from normlab.errors import DataError


def text_of(data, names, sign=","):
    rows = [sign.join(names), *(sign.join(map(repr, row)) for row in data.tolist())]
    return "\n".join(rows) + "\n"


def arrow_of(data, names):
    return pa.table([pa.array(column) for column in data.T], names=names)


def by_name(data, names):
    return dict(zip(names, data.T, strict=True))


WRITERS = {
    ".csv": lambda path, data, names: path.write_text(text_of(data, names)),
    ".tsv": lambda path, data, names: path.write_text(text_of(data, names, "\t")),
    ".csv.gz": lambda p, data, names: p.write_bytes(gzip.compress(text_of(data, names).encode())),
    ".parquet": lambda path, data, names: pa.parquet.write_table(arrow_of(data, names), path),
    ".pq": lambda path, data, names: pa.parquet.write_table(arrow_of(data, names), path),
    ".feather": lambda path, data, names: pa.feather.write_feather(arrow_of(data, names), path),
    ".arrow": lambda path, data, names: pa.feather.write_feather(arrow_of(data, names), path),
    ".ipc": lambda path, data, names: pa.feather.write_feather(arrow_of(data, names), path),
    ".npy": lambda path, data, names: np.save(path, data),
    ".npz": lambda path, data, names: np.savez(path, **by_name(data, names)),
    ".pt": lambda path, data, names: torch.save(torch.tensor(data), path),
    ".pth": lambda path, data, names: torch.save(by_name(torch.tensor(data), names), path),
}


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
@pytest.mark.parametrize("ending", WRITERS)
def test_real_tables_come_back_equal(tmp_path, load, ending):
    data, names = load().data, [str(name) for name in load().feature_names]
    path = tmp_path / f"table{ending}"
    WRITERS[ending](path, data, names)
    table = read_table(path)
    np.testing.assert_array_equal(table.values.numpy(), data)
    assert table.values.dtype == torch.float64
    assert table.values.is_contiguous()
    numbered = ending in (".npy", ".pt")
    assert table.columns == tuple(f"column {i + 1}" for i in range(len(names))) or not numbered
    assert table.columns == tuple(names) or numbered
    assert (table.name, table.notes) == (path.name, ())


@pytest.fixture
def written(tmp_path):
    def write(content, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, **options)

    return write


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=finite))
def test_float64_survives_csv_and_npy(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("round") / "t.csv"
    names = [f"c{i}" for i in range(data.shape[1])]
    path.write_text(text_of(data, names))
    np.save(path.with_suffix(".npy"), data)
    for ending in (".csv", ".npy"):
        np.testing.assert_array_equal(read_table(path.with_suffix(ending)).values.numpy(), data)


def test_chapter_points_are_the_chapters():
    state = torch.get_rng_state()
    points = chapter_points()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(0)
    expected = torch.randn(128, 2) * torch.tensor([4.0, 1.0]) + torch.tensor([10.0, -5.0])
    assert torch.equal(points.values, expected)
    assert points.values.dtype == torch.float32
    assert points.columns == ("Feature 1", "Feature 2")
    assert [round(s, 4) for s in points.values.std(0).tolist()] == [3.5737, 0.9892]
    assert chapter_points(3, (0, 1, 2), (1, 0, 1), seed=-1).values[:, 1].tolist() == [1, 1, 1]
    assert not torch.equal(chapter_points(seed=1).values, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples is 0; it must be"),
        ({"samples": 1.5}, "samples is 1.5"),
        ({"samples": 2**62}, "samples 4611686018427387904"),
        ({"mean": (1,)}, "1 means and 2 stds"),
        ({"mean": (), "std": ()}, "0 means and 0 stds"),
        ({"std": (1, -1)}, "negative"),
        ({"mean": (float("nan"), 0)}, "must be finite"),
        ({"std": (float("inf"), 1)}, "must be finite"),
        ({"mean": (1e300, 0)}, "fit float32"),
        ({"seed": 2**70}, "seed 1180591620717411303424"),
    ],
)
def test_chapter_points_refuse(settings, message):
    with pytest.raises(DataError, match=message):
        chapter_points(**settings)


@pytest.mark.parametrize(
    ("text", "columns", "values"),
    [
        ("a;b\n1;2\n3;4", ("a", "b"), [[1, 2], [3, 4]]),
        ("\ufeffa,b\r\n1,2\r\n3,4\r\n", ("a", "b"), [[1, 2], [3, 4]]),
        ("a\tb\n1\t2\n3\t4\n", ("a", "b"), [[1, 2], [3, 4]]),
        ("a;b;c\n1,5;2.5;x,y\n3,25;4;z\n", ("a", "b"), [[1.5, 2.5], [3.25, 4]]),
        ('"a, b", c\n1, 2\n\n3, 4\n', ("a, b", "c"), [[1, 2], [3, 4]]),
        ('"a;\nb",c\n1,2\n3,4\n', ("a;\nb", "c"), [[1, 2], [3, 4]]),
        ("a\n1\n2\n", ("a",), [[1], [2]]),
        ("a,b\ntrue,1e3\nfalse,-2\n", ("a", "b"), [[1, 1000], [0, -2]]),
        ("a,b\n1,2020-01-02\n2,2020-01-03\n", ("a",), [[1], [2]]),
        ("größe,b\n1,2\n3,4\n".encode("latin-1"), ("größe", "b"), [[1, 2], [3, 4]]),
        ("größe,b\n1,2\n3,4\n".encode("utf-16"), ("größe", "b"), [[1, 2], [3, 4]]),
        ("1,2\n3,4\n", ("column 1", "column 2"), [[1, 2], [3, 4]]),
        ("1,5;2\n3,5;4\n", ("column 1", "column 2"), [[1.5, 2], [3.5, 4]]),
        ("1\n2\n", ("column 1",), [[1], [2]]),
        ("5.1,x\n4.9,y\n", ("column 1",), [[5.1], [4.9]]),
        ("id,1990,1991\nx,1,2\ny,3,4\n", ("1990", "1991"), [[1, 2], [3, 4]]),
        ("id,0.5,1.5\n1,1,2\n2,3,4\n", ("id", "0.5", "1.5"), [[1, 1, 2], [2, 3, 4]]),
    ],
)
def test_csv_as_people_write_it(written, text, columns, values):
    table = written(text)
    assert table.columns == columns
    assert table.values.tolist() == values


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1,2\n3,4\n", "The first row holds numbers, so it was read as data; columns are "
         "'column 1' to 'column 2'."),
        ("1\n3\n", "The first row holds numbers, so it was read as data; columns are 'column 1'."),
        ("a,1990\n1,2\n3,4\n", "The first row was read as names, though some are numbers: '1990'."),
        ("a,b\n1,x\n3,y\n", "Left out, because not numeric: 'b' (text)."),
        ("a,b\n1,\n3,\n", "Left out, because not numeric: 'b' (no values)."),
        ("a,a,,a_2\n1,2,3,4\n5,6,7,8\n",
         "Column names were missing or repeated; made up: 'a_3', 'column 3'."),
    ],
)  # fmt: skip
def test_notes_say_what_reading_did(written, text, note):
    assert note in written(text).notes


@pytest.mark.parametrize("mark", ["", "NA", "NaN", "nan", "null", "?", "-", " NA", '""', "inf"])
def test_missing_values(written, mark):
    text = f"a,b,c\n1,2,x\n{mark},3,y\n4,5,\n6,7,z\n"
    refusal = (
        r"in 1 of 4 rows \(data rows 2, counted from 1 without the header; columns 'a'\); "
        r"use --drop-missing .*drop_missing=True"
    )
    with pytest.raises(DataError, match=refusal):
        written(text)
    table = written(text, drop_missing=True)
    assert table.values.tolist() == [[1, 2], [4, 5], [6, 7]]
    assert table.notes[-1].startswith("Dropped rows: missing or infinite values in 1 of 4")
    assert written(text, columns=["b"]).notes == ()


def test_many_missing_rows_are_counted_not_listed(written):
    with pytest.raises(DataError, match=r"9 of 10 rows \(data rows 1, 2, 3, 4, 5, … 9 in all,"):
        written("a,b\n" + ",1\n" * 9 + "2,3\n")


def test_columns_are_chosen_and_ordered(written):
    text = "sepal length,kind,petal length,1\n1,x,2,3\n4,y,5,6\n"
    assert written(text, columns=["petal length", "1"]).values.tolist() == [[2, 3], [5, 6]]
    assert written(text, columns=["3"]).columns == ("petal length",)
    assert written(text, columns="3").columns == ("petal length",)
    for columns, message in [
        (["Petal lenght"], "did you mean 'petal length'.*'sepal length', 'kind'"),
        (["9"], "no column '9'"),
        (["0"], "no column '0'"),
        (["²"], "no column '²'"),
        (["kind"], r"'kind' is not numeric \(text\); choose from 'sepal length', 'petal length'"),
        (["2"], "'kind' is not numeric"),
        ([], "at least one"),
        (["3", "petal length"], "each only once"),
    ]:
        with pytest.raises(DataError, match=message):
            written(text, columns=columns)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float16", "float32"), ("float32", "float32"), (">f4", "float32"), ("float64", "float64"),
        ("int8", "float64"), ("uint64", "float64"), ("bool", "float64"), ("longdouble", "float64"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["C", "F"])
def test_dtypes_of_arrays(tmp_path, dtype, expected, order):
    np.save(tmp_path / "t.npy", np.array([[0, 1], [1, 1], [1, 0]], dtype, order=order))
    values = read_table(tmp_path / "t.npy").values
    assert str(values.dtype) == f"torch.{expected}"
    assert values.is_contiguous()
    assert values.tolist() == [[0, 1], [1, 1], [1, 0]]


def test_dtypes_of_columns(tmp_path):
    path = tmp_path / "t.parquet"
    half, single = pa.array([1.0, 2], pa.float16()), pa.array([0.1, 0.2], pa.float32())
    coded = pa.array([7, 8]).dictionary_encode()
    others = [coded, pa.array([2**60 + 1, None]), pa.array([[1], [2]]), pa.array(["x", "y"])]
    names = ["half", "single", "coded", "big", "nested", "text"]
    table = pa.table([half, single, *others], names=names)
    pa.parquet.write_table(table.append_column("half", half), path)
    assert read_table(path, ["half", "single"]).values.dtype == torch.float32
    assert read_table(path, ["half", "coded"]).values.tolist() == [[1, 7], [2, 8]]
    notes = read_table(path, ["half_2"]).notes
    assert notes == ("Column names were missing or repeated; made up: 'half_2'.",)
    with pytest.raises(DataError, match=r"data rows 2.*columns 'big'"):
        read_table(path)
    with pytest.raises(DataError, match="'nested' is not numeric"):
        read_table(path, ["nested"])


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([[1.0, 2], [3, 4]], dtype=torch.bfloat16, requires_grad=True),
        {"column 1": torch.tensor([1, 3]), "column 2": torch.tensor([2.0, 4.0])},
        {"weight": torch.tensor([[1, 2], [3, 4]])},
        torch.tensor([[1.0, 2], [3, 4]]).to_sparse(),
    ],
)
def test_tensors(tmp_path, value):
    torch.save(value, tmp_path / "t.pt")
    table = read_table(tmp_path / "t.pt")
    assert table.columns == ("column 1", "column 2")
    assert table.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.zeros(2, 3, 4), r"array of shape \(2, 3, 4\); a table needs rows × columns"),
        (torch.tensor(1.0), r"array of shape \(\)"),
        (torch.zeros(2, dtype=torch.complex64), r"no column holds numbers.*complex"),
        (torch.zeros(3, 0), "no column holds numbers"),
        ({"a": torch.zeros(2), "b": torch.zeros(3)}, r"2 arrays \('a' \(2,\), 'b' \(3,\)\)"),
        ({"x": torch.zeros(4, 2), "y": torch.zeros(4)}, r"'x' \(4, 2\), 'y' \(4,\)"),
        ({f"w{i}": torch.zeros(2, 2) for i in range(30)}, "30 in all"),
        ({}, "0 arrays"),
        ([1, 2], "holds a list; save a tensor"),
        (torch.nn.Linear(1, 1), "pickled objects, which can run code and are never loaded"),
    ],
)
def test_tensors_that_are_no_table(tmp_path, value, message):
    torch.save(value, tmp_path / "t.pt")
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "t.pt")


def test_arrays_that_are_no_table(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, data=np.zeros((4, 2)), target=np.zeros(4))
    with pytest.raises(DataError, match=r"'data' \(4, 2\), 'target' \(4,\)"):
        read_table(path)
    np.savez(path, np.array([{}], dtype=object))
    with pytest.raises(DataError, match="pickled objects, which can run code and are never loaded"):
        read_table(path)
    np.save(tmp_path / "t.npy", np.array([{}], dtype=object))
    with pytest.raises(DataError, match="pickled objects, which can run code and are never loaded"):
        read_table(tmp_path / "t.npy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "a header and no rows"),
        ("a,b", "a header and no rows"),
        ("a,b\nx,y\nz,w\n", r"no column holds numbers: 'a' \(text\), 'b' \(text\)"),
        ("a,b\n1,2\n", "rows: 1; a table needs at least 2"),
        ("1,2\n", "rows: 1; a table needs at least 2"),
        ("a,b\n1,2\n3\n", "cannot be read as .csv: .*Expected 2 columns, got 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "t.csv: "),
        ("a,b\n1,2\n3,4\n".encode("utf-16-le"), "is not text: it has bytes of 0"),
        ('a,b\n1,"2\n3,4\n', "t.csv: "),
        ("a,b\n" + "x" * 200_000 + ",1\n", "t.csv: "),
    ],
)
def test_csv_that_is_no_table(written, text, message):
    with pytest.raises(DataError, match=message):
        written(text)


def test_wide_csv(written):
    data = np.ones((3, 20_000))
    assert written(text_of(data, [f"gene {i}" for i in range(20_000)])).values.sum() == data.size


def test_nothing_left(written):
    with pytest.raises(
        DataError, match=r"rows left after dropping .*: 1; a table needs at least 2"
    ):
        written("a,b\n1,\n,2\n3,4\n", drop_missing=True)


@pytest.mark.parametrize("ending", sorted(WRITERS))
@pytest.mark.parametrize("content", [b"", b"\x00\x01garbage\xff" * 99, b"PK\x03\x04broken"])
def test_damage_is_one_line(written, ending, content):
    with pytest.raises(DataError) as raised:
        written(content, f"t{ending}")
    assert "\n" not in str(raised.value)
    assert f"t{ending}: " in str(raised.value)


@pytest.mark.parametrize("ending", sorted(WRITERS))
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_truncated_files_raise_data_error_only(tmp_path, ending, share):
    path = tmp_path / f"t{ending}"
    WRITERS[ending](path, load_iris().data, ["a", "b", "c", "d"])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        read_table(path)  # half a CSV may still be a table
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert ending in (".csv", ".tsv")


def test_paths_that_cannot_be_opened(tmp_path, written):
    for path, message in [
        (tmp_path, "is a folder; give one file"),
        (tmp_path / "absent.csv", "cannot be opened .*No such file"),
        (tmp_path / ("x" * 300 + ".csv"), "cannot be opened .*too long"),
        ("a\0b.csv", "cannot be opened .*null"),
    ]:
        with pytest.raises(DataError, match=message):
            read_table(path)
    with pytest.raises(DataError, match=r"ending must be one of \.csv, .*\.pth; convert"):
        written("x", "t.xlsx")
    assert written("a,b\n1,2\n3,4", "T.CSV").columns == ("a", "b")
    assert read_table(os.fsencode(tmp_path / "T.CSV")).columns == ("a", "b")


def test_importing_leaves_pyarrow_alone():
    code = "import sys, normlab.data; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
