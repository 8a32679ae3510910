"""A measurement that is interrupted goes on where it stopped, to the same bits."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import normlab
from command import PATIENCE, here
from normlab.errors import DataError, SettingError
from normlab.measuring import arrays, checkpoint, engine

X = np.random.default_rng(5).normal(3, 2, size=(50_000, 4))
NUMBERS = ("count", "mean", "m2", "m3", "m4", "minimum", "maximum")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Many units of few numbers."""
    monkeypatch.setattr("normlab.measuring.source.BLOCK", 1 << 12)


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "x.npy", X)
    return tmp_path / "x.npy"


def same(one, other):
    return all((getattr(one, name) == getattr(other, name)).all() for name in NUMBERS)


def stopped_after(count, monkeypatch, error=KeyboardInterrupt):
    """Units are counted, and the one after so many raises; returns which were measured."""
    seen = []
    measure = arrays.Piece.parts

    def parts(self, recipe):
        if len(seen) == count:
            raise error
        seen.append(self.start)
        return measure(self, recipe)

    monkeypatch.setattr(arrays.Piece, "parts", parts)
    return seen


@pytest.mark.parametrize("count", [1, 7, 12])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, OSError("No space left"), DataError("bad")], ids=str
)
def test_interrupted_and_resumed(count, error, file, monkeypatch):
    expected = normlab.measure(file)
    out = file.with_name("stats.json")
    with monkeypatch.context() as patched:
        seen = stopped_after(count, patched, error)
        with pytest.raises(type(error) if isinstance(error, Exception) else error):
            normlab.measure(file, out=out, threads=1)
    assert not out.exists()
    kept = out.with_name("stats.json.unfinished")
    done = {index for node in json.loads(kept.read_text())["nodes"] for index in leaves(node)}
    assert len(done) == count
    with monkeypatch.context() as patched:
        again = stopped_after(10**6, patched)
        found = normlab.measure(file, out=out, resume=True, threads=2)
    assert same(found, expected) and same(normlab.Measured.load(out), expected)
    assert not set(again) & set(seen)
    assert not kept.exists()


def leaves(node):
    first = node["index"] << node["level"]
    return range(first, first + (1 << node["level"]))


def test_finished_blocks_are_kept_while_it_runs(file, monkeypatch):
    """A process that is killed cannot save."""
    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    saved = []
    save = checkpoint.Checkpoint.save
    monkeypatch.setattr(
        checkpoint.Checkpoint,
        "save",
        lambda self, tree: (saved.append(tree.leaves()), save(self, tree)),
    )
    normlab.measure(file, out=file.with_name("stats.json"), threads=1)
    assert len(saved) > 5 and saved == sorted(saved)


def test_other_data_or_options_are_not_resumed(file, monkeypatch):
    out = file.with_name("stats.json")
    with monkeypatch.context() as patched:
        stopped_after(3, patched)
        with pytest.raises(KeyboardInterrupt):
            normlab.measure(file, out=out, threads=1)
    with pytest.raises(DataError, match="is of other data, or of other options"):
        normlab.measure(file, out=out, resume=True, features=0)
    os.utime(file, ns=(1, 1))
    with pytest.raises(DataError, match="is of other data, or of other options"):
        normlab.measure(file, out=out, resume=True)
    kept = out.with_name("stats.json.unfinished")
    kept.write_text('{"format": 1}')
    with pytest.raises(DataError, match="is damaged; leave out --resume"):
        normlab.measure(file, out=out, resume=True)
    kept.unlink()
    with pytest.raises(DataError, match="is not there, so nothing can be resumed"):
        normlab.measure(file, out=out, resume=True)


def test_what_cannot_be_resumed(file, tmp_path):
    with pytest.raises(SettingError, match="resume given without out"):
        normlab.measure(file, resume=True)
    with pytest.raises(SettingError, match="resume given, and this source comes only once"):
        normlab.measure((x for x in [X]), out=tmp_path / "s.json", resume=True)


def test_quantiles_are_resumed_within_their_error(file, monkeypatch):
    out = file.with_name("stats.json")
    with monkeypatch.context() as patched:
        stopped_after(9, patched)
        with pytest.raises(KeyboardInterrupt):
            normlab.measure(file, out=out, threads=1, quantiles=True, covariance=True)
    found = normlab.measure(file, out=out, resume=True, quantiles=True, covariance=True)
    for q in (0.1, 0.5):
        assert abs((X[:, 0] <= found.quantile(q)[0].item()).mean() - q) <= 3 * found.quantile_error
    assert (found.covariance == normlab.measure(file, covariance=True).covariance).all()


def test_files_that_change_meanwhile_are_noticed(file, monkeypatch):
    measure = engine.measured

    def changing(*given):
        os.utime(file, ns=(1, 1))
        return measure(*given)

    monkeypatch.setattr(engine, "measured", changing)
    found = normlab.measure(file)
    assert found.notes[-1] == "Changed while they were measured: 'x.npy'; measure again."


def test_an_output_that_cannot_be_written_is_known_before(file, tmp_path, monkeypatch):
    seen = stopped_after(10**6, monkeypatch)
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="cannot write into"):
        normlab.measure(file, out=tmp_path / "taken" / "stats.json")
    assert not seen


_SLOW = """
import sys, time
from normlab.measuring import stopping, tables
measure = tables.TablePart.parts
def slow(self, recipe):
    if self.part == 30:
        print("thirty", file=sys.stderr, flush=True)
        while True:
            stopping.check()
            time.sleep(0.01)
    return measure(self, recipe)
tables.TablePart.parts = slow
from normlab.cli import main
main()
"""


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ctrl_c(number, tmp_path):
    """The command itself, stopped at its thirtieth unit, and resumed."""
    table = pa.table({"a": X[:, 0], "b": X[:, 1]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=1000)
    out = tmp_path / "stats.json"
    arguments = ["measure", str(tmp_path / "t.parquet"), "--out", str(out)]
    held = subprocess.Popen(
        [sys.executable, "-c", _ENDED + _SLOW, str(os.getpid()), *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert held.stderr is not None
    assert held.stderr.readline() == "thirty\n"
    held.send_signal(number)
    _, said = held.communicate(timeout=PATIENCE)
    assert held.returncode == 128 + number
    kept = out.with_name("stats.json.unfinished")
    assert said.endswith(f"what was finished is kept in {kept}; --resume goes on.\n")
    assert not out.exists()
    done = sum(1 << node["level"] for node in json.loads(kept.read_text())["nodes"])
    assert 0 < done < 50
    again = here(*arguments, "--resume")
    assert again.returncode == 0, again.stderr
    assert same(normlab.Measured.load(out), normlab.measure(tmp_path / "t.parquet"))
    assert not kept.exists()


_ENDED = (
    "import sys; from normlab.system.processes import end_with; end_with(int(sys.argv[1])); "
    "del sys.argv[1]\n"
)
