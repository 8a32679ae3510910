"""What is told of a mistake holds for the input that is shown with it, and for each of the class."""

import pytest
from test_phases import BATCH
from zoo_table import ZOO

from normlab.grading import grade
from normlab.grading.parent.summary import summary
from normlab.grading.parent.text import full

UPDATE = "self.running_mean.lerp_(mean, self.momentum)\n"
TWICE = {UPDATE: UPDATE + 16 * " " + UPDATE}
# a layer that loses what it was given: only an input that starts from other statistics shows it
RESTARTS = {
    "        self.eps, self.momentum =": "        self.begun = False\n        self.eps, self.momentum =",
    "            with torch.no_grad():\n": "            with torch.no_grad():\n"
    "                if not self.begun:\n"
    "                    self.running_mean.zero_()\n"
    "                    self.running_var.fill_(1.0)\n"
    "                    self.begun = True\n",
}
FILES = {
    "twice": TWICE,
    "restarts": RESTARTS,
    "one": {"x.mean(axes), x.var(axes, correction=0)": "x.mean(), x.var(correction=0)",
            "mean.view(shape)": "mean.expand(x.shape[1]).view(shape)",
            "var.view(shape)": "var.expand(x.shape[1]).view(shape)"},
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    for name, changes in FILES.items():
        source = BATCH
        for old, new in changes.items():
            assert old in source, (name, old)
            source = source.replace(old, new)
        (folder / f"{name}_bn.py").write_text(source)
    paths = [*(folder / f"{name}_bn.py" for name in FILES), *(ZOO / "cases").glob("*_in_eval*.py")]
    paths += (ZOO / "cases").glob("tables_*.py")
    paths += [ZOO / "cases" / "divides_by_rsqrt.py", ZOO / "wrong" / "batch_rsqrt_plus_eps.py"]
    paths += [ZOO / "wrong" / "batch_cs231n_no_backward.py"]
    reports = grade(*paths, timeout=600)
    return {path.stem: report for path, report in zip(paths, reports, strict=True)}


def test_starts_from_a_fresh_layer_where_that_shows_it(graded):
    [mistake] = graded["twice_bn"]["mistakes"]
    assert mistake["name"] == "running_formula"
    assert mistake["sentence"].endswith("+ momentum · batch: it updates it twice for each batch")
    assert mistake["shown"]["start"] is None
    assert "before:" not in full(graded["twice_bn"], solution=False)


def test_else_says_what_it_starts_from(graded):
    [mistake] = graded["restarts_bn"]["mistakes"]
    assert mistake["name"] == "running_restarted"
    [mean], [var] = mistake["shown"]["start"]
    told = full(graded["restarts_bn"], solution=False)
    assert f"before: running_mean = [{mean:g}], running_var = [{var:g}]\n" in told


def test_names_the_mode_in_which_it_is_wrong(graded):
    report = graded["none_in_evaluation"]
    assert [m["sentence"] for m in report["mistakes"]] == ["returns nothing in evaluation"]
    back = graded["batch_cs231n_no_backward"]["mistakes"]
    assert [m["sentence"] for m in back] == ["returns nothing from its backward pass"]
    told = full(graded["swapped_in_evaluation"], solution=False)
    assert "before: running_mean = [0], running_var = [1]\n" in told


def test_says_for_which_shapes_it_is_wrong(graded):
    words = {m["name"]: m["sentence"] for m in graded["divides_by_rsqrt"]["mistakes"]}
    assert words["wrong_axis"] == (
        "pools over the last axis alone, which is wrong where normalized_shape has two numbers"
    )
    first = graded["one_bn"]["mistakes"][0]
    assert first["sentence"] == "pools over batch and channels, which is wrong for (N, C)"


def test_what_follows_from_another_shape_alone_is_told_once_and_last(graded):
    told = [(m["name"], m["sentence"]) for m in graded["tables_and_momentum"]["mistakes"]]
    words = "normalises tables (N, C) as it should, but not (N, C, L), "
    words += "which a name with 1d promises too"
    assert [name for name, _ in told] == ["momentum_reversed", "only_tables"]
    assert told[1] == ("only_tables", words)
    [mistake] = graded["tables_alone"]["mistakes"]
    assert (mistake["sentence"], mistake["shown"]["shape"]) == (words, [1, 1, 2])
    scores = [graded[name]["score"] for name in ("tables_alone", "tables_and_momentum")]
    assert scores == [88, 79]  # y for (N, C, L), and with momentum the running statistics


def test_shows_numbers_that_differ_at_once(graded):
    [mistake] = graded["batch_rsqrt_plus_eps"]["mistakes"]
    assert mistake["hint"] == "A constant input gives NaN. What should it give?"
    assert mistake["shown"]["settings"]["eps"] == 1.0
    expected, given = (mistake["shown"][side][1][0] for side in ("expected", "given"))
    assert (expected, given) == pytest.approx((0.2, 1.5), abs=0.3)


def test_the_summary_leaves_out_what_is_quoted_and_nothing_else():
    """A sentence may have a colon of its own."""
    told = (("numerator_inverted", "divides by what it should multiply by: x", ""),
            ("raises", "ends in an error: 1 / 0", "1 / 0"))  # fmt: skip
    found = [{"name": name, "sentence": words, "detail": quoted} for name, words, quoted in told]
    lines = summary([{"status": "mistakes", "score": 0, "mistakes": found}]).splitlines()
    assert "  numerator_inverted: 1 of 1. It divides by what it should multiply by: x." in lines
    assert "  raises: 1 of 1. It ends in an error." in lines


def test_the_summary_tells_each_sentence_of_a_name(graded):
    told = summary([graded["divides_by_rsqrt"], graded["one_bn"]])
    assert "  wrong_axis: 2 of 2.\n    1: it pools over " in told
    assert "alone, which is wrong where normalized_shape has two numbers.\n" in told
    assert "  multiplied_by_divisor: 1 of 2. It multiplies by what" in told
