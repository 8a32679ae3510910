"""Kinds of files that came out wrong once, each with its right value; and what is said or asked of them."""

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
import torch

from normlab.data import read_table
from normlab.errors import DataError, SettingError


@pytest.fixture
def read(tmp_path):
    def reading(content, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, **options)

    return reading


HEADLESS = "no header"
KINDS = {
    "points that part thousands, shown by another column": (
        "who;cases;rate;n\nA;2.155;19,47;6\nB;12.480;3,11;101\n",
        {"cases": [2155, 12480], "rate": [19.47, 3.11], "n": [6, 101]},
        "semicolons, decimal comma, thousands point, header, utf-8; 3 columns, 2 rows",
    ),
    "both signs in one number": (
        "x;y\n1.000,5;0,25\n1.001,5;1,25\n",
        {"x": [1000.5, 1001.5], "y": [0.25, 1.25]},
        "semicolons, decimal comma, thousands point, header",
    ),
    "thousands commas in quotes": (
        'x,y\n"1,234,567",1.5\n"12,000",2\n',
        {"x": [1234567, 12000], "y": [1.5, 2]},
        "commas, decimal point, thousands comma, header",
    ),
    "blanks that part thousands, narrow and not broken": (
        "x;y\n1\u202f234,5;2\n12\u00a0345;-3\n7 000;4\n",
        {"x": [1234.5, 12345, 7000], "y": [2, -3, 4]},
        "decimal comma, thousands blank",
    ),
    "apostrophes that part thousands": (
        "x\ty\n1'234.5\t2\n12’345\t3\n",
        {"x": [1234.5, 12345], "y": [2, 3]},
        "tabs, decimal point, thousands apostrophe",
    ),
    "tabs and decimal commas": (
        "t\tp\n0,1\t1013,2\n0,25\t1012,8\n",
        {"t": [0.1, 0.25], "p": [1013.2, 1012.8]},
        "tabs, decimal comma, header",
    ),
    "tabs, decimal commas and a column of whole numbers": (
        "t\tp\tn\n0,1\t1013,2\t1\n0,25\t1012,8\t2\n",
        {"t": [0.1, 0.25], "p": [1013.2, 1012.8], "n": [1, 2]},
        "tabs, decimal comma, header",
    ),
    "a leading zero is no group of thousands": (
        "x;y\n2.155;1\n0.155;2\n", {"x": [2.155, 0.155], "y": [1, 2]}, "decimal point"
    ),
    "a column of each decimal sign": (
        "a;b\n1,5;2.5\n3,25;4\n", {"a": [1.5, 3.25], "b": [2.5, 4]}, "decimal comma and point"
    ),
    "R's row names": (
        '"mpg","wt"\n"Car, A",21,2.5\n"Car B",22.8,3\n',
        {"mpg": [21, 22.8], "wt": [2.5, 3]},
        "header, row names",
    ),
    "R's tables of blanks": (
        '"mpg" "wt"\n"Car A" 21 2.5\n"Car B" 22.8 NA\n"Car C" 1 2\n',
        {"mpg": [21, 1], "wt": [2.5, 2]},
        "blanks, decimal point, header, row names",
    ),
    "blanks that line numbers up": (
        "  a     b\n  1.5  10\n 20.25  3 \n", {"a": [1.5, 20.25], "b": [10, 3]}, "blanks"
    ),
    "numbers of rows in a first column without a name": (
        ",a,b\n0,1.5,2\n1,2.5,9\n", {"a": [1.5, 2.5], "b": [2, 9]}, "commas"
    ),
    "rows that end with a delimiter": ("a,b\n1,2,\n3,4,\n", {"a": [1, 3], "b": [2, 4]}, "commas"),
    "comments before": (
        "# made, by us\n# so\nyear,mean\n1959,315.98\n1960,316.91\n",
        {"year": [1959, 1960], "mean": [315.98, 316.91]},
        "header, comments after #",
    ),
    "comments between": (
        "a,b\n1,2\n# one, two\n3,4\n#\n", {"a": [1, 3], "b": [2, 4]}, "comments after #"
    ),
    "names in the last comment, as numpy writes them": (
        "# made by us\n# a,b\n1.5,2\n3.5,4\n", {"a": [1.5, 3.5], "b": [2, 4]}, "header, comments"
    ),
    "a row of units": (
        "t,v,who\ns,m/s,\n0.5,1.25,x\n1,2.5,y\n",
        {"t": [0.5, 1], "v": [1.25, 2.5]},
        "header, row of units",
    ),
    "lines before the table": (
        "Station 7\nmade in May\n\nt;v\n0,5;1\n1,5;2\n", {"t": [0.5, 1.5], "v": [1, 2]}, "semicolons"
    ),
    "dates beside one column of decimal commas": (
        "Datum;Wert\n01.02.2020;1,5\n02.02.2020;2,5\n", {"Wert": [1.5, 2.5]}, "semicolons, decimal comma"
    ),
    "Excel's first line": ("sep=;\na;b\n1;2\n3;4\n", {"a": [1, 3], "b": [2, 4]}, "semicolons"),
    "single quotes": ("'a, x','b'\n'1',2\n3,4\n", {"a, x": [1, 3], "b": [2, 4]}, "quotes '"),
    "blanks before quotes": (
        'who, n\n"x, y", 2\n"z, w", 4.5\n"v", "3"\n', {"n": [2, 4.5, 3]}, "commas"
    ),
    "blanks around what is missing": (
        "a,b\n 1 , NA \n2, ? \n3 ,5\n 4,  NaN  \n7,8\n", {"a": [3, 7], "b": [5, 8]}, "commas"
    ),
    "empty cells in the first row of data": ("1,,3\n4,5,6\n7,8,9\n", {"column 1": [4, 7]}, HEADLESS),
    "true and false": ("a,b\nTRUE,1\nfalse,2\n", {"a": [1, 0], "b": [1, 2]}, "commas"),
    "names that are markup": (
        "Price ($),Ba$$in \\alpha,a_b^c <i>d</i>,很长\n1.5,2,3,4\n2.5,3,4,5\n",
        {"Price ($)": [1.5, 2.5], "Ba$$in \\alpha": [2, 3], "a_b^c <i>d</i>": [3, 4], "很长": [4, 5]},
        "commas",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "columns", "words"), KINDS.values(), ids=KINDS)
