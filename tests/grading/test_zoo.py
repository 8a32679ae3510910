"""Every implementation of the zoo is graded by the real processes, many at once."""

from zoo_table import found, graded

from normlab import table


def test_each_wrong_one_is_named_and_shown_by_a_small_input():
    zoo = graded("wrong")
    assert len(zoo) >= 25
    assert {name: found(report) for name, (_, report) in zoo.items()} == {
        name: wanted for name, (wanted, _) in zoo.items()
    }
    mistakes = {name: report["mistakes"] for name, (_, report) in zoo.items()}
    assert all(0 <= report["score"] < 100 for _, report in zoo.values())
    for name, told in mistakes.items():
        for mistake in told:
            assert mistake["shown"]["numbers"] <= 9, name
            assert mistake["hint"] not in mistake["solution"]


def test_each_right_one_passes():
    zoo = graded("right")
    assert len(zoo) >= 10
    assert {report["row"] for _, report in zoo.values()} == set(table)
    assert {name: found(report) for name, (_, report) in zoo.items()} == {name: [] for name in zoo}
    assert {report["score"] for _, report in zoo.values()} == {100}
