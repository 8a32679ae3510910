"""Tables in all formats, one file or a folder, against pandas."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, ipc, parquet

import normlab
from normlab.data import streaming
from normlab.errors import DataError, SettingError

RNG = np.random.default_rng(3)
ROWS = 5000
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 90, ROWS),
        "height": RNG.normal(170, 9, ROWS).round(2),
        "weight": RNG.normal(70, 8, ROWS).astype(np.float32).round(1),
        "city": RNG.choice(["Bonn", "Köln", "O'Hara, IL"], ROWS),
    }
)
FRAME.loc[::11, "height"] = np.nan
TABLE = pa.Table.from_pandas(FRAME, preserve_index=False)
NUMBERS = ["age", "height", "weight"]


def _stream(path):
    with ipc.new_stream(path, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=300)


WRITE = {
    "csv": lambda path: FRAME.to_csv(path, index=False),
    "tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "csv.gz": lambda path: FRAME.to_csv(path, index=False, compression="gzip"),
    "parquet": lambda path: parquet.write_table(TABLE, path, row_group_size=700),
    "feather": lambda path: feather.write_feather(TABLE, path, chunksize=90),
    "arrow": _stream,
}


def written(folder, ending, name="table"):
    path = folder / f"{name}.{ending}"
    WRITE[ending](path)
    return path


def as_written(ending):
    """Text holds 70.1, which is no float32."""
    return (
        FRAME
        if ending[1:3] != "sv"
        else FRAME.assign(weight=FRAME.weight.astype(str).astype(float))
    )


def check(found, frame, names=NUMBERS):
    assert found.names == tuple(names)
    columns = frame[list(names)].astype(np.float64)
    assert found.count.tolist() == columns.count().tolist()
    assert found.missing.tolist() == columns.isna().sum().tolist()
    np.testing.assert_allclose(found.mean, columns.mean(), rtol=1e-12)
    np.testing.assert_allclose(found.std(), columns.std(), rtol=1e-12)
    np.testing.assert_array_equal(found.minimum, columns.min())
    np.testing.assert_array_equal(found.maximum, columns.max())


@pytest.mark.parametrize("small", [1 << 26, 0], ids=["whole", "streamed"])
@pytest.mark.parametrize("ending", WRITE)
def test_formats(ending, small, tmp_path, monkeypatch):
    """Small texts are read whole, large ones in pieces: the same numbers."""
    monkeypatch.setattr(streaming, "SMALL", small)
    found = normlab.measure(written(tmp_path, ending))
    check(found, as_written(ending))
    assert found.notes == ("Left out, because not numeric: 'city' (text).",)
    assert found.rows == ROWS


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_rows_and_groups(ending, tmp_path):
    path = written(tmp_path, ending)
    frame = as_written(ending)
    kept = frame[(frame.age >= 30) & (frame.city == "Bonn")]
    where = "age >= 30 and city = 'Bonn'"
    check(normlab.measure(path, columns=["age", "weight"], where=where), kept, ["age", "weight"])
    groups = normlab.measure_by(path, "city", columns=["age"])
    assert set(groups) == set(FRAME.city)
    for city, found in groups.items():
        check(found, FRAME[FRAME.city == city], ["age"])


def test_groups_of_numbers(tmp_path):
    found = normlab.measure_by(written(tmp_path, "parquet"), "age")
    assert found["40"].names == ("height", "weight")
    check(found["40"], FRAME[FRAME.age == 40], ["height", "weight"])
    assert sum(group.rows for group in found.values()) == ROWS


def test_a_folder_is_one_table_with_a_shard_for_each_file(tmp_path):
    for i, part in enumerate(np.array_split(np.arange(ROWS), 3)):
        piece = FRAME.iloc[part]
        # another order of columns is none of a difference
        piece = piece[["city", "weight", "height", "age"]] if i == 1 else piece
        piece.to_parquet(tmp_path / f"{i}.parquet")
    (tmp_path / ".hidden.parquet").write_text("no table")
    found = normlab.measure(tmp_path)
    check(found, FRAME)
    assert [shard.name for shard in found.shards] == ["0.parquet", "1.parquet", "2.parquet"]
    for i, shard in enumerate(found.shards):
        alone = normlab.measure(tmp_path / f"{i}.parquet", columns=NUMBERS)
        np.testing.assert_allclose(shard.mean, alone.mean, rtol=1e-12)
        assert shard.missing.tolist() == alone.missing.tolist()


def test_tables_in_memory():
    import dask.dataframe

    for source in (FRAME, TABLE, dask.dataframe.from_pandas(FRAME, npartitions=3)):
        check(normlab.measure(source), FRAME)


def test_a_german_table_in_pieces(tmp_path, monkeypatch):
    text = "Größe;Menge\n1,50;1.010\n2,25;3.030\n" * 1
    (tmp_path / "t.csv").write_text(text + "1,75;2.020\n" * 50)
    whole = normlab.measure(tmp_path / "t.csv")
    monkeypatch.setattr(streaming, "SMALL", 0)
    assert normlab.measure(tmp_path / "t.csv").mean.tolist() == whole.mean.tolist()
    assert abs(whole.mean[1].item() - (1010 + 3030 + 50 * 2020) / 52) < 1e-9


def test_more_shards_than_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.measuring.part.MOST_SHARDS", 8)
    parquet.write_table(TABLE, tmp_path / "t.parquet", row_group_size=100)
    found = normlab.measure(tmp_path / "t.parquet")
    assert 4 <= len(found.shards) <= 8
    assert sum(shard.count[0] for shard in found.shards) == ROWS
    assert found.shards[0].name.startswith("part 1 … part ")


REFUSED = {
    "words in a column": (
        {"columns": ["city"]}, DataError,
        "'city' is not numeric (text); choose from 'age', 'height', 'weight'",
    ),
    "no such column": ({"columns": ["hight"]}, DataError, "has no column 'hight'; did you mean 'height'?"),
    "no condition": ({"where": "age"}, SettingError, "--where 'age' given; it must be COLUMN SIGN VALUE"),
    "words against a number": (
        {"where": "city > 3"}, SettingError,
        "--where compares 'city' with the number 3, and the column holds words",
    ),
    "no rows": ({"where": "age > 1000"}, DataError, "holds no rows; there is nothing to measure."),
    "axes of a table": (
        {"features": 1}, SettingError, "features given, which says nothing about a table; leave it out.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(options, kind, message, tmp_path):
    with pytest.raises(kind) as raised:
        normlab.measure(written(tmp_path, "parquet"), **options)
    assert message in str(raised.value)


def test_bad_files(tmp_path):
    """One that cannot be read is named; with skip_bad it is left out and counted."""
    good, bad = written(tmp_path, "parquet", "a"), tmp_path / "b.parquet"
    bad.write_bytes(good.read_bytes()[:-3000])
    with pytest.raises(DataError, match=r"b\.parquet: cannot be read"):
        normlab.measure(tmp_path)
    found = normlab.measure(tmp_path, skip_bad=True)
    check(found, FRAME)
    (note,) = [note for note in found.notes if "could not be read" in note]
    assert note.startswith("1 item could not be read and was left out: ") and "b.parquet" in note


def test_files_with_other_columns(tmp_path):
    written(tmp_path, "csv", "a")
    (tmp_path / "b.csv").write_text("age,height\n1,2\n3,4\n")
    with pytest.raises(
        DataError, match=r"b\.csv: has no column 'weight', which the first file has"
    ):
        normlab.measure(tmp_path)
    (tmp_path / "b.csv").write_text("age,height,weight,city\n1,2,x,a\n3,4,y,b\n")
    with pytest.raises(
        DataError, match="column 'weight' holds text here, and numbers in other files"
    ):
        normlab.measure(tmp_path)


def test_no_table_at_all(tmp_path):
    with pytest.raises(DataError, match=r"holds no table and no image \(0 other files\)"):
        normlab.measure(tmp_path)
    (tmp_path / "readme.md").write_text("words")
    with pytest.raises(DataError, match=r"\(1 other files\)"):
        normlab.measure(tmp_path)
    with pytest.raises(DataError, match="its ending says nothing"):
        normlab.measure(tmp_path / "readme.md")
    with pytest.raises(
        DataError, match=r"no\.csv: there is no such file or folder; check the path"
    ):
        normlab.measure(tmp_path / "no.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match=r"empty\.csv: is empty"):
        normlab.measure(tmp_path / "empty.csv")


def test_a_later_row_that_contradicts(tmp_path, monkeypatch):
    """In pieces it cannot be known before; it is said, and how to go on."""
    monkeypatch.setattr(streaming, "SMALL", 0)
    csv.write_csv(TABLE, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open("a") as file:
        file.write("old,1,1,x\n")
    with pytest.raises(DataError, match="holds something that its first lines did not show"):
        normlab.measure(tmp_path / "t.csv")