def test_a_kind_of_text_is_read(read, content, columns, words):
    table = read(content, drop_missing=True)
    held = dict(zip(table.columns, table.values.T.tolist(), strict=True))
    assert {name: held[name] for name in columns} == columns
    assert words == HEADLESS or len(held) == len(columns)
    assert words in table.reading
    assert table.said[0] == table.reading


NOTES = {
    "a,b\n1,2.5\nx,3.5\n2,4.5\n": "'a' (text: 'x' among numbers)",
    "a,b\nx,2.5\ny,3.5\n": "Left out, because not numeric: 'a' (text).",
    "a,b\n2020-01-02,2.5\n2020-01-03,3.5\n": "'a' (dates)",
    "a,b\n01.02.2020,2.5\n03.02.2020,3.5\n": "'a' (dates)",
    ",a\n0,1.5\n1,2.5\n": "Left out, because an index numbers the rows: 'row numbers'",
    "Unnamed: 0,a\n1,1.5\n2,2.5\n": "an index numbers the rows: 'Unnamed: 0' (--columns takes it)",
    '"a"\n"r 1",1.5\n"r 2",2.5\n': "'row names' (R's row names)",
    "t;v\ns;m\n0,5;1\n1,5;2\n": "The row under the header was read as units: 's', 'm'.",
    "Station 7\n\nt;v\n0,5;1\n1,5;2\n": "Left out 1 line before the table: 'Station 7' (--skip-rows",
    "x\ty\n2.155\t1\n1.302\t2\n": "'x' holds numbers like 2.155, read as 2.155; --decimal , reads 2155.",
}


