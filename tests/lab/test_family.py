"""A family of experiments is data: its members run alone and together, and each must judge its claims."""

from dataclasses import dataclass

import pytest

from normlab import errors, lab
from normlab.errors import DataError, MissingExtraError, SettingError
from normlab.lab.checking import known_names, within
from normlab.lab.experiment import Claim
from normlab.lab.family import Family, Member
from normlab.report.page import Numbers, Prose

BELOW = Claim("below", "The square is below ten", 10.0, "<=")
ODD = Claim("odd", "The square is odd: remainder", 1.0, ">=")


@dataclass(frozen=True)
class Settings:
    shift: float = 0.0

    @classmethod
    def of(cls, /, **given):
        known_names("squares", cls, given)
        return cls(**given)

    def __post_init__(self):
        within("shift", self.shift, 0.0, 9.0)

    def json(self):
        return {"shift": self.shift}


def prepare(settings):
    return settings.shift


def measure(study):
    square = (len(study.member.name) + study.shared) ** 2
    study.number("square", square, "length of the name, squared")
    study.claim("below", square)
    study.claim("odd", square % 2)
    study.found = f"square {square:g}"
    study.show(Prose("Shown."))


def forgets(study):
    study.claim("below", 1.0)


def twice(study):
    study.claim("below", 1.0)
    measure(study)


def row(name, function="measure"):
    return Member(name, name.title(), "All squares.", f"{__name__}:{function}", (BELOW, ODD))


def nearly(study):
    """Over 8 seeds, p = 0.041 by itself."""
    study.claim("below", BELOW.bound - 2.5, 2.365, seeds=8)
    study.claim("odd", 1)
    study.found = "close"


def family(*members):
    named = {member.name: member for member in members}
    return Family("squares", "Squares", "What?", Settings, f"{__name__}:prepare", named)


FAMILY = family(row("one"), row("seven"))


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(lab.EXPERIMENTS, "squares", lab.Experiment(__name__, "What?"))


@pytest.mark.usefixtures("registered")
def test_a_member_runs_alone_under_its_full_name():
    result = lab.run("squares.one", shift=1)
    assert (result.experiment, result.title, result.settings) == (
        "squares.one",
        "One",
        {"shift": 1},
    )
    assert result.numbers == {"one.square": 16.0}
    assert [(v.claim.name, v.outcome) for v in result.verdicts] == [
        ("one.below", "does not hold"),
        ("one.odd", "does not hold"),
    ]
    assert [section.title for section in result.record.sections] == ["One"]


@pytest.mark.usefixtures("registered")
def test_all_members_run_together_with_a_table_and_a_line_each():
    said, steps = [], []
    result = lab.run("squares", say=said.append, progress=lambda *step: steps.append(step))
    assert result.numbers == {"one.square": 9.0, "seven.square": 25.0}
    assert said == [
        "one    holds: square 9\n       All squares.",
        "seven  does not hold: square 25\n       All squares.",
    ]
    assert steps == [(0, 3, "one"), (1, 3, "seven")]
    table = result.record.sections[0].blocks[1]
    assert isinstance(table, Numbers)
    assert table.rows == (
        ("one", "All squares.", "square 9", "holds"),
        ("seven", "All squares.", "square 25", "does not hold"),
    )


def test_a_table_is_corrected_for_the_number_of_its_claims():
    several = family(row("one", "nearly"), row("two", "nearly"))
    alone = several.run("one")
    assert [v.outcome for v in alone.verdicts] == ["holds", "holds"]
    found = several.run()
    assert [v.outcome for v in found.verdicts] == ["inconclusive", "holds"] * 2
    assert [r[-1] for r in found.record.rows] == ["inconclusive"] * 2
    assert "the 2 claims in it that have intervals" in found.record.sections[0].blocks[0].text


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("squares.sevn", {}, r"No experiment 'squares\.sevn'\. Did you mean 'squares\.seven'\?"),
        ("squares.", {}, r"No experiment 'squares\.'\. Did you mean 'squares'\?"),
        ("chapter.brian", {}, r"No experiment 'chapter\.brian'\. Did you mean 'chapter\.brain'\?"),
        ("squares", {"speed": 1}, "squares has no setting 'speed'; it has shift"),
        ("squares", {"name": "one"}, "squares has no setting 'name'; it has shift"),
        ("squares.one", {"shift": -1}, "shift=-1 given; it must be a finite number >= 0 and <= 9"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_measured(name, settings, message):
    for act in (lab.check, lab.run):
        with pytest.raises(SettingError, match=message):
            act(name, **settings)


@pytest.mark.usefixtures("registered")
def test_names_known():
    names = ("squares", "squares.one", "squares.six", "squares.", "chapter", "chapter.one", "x")
    assert [lab.known(name) for name in names] == [True, True, False, False, True, False, False]
    assert list(lab.members("squares")) == ["one", "seven"]
    assert list(lab.members("chapter"))[:2] == ["what", "brain"]


@pytest.mark.parametrize("function", ["forgets", "twice"])
def test_a_member_must_judge_each_of_its_claims_once(function):
    with pytest.raises(ValueError, match=r"one: judged .* claims are"):
        family(row("one", function)).run()


def test_claims_have_names_of_their_own():
    with pytest.raises(ValueError, match=r"one: needs claims .* twice: \['below'\]"):
        Member("one", "One", "", f"{__name__}:measure", (BELOW, ODD, BELOW))


def test_what_is_not_installed_is_told_before_anything_is_measured(monkeypatch):
    monkeypatch.setitem(errors.MODULES, "photographs", ("no_such_module",))
    said = []
    with pytest.raises(MissingExtraError, match=r"pip install .*\[photographs\]"):
        lab.run("canonical", say=said.append)
    assert said == []
    lab.run("canonical.attention")


def even(shared, member):
    return f"{member.name} has an even name" if len(member.name) % 2 == 0 else ""


def amount(shared, members):
    return 100 * len(members)


def tells(study):
    study.tell(7)
    measure(study)


def picky(*members):
    named = {member.name: member for member in members}
    place = f"{__name__}:"
    more = {"work": f"{place}amount", "fits": f"{place}even"}
    return Family("picky", "Picky", "What?", Settings, f"{place}prepare", named, **more)


def test_what_does_not_fit_is_left_out_with_the_reason():
    heard = []
    chosen = picky(row("one", "tells"), row("four"))
    result = chosen.run(progress=lambda *told: heard.append(told))
    assert heard == [(7, 100, "one")]  # the work of what fits alone
    assert [r[0] for r in result.record.rows] == ["one", "four"]
    assert result.record.rows[1][2:] == ("four has an even name", "not run")
    assert {v.claim.name.partition(".")[0] for v in result.verdicts} == {"one"}
    assert chosen.markdown(result.record.rows).splitlines()[3] == (
        "| four | All squares. | four has an even name | not run |"
    )
    with pytest.raises(DataError, match="four has an even name"):
        chosen.run("four")


def test_a_familys_table_stands_above_its_claims():
    page = FAMILY.run().html()
    assert page.index("Table 1.") < page.index("What was claimed")
    alone = FAMILY.run("one").html()
    assert alone.index("Shown.") < alone.index("What was claimed")
