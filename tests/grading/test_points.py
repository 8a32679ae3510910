"""What mistakes cost: one check each, together the sum of each alone; a basic one all that it breaks."""

import itertools

import pytest
from mutants import InProcess
from test_phases import BATCH
from zoo_table import ZOO

from normlab.grading.judge.judging import judge
from normlab.grading.parent.points import earned, score
from normlab.grading.parent.rubric import Rubric

SLIPS = {  # what is changed, and the points that it costs
    "unbiased": ({"x.var(axes, correction=0)": "x.var(axes)", "var * n / (n - 1)": "var"}, 3),
    "outside": (
        {"(var.view(shape) + self.eps).sqrt()": "(var.view(shape).sqrt() + self.eps)"},
        2,
    ),
    "reversed": ({"lerp_(mean, self.momentum)": "lerp_(mean, 1 - self.momentum)"}, 2),
    "of the batch": ({"else:\n            mean, var = ": "elif 0:\n            mean, var = "}, 3),
}
NOTHING = {  # what gives x back, or nearly, and the most that it may keep
    "rms_norm": ("def rms_norm(x, eps=1e-6):\n    return x\n", 30),
    "l2_norm": ("def l2_norm(x, eps=1e-12):\n    return x\n", 30),
    "batch_norm": ("def batch_norm(x, eps=1e-5):\n    return x - x.mean(0)\n", 30),
    "gdn": ("def gdn(x, sigma, pool_weight):\n    return x\n", 30),
}


def graded(path, source, rubric=None):
    path.write_text(source)
    asked = InProcess(path)
    report = judge(asked.offered, asked)
    score(report, rubric or Rubric())
    return report


def changed(names):
    source = BATCH
    for old, new in (pair for name in names for pair in SLIPS[name][0].items()):
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize(
    "names",
    [held for size in (0, 1, 2, 4) for held in itertools.combinations(SLIPS, size)],
    ids=str,
)
def test_mistakes_cost_what_each_costs_alone(tmp_path, names):
    report = graded(tmp_path / "batch_norm.py", changed(names))
    lost = [SLIPS[name][1] for name in names]
    assert report["of"] - report["points"] == sum(lost)
    assert sorted(mistake["points"] for mistake in report["mistakes"]) == sorted(lost)
    assert (report["score"] == 100) == (not names)


@pytest.mark.parametrize("name", NOTHING)
def test_what_normalises_nothing_keeps_little(tmp_path, name):
    source, most = NOTHING[name]
    assert graded(tmp_path / f"{name}.py", source)["score"] <= most


def test_an_error_costs_each_check_that_ends_in_it(tmp_path):
    """Though the mistake is known: code that does not run has nothing to give points for."""
    source = (ZOO / "wrong" / "batch2d_affine_on_width.py").read_text()
    mistake, _ = graded(tmp_path / "batch_norm.py", source)["mistakes"]
    assert mistake["name"] == "affine_wrong_axis"
    assert {"image", "affine", "fresh"} <= {*mistake["costs"]}


def charged(points, *mistakes, rubric=None):
    """The failed checks, and what each mistake costs, of checks with these points."""
    checks = [{"check": k, "points": p, "outcome": "failed", "why": ""} for k, p in points.items()]
    told = [{"name": str(i), "breaks": [*b], "costs": [*c]} for i, (b, c) in enumerate(mistakes)]
    report = {"checks": checks, "mistakes": told, "notes": []}
    score(report, rubric or Rubric())
    assert report["points"] == pytest.approx(sum(map(earned, checks)))
    assert report["of"] == pytest.approx(sum(check["points"] for check in checks))
    lost = sum(mistake["points"] for mistake in told)
    assert lost == pytest.approx(report["of"] - report["points"])
    failed = {check["check"]: check["why"] for check in checks if check["outcome"] == "failed"}
    return failed, [mistake["points"] for mistake in told]


POINTS = {"table": 3, "image": 3, "sigma": 2, "input": 1}


def test_each_mistake_costs_its_most_valuable_check():
    assert charged(POINTS, (["table", "image", "sigma"], [])) == ({"table": "0"}, [3])


def test_a_check_goes_to_the_mistake_that_has_no_other():
    both = (["table", "sigma"], []), (["table"], [])
    assert charged(POINTS, *both) == ({"table": "1", "sigma": "0"}, [2, 3])


def test_what_is_lost_already_is_not_lost_twice():
    basic = (["table", "image"], ["table", "image"])
    assert charged(POINTS, basic, (["table", "sigma"], [])) == (
        {"table": "0", "image": "0", "sigma": "1"},
        [6, 2],
    )
    assert charged(POINTS, basic, (["table"], [])) == ({"table": "0", "image": "0"}, [6, 0])


def test_points_that_are_scaled_still_add_up():
    thirds = dict.fromkeys(("table", "sequence", "image"), 1)
    failed, lost = charged(thirds, (["sequence"], []), rubric=Rubric(total=10))
    assert (failed, lost) == ({"sequence": "0"}, [3.34])
