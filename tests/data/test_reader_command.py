"""The reader's options on the commands that read tables, and what they say and ask on the console."""

import json

import pytest

from command import here, normlab
from normlab.lab.training import rates, regulariser
from normlab.lab.training.plan import Plan, lack
from normlab.lab.training.settings import Settings

OPTIONS = ("delimiter", "decimal", "thousands", "skip-rows", "array", "exclude")
DOUBTFUL = "x;y;target\n" + "".join(f"{2 + i}.155;{1 + i}.302;{i % 2}\n" for i in range(12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    (folder / "t.csv").write_text(DOUBTFUL)
    rows = "".join(
        f"{i / 4},{i},{'abc'[i % 3]}\n" for i in range(177)
    )  # wine's size: 118 to train on
    (folder / "wine.csv").write_text("a,b,kind\n" + rows)
    return folder


@pytest.mark.parametrize("command", ["chapter", "training"])
def test_the_options_are_on_the_command(command):
    helped = here("run", command, "--help").stdout
    assert all(f"--{option} " in helped for option in OPTIONS)


def test_a_doubt_is_asked_in_one_line(folder):
    done = normlab("run", "chapter", "--data", "t.csv", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "normlab: t.csv: column 'x' holds numbers like 2.155, and nothing in the file says whether that is "
        "2.155 or 2155; give --decimal . (2.155) or --decimal , (2155)\n"
    )


def test_the_answer_is_taken_said_and_kept(folder):
    given = ["--data", "t.csv", "--decimal", ",", "--exclude", "target", "--out", "out"]
    done = here("run", "chapter", *given, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "Read as: semicolons, decimal comma, thousands point, header, utf-8; 2 columns, 12 rows",
        "Left out, as asked: 'target'.",
    ]
    settings = json.loads((folder / "out" / "numbers.json").read_text())["settings"]
    assert (settings["decimal"], settings["exclude"]) == (",", ["target"])
    assert "thousands" not in settings
    assert "Read as: semicolons" in (folder / "out" / "report.html").read_text()


def test_an_experiment_asks_only_for_its_own_batches(folder):
    plan = Plan.of(Settings.of(data=str(folder / "wine.csv"), quick=True))
    assert lack(plan, rates.cells(plan).values()) == ""
    assert lack(plan, regulariser.cells(plan).values()) == (
        "wine.csv has 118 examples to train on; batches of 128 need that many: give more."
    )
    assert plan.said[1] == "The classes are in column 'kind' (--label chooses another)."