@pytest.mark.parametrize(("content", "note"), NOTES.items())
def test_a_decision_is_said(read, content, note):
    assert note in " ".join(read(content).notes)


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("x;y\n2.155;1\n12.480;2\n", {"decimal": "."}, [2.155, 12.48]),
        ("x;y\n2.155;1\n12.480;2\n", {"decimal": "comma"}, [2155, 12480]),
        ("x;y\n2.155;1\n12.480;2\n", {"thousands": "none"}, [2.155, 12.48]),
        ("x;y\n2.155;1\n12.480;2\n", {"thousands": "."}, [2155, 12480]),
        ("x\ty\n2,155\t1\n12,480\t2\n", {"decimal": ","}, [2.155, 12.48]),
        ("x\ty\n2,155\t1\n12,480\t2\n", {"thousands": ","}, [2155, 12480]),
        ("x\n1,5\n2,7\n", {"decimal": ","}, [1.5, 2.7]),
        ("x\n1,5\n2,7\n", {"delimiter": ","}, [5, 7]),
        ("note 1\n2\nx|y\n1|2\n3|4\n", {"skip_rows": 2, "delimiter": "pipe"}, [1, 3]),
        ("x:y\n1.5:2\n3.5:4\n", {"delimiter": ":"}, [1.5, 3.5]),
    ],
)
def test_options_overrule(read, content, options, expected):
    assert read(content, **options).values[:, 0].tolist() == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "x;y\n2.155;1\n12.480;2\n",
            r"like 2\.155, .* 2\.155 or 2155; give --decimal \. \(2\.155\) or",
        ),
        ("x\ty\n2,155\t1\n12,480\t2\n", r"column 'x' .* 2\.155 or 2155; give --decimal ,"),
        ("x\n1,5\n2,7\n", "which may be one number or two; give --decimal , .* or --delimiter ,"),
    ],
)
def test_what_nothing_decides_is_asked(read, content, words):
    with pytest.raises(DataError, match=words):
        read(content)


def test_later_rows_are_evidence_too(read):
    """The first lines show whole numbers, or numbers that may mean two things; a later row settles it."""
    many = 20_000
    assert read("x;y\n" + "155;1\n" * many + "155;1,5\n").values[-1].tolist() == [155, 1.5]
    assert read("x;y\n" + "2.155;1\n" * many + "155;1,5\n").values[0, 0] == 2155
    assert read("x;y\n" + "2.155;1\n" * many + "1.5;1\n").values[0, 0] == 2.155
    for odd, value in (
        ("1.5", None),
        ("0.155", None),
        ("1.155,5", 1155.5),
        ("1,5.155", None),
        ("12345,5", 12345.5),
    ):
        table = read("x;y\n" + "2.155,5;1\n" * many + f"{odd};2\n")
        assert table.values[-1].tolist() == ([value, 2] if value else [2]), odd
    assert read("x,y\n" + "1,\n" * many + "2,7\n3,8\n", drop_missing=True).values.tolist() == [
        [2, 7],
        [3, 8],
    ]
    table = read("x,y\n" + "1,2\n" * many + "1,oops\n")
    assert table.columns == ("x",) and "'y' (text: 'oops' among numbers)" in table.notes[0]
    assert read("x,y\n" + "1,2\n" * many + "1,  NA \n", drop_missing=True).values.shape == (many, 2)
    assert read("x,y\n" + "1,2\n" * many + "# so\n1,3\n").values[-1].tolist() == [1, 3]
    text = "x,y\n" + '1,"a\nb"\n' * many * 10
    assert read(text).values.shape == (many * 10, 1)


def test_labels_are_pointed_out_and_left_out_on_request(read):
    content = "a,target\n" + "".join(f"{i}.5,{i % 3}\n" for i in range(30))
    note = "Column 'target' looks like a label (3 whole values), and is read as a feature; --exclude target"
    assert note in read(content).notes[-1]
    table = read(content, exclude=["target"])
    assert table.columns == ("a",) and table.notes == ("Left out, as asked: 'target'.",)
    assert (
        "'kind'" in read(content.replace("target", "kind")).notes[-1]
    )  # the last one, of few values
    assert not read("a,b\n" + "".join(f"{i}.5,{i}\n" for i in range(30))).notes
    assert not read("target,a\n" + "".join(f"{i}.25,{i}.5\n" for i in range(30))).notes
    with pytest.raises(DataError, match="did you mean 'target'"):
        read(content, exclude=["taget"])
    with pytest.raises(DataError, match="no column is left"):
        read(content, exclude=["a", "target"])
    with pytest.raises(DataError, match="'a' is both asked for and excluded"):
        read(content, columns=["a"], exclude=["a"])


def test_pandas_index_is_no_feature(tmp_path):
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.5, 2.5, 3.5], "b": [1.0, 2.0, 9.0]})
    for made, name in [
        (frame.iloc[[0, 2, 1]], "__index_level_0__"),
        (frame.set_index(frame["a"].rename("time")), "time"),
    ]:
        made.to_parquet(tmp_path / "t.parquet")
        table = read_table(tmp_path / "t.parquet")
        assert table.columns == ("a", "b")
        assert table.notes == (
            f"Left out, because an index numbers the rows: {name!r} (--columns takes it).",
        )
        assert read_table(tmp_path / "t.parquet", [name, "b"]).columns == (name, "b")


