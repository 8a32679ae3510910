"""A class's submissions at once: folders, zip files, notebooks; results for other programs; a rubric."""

import csv
import io
import json
import sys
import zipfile

import pytest

from command import here
from normlab.errors import DataError, SettingError
from normlab.grading import grade
from normlab.grading.checks import CHECKS
from normlab.grading.lessons import LESSON_OF
from normlab.grading.parent.points import score
from normlab.grading.parent.rubric import read_rubric
from normlab.grading.parent.submissions import submissions, target
from normlab.grading.parent.summary import summary
from normlab.grading.parent.tables import check_fits
from normlab.grading.parent.text import line

RIGHT = """
def batch_norm(x, eps=1e-5):
    return (x - x.mean(0)) / (x.var(0, correction=0) + eps) ** 0.5
"""
UNBIASED = RIGHT.replace(", correction=0", "")
NOTEBOOK = [
    "%matplotlib inline\nimport torch\nimport nobody_has_this\n",
    "EPS = 1e-5\n\n\ndef root(a):\n    return a**0.5\n",
    "raise RuntimeError('a cell that trains')\n",
    "def batch_norm(x, eps=EPS):\n    return (x - x.mean(0)) / root(x.var(0, correction=0) + eps)\n",
    "def unfinished(:\n",
]


