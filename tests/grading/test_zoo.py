"""Every implementation of the zoo is graded by the real processes, many at once."""

import pytest
from zoo_table import found, graded

from normlab import table

UNSEEN = {"not_in_state_dict"}  # which no input shows


@pytest.mark.parametrize(("folder", "least"), [("wrong", 50), ("cases", 11)])
def test_each_wrong_one_is_named_and_shown_by_a_small_input(folder, least):
    zoo = graded(folder)
    assert len(zoo) >= least
    assert {name: found(report) for name, (_, report) in zoo.items()} == {
        name: wanted for name, (wanted, _) in zoo.items()
    }
    for name, (wanted, report) in zoo.items():
        assert (report["score"] == 100) == (not wanted), name
        for mistake in report["mistakes"]:
            assert mistake["hint"] not in mistake["solution"]
            assert mistake["name"] in UNSEEN or mistake["shown"]["numbers"] <= 9, name


def test_each_right_one_passes():
    zoo = graded("right")
    assert len(zoo) >= 28
    assert {report["row"] for _, report in zoo.values()} == set(table)
    assert {name: found(report) for name, (_, report) in zoo.items()} == {name: [] for name in zoo}
    assert {report["score"] for _, report in zoo.values()} == {100}
