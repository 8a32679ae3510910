"""Claims that must and must not pass, and results that are saved whole or not at all."""

import json
import math
from functools import partial

import pytest

from normlab import lab
from normlab.errors import DataError, SettingError
from normlab.lab.experiment import Claim, Record, Result
from normlab.report.page import Prose
from normlab.report.style import subplots

AT_MOST = Claim("low", "it is low", 1.0, "<=")
AT_LEAST = Claim("high", "it is high", 1.0, ">=")

OUTCOMES = [
    (AT_MOST, 0.5, 0.0, "holds"),
    (AT_MOST, 1.0, 0.0, "holds"),
    (AT_MOST, 1.0001, 0.0, "does not hold"),
    (AT_LEAST, 0.5, 0.0, "does not hold"),
    (AT_LEAST, 1.0, 0.0, "holds"),
    (AT_MOST, 0.5, 0.4, "holds"),
    (AT_MOST, 0.5, 0.6, "inconclusive"),
    (AT_MOST, 1.5, 0.4, "does not hold"),
    (AT_MOST, 1.5, 0.6, "inconclusive"),
    (AT_LEAST, 2.0, 1.5, "inconclusive"),
    (AT_MOST, math.nan, 0.0, "inconclusive"),
    (AT_LEAST, math.inf, 0.0, "holds"),
]


@pytest.mark.parametrize(("claim", "measured", "spread", "outcome"), OUTCOMES)
def test_a_claim_is_judged_by_its_threshold(claim, measured, spread, outcome):
    assert claim.judge(measured, spread).outcome == outcome


def draw_line(height):
    figure, axes = subplots()
    axes[0, 0].plot([0, 1], [0, height])
    return figure


@pytest.fixture
def result():
    record = Record()
    record.number("a", 1.5, "a number")
    record.number("gone", math.nan, "not a number")
    record.vector("v", ("x", "y"), (1, 2), "two numbers")
    record.claim(AT_MOST, 0.5)
    picture = record.figure("line", draw_line, "A line.", "A line", height=2.0)
    record.section("Part", Prose("Some text."), picture, None)
    return Result("made-up", "Made up", "Is it?", {"seed": 0}, record)


def test_numbers_json_is_flat_documented_and_valid(result):
    content = json.loads(result.json())
    assert content["numbers"] == {"a": 1.5, "gone": None, "v.x": 1.0, "v.y": 2.0}
    assert content["meanings"] == {"a": "a number", "gone": "not a number", "v.*": "two numbers"}
    assert content["settings"] == {"seed": 0}
    assert content["verdicts"][0]["outcome"] == "holds"
    assert {"normlab", "torch", "python"} <= set(content["versions"])


def test_save_writes_report_figures_and_numbers(result, tmp_path):
    report = result.save(tmp_path / "new" / "folder")
    found = {str(p.relative_to(report.parent)) for p in report.parent.rglob("*") if p.is_file()}
    assert found == {"report.html", "numbers.json", "figures/line.svg", "figures/line.png"}
    assert "Some text." in report.read_text()


def test_other_files_in_the_folder_are_left_alone(result, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    result.save(tmp_path)
    result.save(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_save_that_fails_leaves_the_earlier_report_whole(result, tmp_path):
    result.save(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    (tmp_path / "figures" / "late.svg").mkdir()  # a folder where a file must go
    late = partial(draw_line, height=1.0)
    result.record.figure("late", late, "Late.", "Late")
    with pytest.raises(DataError, match="cannot write into"):
        Result("made-up", "Another", "Is it?", {}, result.record).save(tmp_path)
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert after == before


def test_a_file_where_the_folder_should_be(result, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="Give another folder with --out"):
        result.save(tmp_path / "out")


def test_a_notebook_gets_a_fragment_and_a_short_repr(result):
    assert "<html" not in result._repr_html_()
    assert "Some text." in result._repr_html_()
    assert repr(result) == "<Result of 'made-up': 1 of 1 claims hold, 4 numbers, 1 figures>"


def test_an_unknown_experiment_gets_the_nearest_name():
    with pytest.raises(SettingError, match=r"No experiment 'chaptr'\. Did you mean 'chapter'"):
        lab.run("chaptr")


def test_an_unknown_setting_is_named():
    with pytest.raises(SettingError, match="chapter has no setting 'batchsize'"):
        lab.run("chapter", batchsize=3)