def notebook(cells):
    held = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# Title"}, *held]})


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A class of four, in folders, and once more in a zip file that tries to lead out."""
    room = tmp_path_factory.mktemp("room")
    files = {
        "ann/bn/my_bn.py": RIGHT,
        "bob/bn/my_bn.py": UNBIASED,
        "cem/bn/my_bn.py": "def batch_norm(x)\n",
        "dag/bn/lesson.ipynb": notebook(NOTEBOOK),
        "dag/bn/.ipynb_checkpoints/lesson-checkpoint.ipynb": notebook(NOTEBOOK),
        "dag/bn/notes.txt": "",
    }
    for name, content in files.items():
        path = room / "submitted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with zipfile.ZipFile(room / "all.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("../escaped.py", RIGHT)
        archive.writestr("/absolute.py", RIGHT)
    return room


@pytest.fixture(scope="module")
def reports(room):
    return grade(room / "submitted", f"{room / 'all.zip'}:batch_norm", timeout=600)


def test_folders_and_zip_files_are_searched(room, reports):
    told = [(r["file"].removeprefix(str(room)), r["status"]) for r in reports]
    states = ["right", "mistakes", "refused", "right"]
    names = ["ann/bn/my_bn.py", "bob/bn/my_bn.py", "cem/bn/my_bn.py", "dag/bn/lesson.ipynb"]
    assert told[:4] == [(f"/submitted/{n}", s) for n, s in zip(names, states, strict=True)]
    assert told[4:6] == [
        ("/all.zip/../escaped.py", "refused"),
        ("/all.zip//absolute.py", "refused"),
    ]
    assert told[6:] == [(f"/all.zip/{n}", s) for n, s in zip(names, states, strict=True)]
    assert "leads out of the zip file" in reports[4]["message"]
    assert sorted(path.name for path in room.iterdir()) == ["all.zip", "submitted"]


def test_the_summary_names_nobody_and_counts_what_was_refused_rightly(reports):
    told = summary(reports[:4])
    assert told.splitlines()[:3] == [
        "4 submissions. Mean score of the 3 that could be graded: 92 %; median: 100 %.",
        "  right: 2 of 4",
        "  could not be graded: 1 of 4",
    ]
    assert "  bessel_in_batch: 1 of 4. It normalises with the unbiased variance (n − 1)" in told
    assert told.endswith("n − 1 for the running variance (1 of 4)")
    assert not any(name in told for name in ("ann", "bob", "cem", "dag"))


def test_results_for_other_programs(room, monkeypatch):
    monkeypatch.chdir(room)
    done = here(
        "grade", "submitted/bob", "--csv", "out/a.csv", "--nbgrader", "out/n.csv", "--gradescope",
        "out/results.json", "--timeout", "600", cwd=room,
    )  # fmt: skip
    assert done.returncode == 1
    [line] = csv.DictReader(io.StringIO((room / "out/a.csv").read_text()))
    assert (line["status"], line["mistakes"], line["score"]) == (
        "mistakes",
        "bessel_in_batch",
        "75",
    )
    nbgrader = (room / "out/n.csv").read_text()
    assert nbgrader == "student_id,assignment,score,max_score\nbob,bn,9,12\n"
    told = json.loads((room / "out/results.json").read_text())
    assert told["score"] == sum(test["score"] for test in told["tests"]) == 9
    assert sum(test["max_score"] for test in told["tests"]) == 12
    assert "bessel_in_batch" in told["output"]
    [failed] = [test for test in told["tests"] if test["status"] == "failed"]
    assert failed["name"] == "y for a table (N, C)"
    assert failed["output"] == (
        "bessel_in_batch: it normalises with the unbiased variance (n − 1), where the biased one (n) is "
        "meant."
    )
    excused = [test["name"] for test in told["tests"] if test["output"].startswith("but for")]
    assert excused == ["y where eps matters", "y far from zero (float32)", "the gradient"]
    (room / "out/a.csv").unlink()


def test_cells_hold_what_was_said_and_no_formula(reports):
    from normlab.grading.parent.tables import as_csv

    told = {"file": "=1+1.py", "message": 'it ends in "x", so', "notes": ["one, two"]}
    [cells] = csv.DictReader(io.StringIO(as_csv([type(reports[0])(reports[0] | told)])))
    assert (cells["file"], cells["notes"]) == ("'=1+1.py", "one, two")
    assert cells["message"] == told["message"]


def test_a_name_with_a_line_break_stays_in_one_line(reports):
    report = type(reports[0])(reports[0] | {"file": "a\nb.py"})
    assert (
        len(line(report).splitlines())
        == len(line(report | {"status": "refused", "message": ""}).splitlines())
        == 1
    )


def test_what_does_not_fit_other_programs(reports):
    with pytest.raises(SettingError, match="takes one submission, as its autograder does; 2 are"):
        check_fits("gradescope", ["a.py", "b.py"])
    with pytest.raises(SettingError, match=r"bob/my_bn[.]py. is not in folders that name student"):
        check_fits("nbgrader", ["submitted/ann/bn/my_bn.py", "bob/my_bn.py"])


def test_what_does_not_fit_is_told_before_anything_is_graded(room):
    for option, where, given in (
        ("--nbgrader", room / "submitted/bob", "bn/my_bn.py"),
        ("--gradescope", room, "all.zip"),
    ):
        done = here("grade", given, option, "never/there.out", cwd=where)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert not (where / "never").exists()


def test_a_rubric_weighs_the_checks(tmp_path, room):
    """And says by that which check a mistake costs: the most valuable of those that it breaks."""
    (tmp_path / "rubric.toml").write_text("[points]\ntable = 1\ninput = 9\n")
    [report] = grade(room / "submitted/bob", rubric=tmp_path / "rubric.toml", timeout=600)
    assert (report["points"], report["of"], report["score"]) == (16, 18, 89)
    assert report["mistakes"][0]["costs"] == ["sigma"]


def test_a_rubric_says_what_all_checks_add_up_to():
    """However many apply: 3 of 9 points are a third of 10, to two digits."""
    held = {"table": (3, "passed"), "gradient": (1, "failed"), "running": (2, "does not apply")}
    checks = [{"check": k, "points": p, "outcome": outcome} for k, (p, outcome) in held.items()]
    mistakes = [{"name": "gradient_cut", "breaks": ["gradient"], "costs": []}]
    report = {"checks": checks, "notes": [], "mistakes": mistakes}
    score(report, read_rubric({"total": 10, "points": {"gradient": 6}}))
    assert (report["points"], report["of"], report["score"]) == (3.33, 10, 33)
    assert [c["points"] for c in checks] == [3.33, 6.67, 2]
    score(report, read_rubric({"points": {"table": 0, "gradient": 0}}))
    assert (report["points"], report["of"], report["score"]) == (0, 0, 0)
    assert report["notes"] == ["no check that has points applies to it"]


BAD = {
    "[point]\ntable = 1\n": "A rubric has a table",
    "[points]\ntabel = 1\n": "No check 'tabel' in a rubric. Did you mean 'table'?",
    "[points]\ntable = -1\n": "A rubric gives table -1 points",
    "[points]\ntable = true\n": "A rubric gives table True points",
    "total = 0\n": "A rubric has total = 0; it must be a number > 0",
    "": "A rubric has a table .points., .*given: nothing",
    "[points]\n"
    + "".join(f"{name} = 0\n" for name in CHECKS): "A rubric gives every check 0 points",
    "points": "is no TOML file",
}


@pytest.mark.parametrize(("content", "message"), BAD.items())
def test_a_bad_rubric_is_one_line(tmp_path, content, message):
    (tmp_path / "rubric.toml").write_text(content)
    with pytest.raises((SettingError, DataError), match=".*".join(message.split("["))):
        read_rubric(tmp_path / "rubric.toml")


def test_a_missing_rubric_is_one_line(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_rubric(tmp_path / "none.toml")


def test_empty_folders_and_broken_zip_files(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    for name, message in (("broken.zip", "cannot be unpacked"), ("empty", "holds no file")):
        with pytest.raises(DataError, match=message):
            list(submissions(tmp_path / name, tmp_path))


def test_a_zip_file_that_would_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.grading.parent.submissions._MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.py", " " * 2000)
    with pytest.raises(DataError, match="holds 1 files, unpacked 0 MB"):
        list(submissions(tmp_path / "large.zip", tmp_path))


def test_names_of_targets(tmp_path):
    assert target(f"{tmp_path}:BatchNorm") == (tmp_path, "BatchNorm")
    assert target("a.zip:BatchNorm")[1] == target("a.ipynb:BatchNorm")[1] == "BatchNorm"
    assert target("a.txt:BatchNorm")[1] is None


def test_every_mistake_has_a_lesson():
    from normlab import table
    from normlab.grading.judge.mistakes import SEEN, possible
    from normlab.grading.judge.recipe import Recipe
    from normlab.grading.rows import aliases

    names = {
        m.name
        for row in table.values()
        for m in possible(Recipe(row), {*aliases(row), "backward"}, row.defaults)
    }
    assert names | set(SEEN) == set(LESSON_OF)


@pytest.mark.skipif(sys.platform != "linux", reason="code is confined on Linux alone")
def test_code_that_uses_the_network_is_told_that_there_is_none(tmp_path):
    path = tmp_path / "batch_norm.py"
    path.write_text("import socket\nsocket.create_connection(('127.0.0.1', 9))\n")
    [report] = grade(str(path))
    assert report["status"] == "refused"
    assert "code that is graded has no network" in report["message"]
