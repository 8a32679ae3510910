"""Claims can fail, records collect, and a report is written whole or not at all."""

import json
import math
import os
import re
from functools import partial
from itertools import product
from pathlib import Path

import pytest
import torch

from normlab import lab
from normlab.errors import DataError, SettingError
from normlab.lab.experiment import Claim, Record, Result, versions
from normlab.report import style
from normlab.report.page import Note, Picture, Prose
from normlab.system.files import check_writable, write_all

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("sense", "bound", "measured", "spread", "outcome"),
    [
        ("<=", 1.0, 0.5, 0.0, "holds"),
        ("<=", 1.0, 1.0, 0.0, "holds"),
        ("<=", 1.0, math.nextafter(1.0, 2.0), 0.0, "does not hold"),
        ("<=", 1.0, 2.0, 0.0, "does not hold"),
        ("<=", 0.0, -1e-300, 0.0, "holds"),
        ("<=", 1.0, INF, 0.0, "does not hold"),
        ("<=", 1.0, -INF, 0.0, "holds"),
        (">=", 1.0, 2.0, 0.0, "holds"),
        (">=", 1.0, 1.0, 0.0, "holds"),
        (">=", 1.0, math.nextafter(1.0, 0.0), 0.0, "does not hold"),
        (">=", 1.0, -INF, 0.0, "does not hold"),
        ("<=", 1.0, 0.5, 0.4, "holds"),
        ("<=", 1.0, 0.5, 0.5, "holds"),
        ("<=", 1.0, 0.5, 0.6, "inconclusive"),
        ("<=", 1.0, 1.5, 0.6, "inconclusive"),
        ("<=", 1.0, 1.5, 0.4, "does not hold"),
        (">=", 1.0, 1.5, 0.4, "holds"),
        (">=", 1.0, 1.5, 0.6, "inconclusive"),
        (">=", 1.0, 0.5, 0.6, "inconclusive"),
        (">=", 1.0, 0.5, 0.4, "does not hold"),
        *((sense, 1.0, NAN, spread, "inconclusive") for sense in ("<=", ">=") for spread in (0, 1)),
        ("<=", 1.0, 0.5, NAN, "inconclusive"),
        (">=", 1.0, 0.5, INF, "inconclusive"),
        ("<=", INF, INF, 0.0, "inconclusive"),
    ],
)
def test_outcome(sense, bound, measured, spread, outcome):
    verdict = Claim("name", "words", bound, sense).judge(measured, spread)
    assert verdict.outcome == outcome
    told = verdict.json()
    assert (told["claim"], told["sense"], told["outcome"]) == ("name", sense, outcome)
    json.dumps(told, allow_nan=False)
    row = verdict.row()
    assert (row.claim, row.outcome) == ("words", outcome)
    assert row.threshold == f"{'≤' if sense == '<=' else '≥'} {bound:g}"
    assert ("±" in row.measured) == bool(spread)


def test_record_keeps_what_it_is_given():
    said = []
    record = Record(say=said.append)
    assert record.number("a", torch.tensor(2.5), "a number") == 2.5
    record.vector("v", ("x", "y"), torch.tensor([1.0, NAN]), "two numbers")
    assert record.numbers["v.x"] == 1.0
    assert math.isnan(record.numbers["v.y"])
    assert record.meanings == {"a": "a number", "v.*": "two numbers"}
    verdict = record.claim(Claim("c", "words", 1.0, "<="), torch.tensor(3.0), detail="so")
    assert record.verdicts == [verdict]
    assert (verdict.outcome, verdict.detail) == ("does not hold", "so")
    record.section("Title", Prose("words"), None, Note("note"))
    assert record.sections[0].blocks == (Prose("words"), Note("note"))
    record.say("line")
    assert said == ["line"]
    with pytest.raises(ValueError, match="zip"):
        record.vector("v", ("x",), [1.0, 2.0], "too many")


def draw(heights):
    figure, axes = style.subplots(1, 1)
    axes[0, 0].bar(range(len(heights)), heights)
    return figure


def result_of(heights, name="bars") -> Result:
    record = Record()
    record.number("nothing", NAN, "what could not be measured")
    record.number("endless", INF, "what has no bound")
    record.number("third", 1 / 3, "a third")
    record.claim(Claim("some", "Some claim", 1.0, "<="), NAN)
    picture = record.figure(name, draw, "Bars.", "Three bars", heights=heights)
    assert picture == Picture(name)
    record.section("One", Prose("Some prose."), picture)
    return Result("made-up", "A title", "A question?", {"data": None, "weight": [1.0]}, record)


