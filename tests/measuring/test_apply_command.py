"""normlab apply from the command line: what it says and refuses, and that nothing is half-written."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

import normlab
from command import PATIENCE, attended, here
from command import normlab as command
from normlab.data import read_table

TABLE = "name,rate,depth\na,1,10\nb,2,20\nc,6,30\n"


@pytest.fixture
def folder(tmp_path):
    """A table, its statistics, and those of other data."""
    (tmp_path / "t.csv").write_text(TABLE)
    normlab.measure(tmp_path / "t.csv").save(tmp_path / "stats.json")
    normlab.measure(np.zeros((4, 3, 2))).save(tmp_path / "array.json")
    parquet.write_table(pa.table({"rate": [1.0, 2.0], "depth": [3, 4]}), tmp_path / "t.parquet")
    np.save(tmp_path / "a.npy", np.zeros((4, 3, 3)))
    return tmp_path


def test_in_a_process_of_its_own(folder):
    done = command("apply", "stats.json", "t.csv", "--out", "new/out.csv", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Wrote new/out.csv: 3 rows, 2 features normalised: (x − mean) / std.\n"
    assert read_table(folder / "new" / "out.csv").values.mean(0).abs().max() < 1e-15
    assert os.listdir(folder / "new") == ["out.csv"]


def test_json_and_back(folder):
    done = here("apply", "stats.json", "t.csv", "--out", "n.csv", "--json", cwd=folder)
    assert json.loads(done.stdout) == {
        "path": "n.csv", "size": 3, "unit": "rows", "features": 2, "inverse": False, "notes": [],
    }  # fmt: skip
    done = here("apply", "stats.json", "n.csv", "--out", "b.csv", "--inverse", cwd=folder)
    assert done.stdout == "Wrote b.csv: 3 rows, 2 features brought back: y · std + mean.\n"
    assert np.allclose(read_table(folder / "b.csv").values, [[1, 10], [2, 20], [6, 30]], rtol=1e-15)


REFUSED = {
    "the file itself": (["stats.json", "t.csv", "--out", "./t.csv"], "is the file that is read"),
    "a link to it": (["stats.json", "t.csv", "--out", "link.csv"], "is the file that is read"),
    "the statistics": (["stats.json", "t.csv", "--out", "stats.json"], "the ending must be .csv"),
    "another kind": (["stats.json", "t.csv", "--out", "t2.parquet"], "the ending must be .csv"),
    "a folder": (["stats.json", "t.csv", "--out", "folder.csv"], "is a folder"),
    "no such file": (["stats.json", "none.csv", "--out", "o.csv"], "cannot be opened"),
    "no statistics": (["none.json", "t.csv", "--out", "o.csv"], "cannot be opened"),
    "no such statistics": (["t.csv", "t.csv", "--out", "o.csv"], "is not JSON"),
    "other JSON": (["other.json", "t.csv", "--out", "o.csv"], "is not what normlab measure writes"),
    "a column is missing": (["stats.json", "short.csv", "--out", "o.csv"], "has no column 'depth'"),
    "a column of words": (["stats.json", "words.csv", "--out", "o.csv"], "'rate' is not numeric"),
    "an array's, for a table": (["array.json", "t.csv", "--out", "o.csv"], "has no column '0'"),
    "a table's, for an array": (["stats.json", "a.npy", "--out", "o.npy"], "of 2 features"),
    "axes in doubt": (["first.json", "a.npy", "--out", "o.npy"], "--features 1 or 2"),
    "axes that are not there": (
        ["array.json", "a.npy", "--out", "o.npy", "--features", "7"], "with --features 7",
    ),
    "words for axes": (
        ["array.json", "a.npy", "--out", "o.npy", "--features", "x"], "axes with commas",
    ),
    "axes of a table": (
        ["stats.json", "t.csv", "--out", "o.csv", "--features", "1"], "says nothing about a .csv",
    ),
    "a delimiter of parquet": (
        ["stats.json", "t.parquet", "--out", "o.parquet", "--decimal", ","], "has no effect on a .parquet",
    ),
    "an unknown correction": (
        ["stats.json", "t.csv", "--out", "o.csv", "--correction", "2"], "must be 0 (biased)",
    ),
    "columns of an array left out": (
        ["array.json", "a.npy", "--out", "o.npy", "--exclude", "1"], "says nothing about an .npy",
    ),
    "nothing left": (
        ["stats.json", "t.csv", "--out", "o.csv", "--exclude", "rate,depth"], "no column is left",
    ),
    "an unknown column left out": (
        ["stats.json", "t.csv", "--out", "o.csv", "--exclude", "rat"], "did you mean 'rate'",
    ),
    "a damaged Parquet file": (["stats.json", "cut.parquet", "--out", "o.parquet"], "cannot be read"),
    "a damaged array": (["array.json", "cut.npy", "--out", "o.npy"], "cannot be read as npy"),
    "an array of words": (["array.json", "words.npy", "--out", "o.npy"], "no array of real numbers"),
    "an old feather": (["stats.json", "old.feather", "--out", "o.feather"], "Feather version 1"),
    "an unknown ending": (["stats.json", "t.xlsx", "--out", "o.xlsx"], "the ending must be one of"),
    "an empty file": (["stats.json", "empty.csv", "--out", "o.csv"], "is empty"),
    "no std": (["empty.json", "t.csv", "--out", "o.csv"], "'rate' has no mean and std"),
}  # fmt: skip


def test_where_several_axes_fit_it_is_the_one_that_was_measured(folder):
    np.save(folder / "a.npy", np.arange(36.0).reshape(4, 3, 3))
    normlab.measure(folder / "a.npy", features=2).save(folder / "array.json")
    assert here("apply", "array.json", "a.npy", "--out", "o.npy", cwd=folder).returncode == 0
    np.testing.assert_allclose(np.load(folder / "o.npy").mean((0, 1)), 0, atol=1e-12)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_and_nothing_written(folder, case):
    arguments, words = REFUSED[case]
    (folder / "link.csv").symlink_to("t.csv")
    (folder / "folder.csv").mkdir()
    (folder / "other.json").write_text("{}")
    normlab.measure(np.zeros((3, 4)), features=0).save(folder / "first.json")
    (folder / "short.csv").write_text("name,rate\na,1\nb,2\n")
    (folder / "words.csv").write_text("rate,depth\nx,1\ny,2\n")
    (folder / "t.xlsx").write_text("x")
    (folder / "empty.csv").write_text("")
    (folder / "cut.parquet").write_bytes((folder / "t.parquet").read_bytes()[:200])
    (folder / "cut.npy").write_bytes((folder / "a.npy").read_bytes()[:300])
    np.save(folder / "words.npy", np.array(["a", "b"]))
    (folder / "old.feather").write_bytes(b"FEA1" + bytes(40))
    nothing = pa.table({"rate": pa.array([None, None], pa.float64()), "depth": [1, 2]})
    parquet.write_table(nothing, folder / "nothing.parquet")
    normlab.measure(folder / "nothing.parquet").save(folder / "empty.json")
    before = {path.name: path.is_file() and path.read_bytes() for path in folder.iterdir()}
    done = here("apply", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("normlab: ") and done.stderr.count("\n") == 1
    assert words in done.stderr
    assert {path.name: path.is_file() and path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_that_was_there_stays_when_the_source_breaks_off(folder):
    """The first row groups can be read, a later one cannot."""
    table = pa.table(
        {"rate": np.arange(300_000.0), "depth": np.random.default_rng(0).random(300_000)}
    )
    parquet.write_table(table, folder / "long.parquet", row_group_size=100_000, compression="none")
    content = bytearray((folder / "long.parquet").read_bytes())
    at = len(content) * 2 // 3
    content[at : at + 200_000] = os.urandom(200_000)
    (folder / "long.parquet").write_bytes(content)
    (folder / "out.parquet").write_text("as before")
    done = here("apply", "stats.json", "long.parquet", "--out", "out.parquet", cwd=folder)
    if done.returncode:  # bytes of plain numbers may also be read as other numbers
        assert done.returncode == 2 and "cannot be read as .parquet" in done.stderr
        assert (folder / "out.parquet").read_text() == "as before"
    assert not list(folder.glob(".writing*"))


def test_a_folder_that_cannot_be_written(folder):
    (folder / "file").write_text("")
    done = here("apply", "stats.json", "t.csv", "--out", "file/o.csv", cwd=folder)
    assert done.returncode == 2
    assert "cannot write into 'file'" in done.stderr and "--out" in done.stderr


def test_missing_values_and_order_of_columns_do_not_matter(folder):
    feather.write_feather(
        pa.table({"depth": [30, None, 10], "x": ["a", "b", "c"], "rate": [None, 6.0, 1.0]}),
        str(folder / "t.feather"),
    )
    assert (
        here("apply", "stats.json", "t.feather", "--out", "o.feather", cwd=folder).returncode == 0
    )
    found = feather.read_table(str(folder / "o.feather"))
    assert found.column_names == ["depth", "x", "rate"]
    assert [column.null_count for column in found.columns] == [1, 0, 1]
    assert found["depth"][0].as_py() == pytest.approx(1.5**0.5)


def test_interrupted_it_leaves_what_was_there(folder):
    rows = "x,1.5,10\n" * 1_000_000
    (folder / "big.csv").write_text("name,rate,depth\n" + rows)
    (folder / "out.csv").write_text("as before")
    process = subprocess.Popen(
        attended("apply", "stats.json", "big.csv", "--out", "out.csv"),
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while process.poll() is None and not list(folder.glob(".writing*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert said == "normlab: interrupted; nothing was written.\n"
    assert (folder / "out.csv").read_text() == "as before"
    assert not list(folder.glob(".writing*"))


_PEAK = """
import sys, threading, numpy as np, normlab
from normlab.measuring.applying.apply import apply

