"""The command: its table, its numbers, the reader's own normaliser and data, and what it refuses."""

import json

import numpy as np
import pytest

from command import here, normlab
from normlab.errors import SettingError
from normlab.lab.training.engine import norms
from normlab.lab.training.plan import Plan
from normlab.lab.training.settings import Settings

MINE = """
import torch

class Mine(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return self.gain * x / (1 + x.abs().mean(1, keepdim=True))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(MINE)
    random = np.random.default_rng(0)
    y = np.arange(240) % 3
    x = random.normal(0, 1, (240, 5)) + 3 * np.eye(3, 5)[y]
    np.savez(folder / "own.npz", x=x, y=y)
    np.savez(folder / "few.npz", x=x[:60], y=y[:60])
    np.savez(folder / "tiny.npz", x=x[:27], y=y[:27])
    np.savez(folder / "one.npz", x=x, y=0 * y)
    return folder


OWN = ["run", "training.learning-rate", "--quick", "--seeds", "2", "--data", "own.npz"]
OWN += ["--norm", "mine.py:Mine", "--processes", "1"]
INPUTS = ["run", "training.inputs", "--quick", "--seeds", "2", "--data", "own.npz"]
ALONE = ["--processes", "0"]


@pytest.fixture(scope="module")
def ran(folder):
    """A run in processes: its numbers, which are in `ran/numbers.json`, with its cells in `kept`."""
    done = normlab(*INPUTS, "--cache", "kept", "--json", "--out", "ran", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["numbers"]


def test_own_norm_on_own_data_and_again_from_what_was_kept(folder):
    done = normlab(*OWN, "--cache", "cells", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Report: out/report.html" in done.stdout
    found = json.loads((folder / "out" / "numbers.json").read_text())
    assert found["numbers"]["learning-rate.largest.Mine"] > 0.01
    assert found["settings"] == {
        "quick": True,
        "norm": ["mine.py:Mine"],
        "data": "own.npz",
        "seeds": 2,
        "device": "cpu",
    }
    page = (folder / "out" / "report.html").read_text()
    assert (
        "own.npz: 240 examples of 5, 3 classes" in page and "What would change the verdict" in page
    )
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
    table = here(*OWN, "--cache", "cells", "--table", cwd=folder)
    assert table.returncode == 0, table.stderr
    lines = table.stdout.splitlines()
    assert lines[0] == "| experiment | the chapter says | measured | verdict |" and len(lines) == 3
    assert lines[2].startswith(
        "| learning-rate | Batch normalisation allows higher learning rates."
    )
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()} == kept


def test_the_same_numbers_in_one_process_and_afresh(folder, ran):
    done = here(*INPUTS, *ALONE, "--fresh", "--json", "--out", "fresh", cwd=folder)
    assert json.loads(done.stdout)["numbers"] == ran


def test_a_broken_cell_is_told_of(folder, ran):
    path = sorted((folder / "kept").glob("*.npz"))[0]
    path.write_bytes(b"damaged")
    again = here(*INPUTS, *ALONE, "--cache", "kept", "--out", "broken", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert f"{path.stem}.broken" in again.stdout
    assert f"{path.stem}.broken" in (folder / "broken" / "report.html").read_text()


def test_own_norms_do_not_take_the_place_of_ours_or_of_each_other(folder):
    for name, spelt in (("batch.py", "batch"), ("again.py", "Mine")):
        (folder / name).write_text(MINE.replace("Mine", spelt))
    assert norms.source(f"{folder}/batch.py:batch").name == f"{folder}/batch.py:batch"
    assert norms.source(f"{folder}/mine.py:Mine").name == "Mine"
    both = Settings.of(norm=[f"{folder}/mine.py:Mine", f"{folder}/again.py:Mine"])
    with pytest.raises(SettingError, match="have the same name; rename one of the two"):
        Plan.of(both)


REFUSED = {
    "--norm nosuch": "no norm 'nosuch'. Give none, batch, layer",
    "--norm bach": "Did you mean 'batch'?",
    "--norm mine.py:Other": "'mine.py:Other' is no class or function",
    "--norm missing.py:X": "missing.py cannot be imported",
    "--norm torch.nn:Bilinear": "torch.nn:Bilinear(8) failed with TypeError",
    "--norm builtins:str": "builtins:str(8) gave a str; it must give a torch.nn.Module.",
    "--data nosuch": "no data 'nosuch'. Give digits, mnist, breast-cancer, a table",
    "--data one.npz": "y has the one class 0; there must be two or more.",
    "--data tiny.npz": "tiny.npz has 16 examples to train on; batches of 32 need that many: give more.",
    "--data mine.py": "mine.py: the ending must be one of .csv",
    "--seeds 1": "seeds=1 given; it must be 2 or more",
    "--seeds x": "--seeds 'x' given; it must be a whole number.",
    "--device nosuch": "device 'nosuch' cannot be used here",
    "--cache mine.py/x": "cannot write into 'mine.py/x': Not a directory. Give another folder with --cache.",
    "--processes -1": "processes=-1 given; it must be a whole number >= 0.",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(folder, arguments):
    refused(here, folder, f"--table {arguments}")  # draws nothing, and so starts no processes


def test_a_process_of_its_own_says_the_same(folder):
    refused(normlab, folder, "--norm bach")


def refused(run, folder, arguments):
    done = run("run", "training.learning-rate", "--quick", *arguments.split(), cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert (
        REFUSED[arguments.removeprefix("--table ")] in done.stderr and done.stderr.count("\n") == 1
    )


def test_help_has_an_example():
    done = here("run", "training.initialisation", "--help")
    assert (
        "Example: normlab run training.initialisation" in done.stdout and "--quick" in done.stdout
    )


def test_verify_runs_it_again(folder, ran):
    verify = ("run", "training.inputs", "--verify")
    again = here(*verify, "ran/numbers.json", *ALONE, cwd=folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"0 of {len(ran)} numbers moved" in again.stdout
    record = json.loads((folder / "ran" / "numbers.json").read_text())
    record["numbers"]["inputs.condition.raw"] *= 1.01
    (folder / "ran" / "other.json").write_text(json.dumps(record))
    moved = here(*verify, "ran/other.json", *ALONE, cwd=folder)
    assert moved.returncode == 1 and "moved: inputs.condition.raw" in moved.stdout
