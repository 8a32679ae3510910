"""Cells are kept, found again, never trusted when broken, and the same wherever they are computed."""

import multiprocessing
import os
import signal
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest

from command import NORMLAB, PATIENCE, here
from normlab.errors import DataError, ProcessError
from normlab.lab.training.engine import cell as cells
from normlab.lab.training.engine.cell import Origin, Training, key
from normlab.lab.training.settings import Settings
from normlab.lab.training.setup import Runner
from normlab.lab.training.store import Store

CELL = Training(steps=4, seeds=(0, 1), marks=(4,), options={"width": 8, "depth": 1})
CELLS = {n: replace(CELL, norm=Origin(n)) for n in ("none", "batch", "layer")}


def same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_a_second_run_computes_nothing(tmp_path):
    settings = Settings.of(cache=tmp_path)
    with Runner(settings) as runner:
        first = runner.run(CELLS)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(written) == len(CELLS)
    heard = []
    with Runner(settings) as runner:
        assert runner.expect(CELLS.values()) == 3 * CELL.net_steps
        second = runner.run(CELLS, heard.append)
    for label in CELLS:
        same(first[label], second[label])
    assert heard == [3 * CELL.net_steps]  # all of it at once: nothing was left to do
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_processes_change_no_number(tmp_path):
    heard = []
    with Runner(Settings.of(cache=tmp_path, processes=2)) as runner:
        apart = runner.run(CELLS, heard.append)
    with Runner(Settings.of()) as runner:
        here = runner.run(CELLS)
    for label in CELLS:
        same(apart[label], here[label])
    assert heard[-1] == 3 * CELL.net_steps
    assert len(list(tmp_path.iterdir())) == 3


def break_byte(content):
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize(
    "damage", [break_byte, lambda c: c[:-30], lambda c: b"", lambda c: b"not an archive"]
)
def test_a_broken_file_is_set_aside_and_computed_anew(tmp_path, damage):
    with Runner(Settings.of(cache=tmp_path)) as runner:
        first = runner.run(CELLS)
    path = tmp_path / f"{key(CELLS['batch'])}.npz"
    path.write_bytes(damage(path.read_bytes()))
    with Runner(Settings.of(cache=tmp_path)) as runner:
        second = runner.run(CELLS)
        assert runner.store.told() == [path.with_suffix(".broken")]
    same(first["batch"], second["batch"])
    assert path.exists() and path.with_suffix(".broken").exists()


def test_another_cells_file_is_not_taken(tmp_path):
    store = Store(tmp_path)
    store.put(CELL, {"loss": np.ones(3)})
    other = replace(CELL, steps=5)
    os.rename(tmp_path / f"{key(CELL)}.npz", tmp_path / f"{key(other)}.npz")
    assert store.get(other) is None
    assert len(store.told()) == 1


def test_keys_tell_what_decides(monkeypatch):
    assert key(CELL) == key(replace(CELL))
    assert key(replace(CELL, data=Origin("x", "here/x.npz", "d"))) == key(
        replace(CELL, data=Origin("x", "there/x.npz", "d"))
    )
    others = [
        replace(CELL, steps=5),
        replace(CELL, seeds=(0, 2)),
        replace(CELL, norm_options={"eps": 1.0}),
        replace(CELL, data=Origin("x", "x.npz", "d")),
        replace(CELL, data=Origin("x", "x.npz", "e")),
    ]
    assert len({key(cell) for cell in [CELL, *others]}) == len(others) + 1
    before = key(CELL)
    monkeypatch.setattr(cells, "fingerprint", lambda: "other code")
    assert key(CELL) != before


def test_a_folder_that_cannot_be_written_is_refused_at_once():
    with pytest.raises(DataError, match="Give another folder with --cache"):
        Runner(Settings.of(cache="/proc/normlab"))


def test_interrupted_and_resumed(tmp_path):
    """A real Ctrl-C: what was finished stays, nothing is broken, and the rest is added by the next run."""
    command = ["run", "training.inputs", "--quick", "--seeds", "2"]
    command += ["--cache", "cells", "--out", "out", "--processes"]
    process = subprocess.Popen(
        [str(NORMLAB), *command, "1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    folder, deadline = tmp_path / "cells", time.monotonic() + PATIENCE
    while not list(folder.glob("*.npz")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors == (
        "normlab: interrupted; what was finished is kept, and the same command goes on from there.\n"
    )
    kept = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert 1 <= len(kept) < 4 and not (tmp_path / "out").exists()
    done = here(*command, "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    now = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(now) == 4 and kept.items() <= now.items()


def test_a_process_that_is_killed_is_told_of():
    """As the system does when memory runs out."""
    long = replace(CELL, steps=100_000)
    with Runner(Settings.of(processes=1)) as runner:
        runner.expect([long])

        def kill(done):
            for process in multiprocessing.active_children():
                process.kill()

        with pytest.raises(ProcessError, match="ended from outside"):
            runner.run({"long": long}, kill)