def anonymous():
    line = next(line for line in open("/proc/self/status") if line.startswith("RssAnon"))
    return int(line.split()[1]) >> 10

def watch():
    while not done.wait(0.005):
        seen.append(anonymous())

names = [f"c{i}" for i in range(16)]
found = normlab.measure(np.random.default_rng(0).random((100, 16)))
found.names = tuple(names) if sys.argv[1] != "big.npy" else found.names
seen, done = [anonymous()], threading.Event()
watching = threading.Thread(target=watch)
watching.start()
apply(found, sys.argv[1], "out-" + sys.argv[1])
done.set()
watching.join()
print(max(seen) - seen[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="counts memory as Linux tells it"
)
@pytest.mark.parametrize("name", ["big.parquet", "big.npy", "big.feather", "big.csv"])
def test_a_file_of_any_size_takes_300_mb(folder, name):
    """A row group, or a file, of 256 MB (a text of 180)."""
    rows = 1_000_000 if name == "big.csv" else 4_000_000
    x = np.random.default_rng(0).random((16, rows), np.float32)
    table = pa.table(list(x), [f"c{i}" for i in range(16)])
    if name == "big.parquet":
        parquet.write_table(table, folder / name, row_group_size=rows)
    elif name == "big.feather":
        feather.write_feather(table, str(folder / name), compression="uncompressed")
    elif name == "big.csv":
        csv.write_csv(table, folder / name)
    else:
        np.save(folder / name, x.T.copy())
    assert (folder / name).stat().st_size > 1.7e8
    command = [sys.executable, "-c", _PEAK, name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 300
