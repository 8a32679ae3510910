"""Published numbers are judged with the published parameters alone; each phenomenon asks before it tells."""

import re

import pytest

from normlab.lab.cortex import FAMILY, Settings
from normlab.lab.cortex.catalogue import MEMBERS
from normlab.lab.cortex.lessons import LESSONS
from normlab.lab.cortex.phenomenon import outcome
from normlab.lab.cortex.published import compared, numbers
from normlab.lab.cortex.setup import prepare
from normlab.lab.experiment import Record
from normlab.lab.family import UNPUBLISHED, Near, Study
from normlab.report.formula import mathml
from normlab.report.page import Ask, Note

SIZE = MEMBERS["size-tuning"]


def judged(published):
    """Size tuning of a cell whose rates are 5 % higher than the standard set's."""
    study = Study(Record(), SIZE, prepare(Settings()), published=published)
    for claim in SIZE.claims:
        if isinstance(claim, Near):
            study.near(claim.name, claim.published * 1.05)
        else:
            study.claim(claim.name, claim.bound)
    study.finish()
    return study


def test_with_other_parameters_shape_is_judged_and_published_numbers_are_not():
    apart, other = judged(True), judged(False)
    near = {SIZE.full(claim.name) for claim in SIZE.claims if isinstance(claim, Near)}
    assert len(near) == 3
    assert {v.claim.name for v in apart.verdicts} - {v.claim.name for v in other.verdicts} == near
    assert (outcome(apart.verdicts), outcome(other.verdicts)) == ("not reproduced", "reproduced")
    assert apart.record.numbers == other.record.numbers
    assert other.record.numbers["size-tuning.peak"] == pytest.approx(95.2 * 1.05)
    assert "not judged" in other.record.meanings["size-tuning.peak"]
    notes = [block.text for block in other.record.sections[0].blocks if isinstance(block, Note)]
    assert notes == [UNPUBLISHED]


def test_which_parameters_are_the_published_ones():
    assert prepare(Settings(seed=5, frames=2000)).published
    assert not prepare(Settings(maximum=42.0)).published


def test_where_nothing_can_be_judged_the_verdict_says_so():
    result = FAMILY.run("standard-set", semisaturation=0.12)
    assert result.verdicts == []
    assert outcome(result.verdicts) == "not judged"
    assert result.numbers["standard-set.blank"] == pytest.approx(40 * 0.02**2 / 0.12**2, rel=1e-5)


def test_each_of_the_thirty_asks_first_and_shows_its_equation():
    assert set(LESSONS) < set(MEMBERS)
    assert [row.name for row in MEMBERS.values() if row.number and row.name not in LESSONS] == []
    for name, lesson in LESSONS.items():
        assert "<math" in mathml(lesson.equation, block=True), name
        assert isinstance(MEMBERS[name].introduction[0], Ask)
        assert lesson.question.rstrip().endswith("?")
        assert not lesson.data or re.search(r" (19|20)\d\d \(", lesson.data), name


def test_a_number_that_is_far_off_has_its_reason():
    exact = {n.key.removesuffix(".paper"): n.published for n in numbers()}
    rows = {row[0]: row for row in compared(exact | {"standard-set.blank": 2.0})}
    assert rows["`standard-set.blank`"][-2:] == ("+25.0 %", "no reason is known")
    assert rows["`standard-set.kappa`"][-1] == ""
