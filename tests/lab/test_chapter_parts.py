"""The chapter's parts run alone as they do together, and judge what the catalogue says they claim."""

import pytest

from normlab import lab

PARTS = lab.members("chapter")


@pytest.fixture(scope="module")
def whole():
    """With a normaliser that keeps statistics, and with one that does not."""
    return [lab.run("chapter", samples=16, norm=norm) for norm in ("batch", "layer")]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_is_as_in_the_whole(whole, part):
    alone = lab.run(f"chapter.{part}", samples=16)
    assert (alone.experiment, alone.title) == (f"chapter.{part}", PARTS[part].title)
    assert len(alone.record.sections) == 1 and alone.record.sections[0] in whole[0].record.sections
    assert alone.numbers.items() <= whole[0].numbers.items()
    assert alone.figures.keys() <= whole[0].figures.keys()
    assert {v.claim for v in alone.verdicts} <= set(PARTS[part].claims)


def test_together_they_judge_every_claim_in_their_order(whole):
    order = [claim for part in PARTS.values() for claim in part.claims]
    for result in whole:
        judged = [verdict.claim for verdict in result.verdicts]
        assert judged == sorted(judged, key=order.index)
    assert {v.claim for result in whole for v in result.verdicts} == set(order)


def test_they_need_no_prefix(whole):
    assert {"inputs.easier", "hand.equal"} <= {v.claim.name for v in whole[0].verdicts}
    assert "after.std.Feature 1" in whole[0].numbers


def test_what_is_to_know_about_the_data_stands_first():
    sections = lab.run("chapter.relatives", samples=3, batch_size=8).record.sections
    assert [section.title for section in sections] == ["About these data", "Relatives"]