@pytest.fixture(scope="module")
def result() -> Result:
    return result_of([1, 2, 3])


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_save_writes_what_json_html_and_figures_say(result, tmp_path):
    report = result.save(tmp_path / "new" / "folder")
    assert report == tmp_path / "new" / "folder" / "report.html"
    expected = {
        "report.html": result.html().encode(),
        "numbers.json": result.json().encode(),
        "figures/bars.svg": result.drawn["bars"].svg.encode(),
        "figures/bars.png": result.drawn["bars"].png,
    }
    assert tree(report.parent) == expected == result.files()
    assert {path.name for path in report.parent.iterdir()} == {
        "report.html",
        "numbers.json",
        "figures",
    }
    os.chmod(report, 0o644)
    assert result.save(str(report.parent)) == report


def test_json_has_null_for_what_is_not_finite(result):
    told = json.loads(result.json(), parse_constant=pytest.fail)
    assert told["numbers"] == {"nothing": None, "endless": None, "third": 1 / 3}
    assert told["meanings"]["third"] == "a third"
    assert told["settings"] == {"data": None, "weight": [1.0]}
    assert told["versions"] == versions()
    assert told["versions"]["torch"] == torch.__version__
    assert [verdict["outcome"] for verdict in told["verdicts"]] == ["inconclusive"]


def test_shown_in_a_notebook_as_a_fragment(result):
    shown = result._repr_html_()
    assert "A title" in shown
    assert "Some prose." in shown
    assert "<svg" in shown
    assert not re.search(r"<(html|body|head|script|!doctype)\b", shown.lower())
    assert result.html().lower().startswith("<!doctype html>")


def figures_is_a_file(folder):
    (folder / "figures").write_text("mine")
    return "File exists"


def report_is_a_folder(folder):
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()
    (folder / "report.html" / "mine").write_text("mine")
    return "Is a directory"


def png_is_a_folder(folder):
    (folder / "figures").mkdir()
    (folder / "figures" / "bars.png").mkdir()
    return "Is a directory"


@pytest.mark.parametrize("spoil", [figures_is_a_file, report_is_a_folder, png_is_a_folder])
def test_a_write_that_fails_leaves_the_earlier_report_whole(result, tmp_path, spoil):
    write_all(tmp_path, {"report.html": b"earlier", "numbers.json": b"{}", "own.txt": b"mine"})
    reason = spoil(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(DataError) as caught:
        result.save(tmp_path)
    where = repr(str(tmp_path))
    assert str(caught.value) == (
        f"cannot write into {where}: {reason}. Give another folder with --out."
    )
    assert tree(tmp_path) == before
    assert not list(tmp_path.rglob(".writing-*"))


def test_a_rename_that_fails_undoes_those_before_it(tmp_path):
    """The second file's folder is the first file, so that only publishing can fail."""
    write_all(tmp_path, {"a": b"earlier", "c": b"earlier"})
    with pytest.raises(DataError, match="cannot write into"):
        write_all(tmp_path, {"a": b"later", "b": b"new", "c/d": b"new"})
    assert tree(tmp_path) == {"a": b"earlier", "c": b"earlier"}
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("act", [check_writable, partial(write_all, files={"a": b""})])
@pytest.mark.parametrize(
    ("folder", "reason"),
    [("file", None), ("file/below", "Not a directory"), ("x" * 300, "File name too long")],
)
def test_a_folder_that_cannot_be(tmp_path, act, folder, reason):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match=f"cannot write into .*{reason or ''}.*--out"):
        act(tmp_path / folder)
    assert tree(tmp_path) == {"file": b"mine"}


def test_trying_a_folder_leaves_nothing(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chaptr", "No experiment 'chaptr'. Did you mean 'chapter'? There is chapter"),
        ("xyz", "No experiment 'xyz'. There is chapter"),
    ],
)
def test_unknown_experiment(name, message):
    with pytest.raises(SettingError) as caught:
        lab.run(name)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["batchsize", "name", "self", "cls"])
def test_unknown_setting(name):
    with pytest.raises(
        SettingError, match=f"chapter has no setting '{name}'; it has .*data, columns"
    ):
        lab.run("chapter", **{name: 3})


FLAGS, NUMBERS = ("drop_missing", "shuffle", "drop_last"), ("eps", "momentum")
VECTORS, WHOLE, NAMES = (
    ("weight", "bias", "mean", "std"),
    ("batch_size", "seed", "samples"),
    ("norm", "device"),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(FLAGS, ("yes", 1, None)),
        *product(NUMBERS, ("x", True, NAN, -1.0, [1.0], INF)),
        *product(VECTORS, ("x", None, True, NAN, ["x"], {"a": 1}, INF)),
        *product(WHOLE, ("8", 8.0, True, None, [8])),
        *product(NAMES, (5, None, ["batch"], {})),
        *[("batch_size", 0), ("batch_size", -8), ("samples", 1), ("seed", 2**64), ("std", -1.0)],
        *[("momentum", 1.5), ("mean", (1, 2, 3)), ("weight", (1, 2, 3)), ("bias", ())],
    ],
    ids=str,
)
def test_a_setting_that_cannot_be(name, value):
    with pytest.raises((SettingError, DataError)) as caught:
        lab.run("chapter", **{name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