def test_arrow_files_and_streams(tmp_path):
    data = pa.table({"x": [1.0, 2.0], "y": pa.array([3, 4])})
    path = tmp_path / "data-00000-of-00001.arrow"
    for new, words in [(pa.ipc.new_stream, "an Arrow stream"), (pa.ipc.new_file, "an Arrow file")]:
        with pa.OSFile(str(path), "wb") as file, new(file, data.schema) as writer:
            writer.write_table(data)
        table = read_table(path)
        assert table.values.tolist() == [[1, 3], [2, 4]] and words in table.reading


def test_structured_arrays_are_their_fields(tmp_path):
    kind = np.dtype([("n", "<i4"), ("who", "U3"), ("at", "<f8", (2,)), ("in", [("v", "<f4")])])
    made = np.array([(1, "a", (0.5, 1.5), (7,)), (2, "b", (2.5, 3.5), (8,))], kind)
    np.save(tmp_path / "t.npy", made)
    table = read_table(tmp_path / "t.npy")
    assert table.columns == ("n", "at_1", "at_2", "in.v")
    assert table.values.tolist() == [[1, 0.5, 1.5, 7], [2, 2.5, 3.5, 8]]
    assert table.notes == ("Left out, because not numeric: 'who' (text).",)


def test_one_of_several_arrays_is_chosen(tmp_path):
    np.savez(tmp_path / "t.npz", data=np.eye(3), target=np.arange(3))
    torch.save({"w": torch.eye(2), "b": torch.zeros(3)}, tmp_path / "t.pt")
    table = read_table(tmp_path / "t.npz", array="data")
    assert table.values.tolist() == np.eye(3).tolist() and "array 'data' of npz" in table.reading
    assert read_table(tmp_path / "t.pt", array="w").values.tolist() == np.eye(2).tolist()
    with pytest.raises(
        DataError, match=r"'data' \(3, 3\), 'target' \(3,\)\); choose one with --array"
    ):
        read_table(tmp_path / "t.npz")
    with pytest.raises(DataError, match="has no array 'dat'; Did you mean 'data'"):
        read_table(tmp_path / "t.npz", array="dat")
    np.save(tmp_path / "t.npy", np.eye(3))
    with pytest.raises(DataError, match="holds one array"):
        read_table(tmp_path / "t.npy", array="data")


def test_channels_at_the_end_are_mentioned(tmp_path):
    np.save(tmp_path / "t.npy", np.zeros((5, 8, 8, 3)))
    with pytest.raises(DataError, match="the last axis of 3 looks like the channels of images"):
        read_table(tmp_path / "t.npy")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.npy", "t.npz"])
def test_damage_is_not_said_to_be_of_another_kind(read, name):
    with pytest.raises(DataError) as raised:
        read(b"\x00\x01 nothing" * 9, name)
    assert "pickled" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delimiter": "ab"}, "delimiter='ab' given; it must be one character, or a name: comma"),
        ({"delimiter": "1"}, "delimiter='1' given"),
        ({"decimal": ";"}, "decimal=';' given; it must be a sign or a name: point, comma"),
        ({"thousands": "x"}, "thousands='x' given"),
        ({"thousands": ",", "decimal": ","}, "decimal and thousands are both ','"),
        ({"skip_rows": -1}, "skip_rows=-1 given"),
        ({"skip_rows": 9}, "has 3 lines, and 9 were to be skipped"),
    ],
)
def test_options_that_are_none_are_refused(read, options, words):
    with pytest.raises((SettingError, DataError), match=words):
        read("a,b\n1,2\n3,4\n", **options)


def test_options_that_say_nothing_are_refused(tmp_path, read):
    np.save(tmp_path / "t.npy", np.eye(3))
    with pytest.raises(
        SettingError, match=r"decimal, skip_rows given, which has no effect on a \.npy file"
    ):
        read_table(tmp_path / "t.npy", decimal=",", skip_rows=1)
    with pytest.raises(SettingError, match=r"array given, which has no effect on a \.csv file"):
        read("a,b\n1,2\n3,4\n", array="x")
