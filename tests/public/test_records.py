"""Links and numbers.json of the day on which the interface was first fixed: they work, or say why not."""

import json
from urllib.parse import parse_qsl

import pytest

from command import normlab
from interface import EXAMPLES
from normlab.errors import DataError, SettingError
from normlab.explorer.command import _link
from normlab.explorer.conversation import Conversation
from normlab.explorer.model.state import State
from normlab.lab.verify import verify_file

RECORD = EXAMPLES / "numbers.json"
LINKS = json.loads((EXAMPLES / "links.json").read_text())


def values(link):
    """A link's settings as the page reads them: JSON where it is JSON."""
    found = {}
    for name, value in parse_qsl(link.replace("+", "%2B"), keep_blank_values=True):
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


@pytest.mark.parametrize("given", LINKS["good"], ids=lambda given: given["link"][:50])
def test_a_link_of_then_gives_the_state_of_then(given):
    state = {k: v for k, v in values(given["link"]).items() if k not in ("own", "own_name")}
    assert State.read(state) == (State.of(**given["state"]), [])
    assert State.of(**given["state"]).changed() == given["state"]
    assert _link(f"http://127.0.0.1:8899/#{given['link']}")


def test_a_table_in_a_link_of_then_gives_the_points_of_then():
    (given,) = (given for given in LINKS["good"] if "own" in values(given["link"]))
    held = values(given["link"])
    page = Conversation()
    table, _ = page.reply(
        {"type": "table", "seq": 1, "text": held["own"], "name": held["own_name"]}
    )
    assert (table["key"], table["rows"], table["columns"]) == (
        given["state"]["table"],
        3,
        ("a", "b"),
    )
    drawn, _ = page.reply({"type": "scene", "seq": 2, "state": given["state"]})
    assert drawn["type"] == "scene"


@pytest.mark.parametrize("given", LINKS["refused"], ids=lambda given: given["link"][:50])
def test_what_a_link_of_another_version_holds_is_said_to_be_left_out(given):
    state, problems = State.read(values(given["link"]))
    assert state.changed() == given["state"]
    assert problems == given["words"]


def test_a_command_refuses_what_a_link_cannot_hold():
    with pytest.raises(SettingError, match=r"no setting 'flavour'"):
        _link("norm=layer&flavour=3")


def test_a_record_of_then_is_verified():
    done = normlab("run", "chapter", "--verify", RECORD)
    count = len(json.loads(RECORD.read_text())["numbers"])
    assert (done.returncode, done.stderr) == (0, "")
    assert f"0 of {count} numbers moved" in done.stdout.splitlines()[-1]


def changed(**parts):
    return json.loads(RECORD.read_text()) | parts


OTHERS = {
    "is of format '2', and normlab": changed(format=2),
    "is of format 'two', and normlab": changed(format="two"),
    "is of format 'None', and normlab": changed(format=None),
    "is of format 'True', and normlab": changed(format=True),
    "lacks the keys experiment, numbers, settings, versions": [changed()],
    "has a list as its numbers": changed(numbers=[1, 2]),
    "is of experiment 'chapters', which is unknown here": changed(experiment="chapters"),
    "has inf as its number 'a'": changed(numbers={"a": float("inf")}),
}


@pytest.mark.parametrize("words", OTHERS)
def test_a_record_of_another_shape_is_refused_in_a_line(tmp_path, words):
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps(OTHERS[words]))
    with pytest.raises(DataError) as caught:
        verify_file(path, pytest.fail)
    assert str(caught.value).startswith(f"{str(path)!r} {words}")
    assert "\n" not in str(caught.value)


def test_the_command_ends_with_2_for_a_record_of_another_format(tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps(changed(format=2)))
    done = normlab("run", "chapter", "--verify", path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is of format '2'" in done.stderr


def test_settings_that_are_no_longer_known_are_named(tmp_path):
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps(changed(settings={"flavour": 3})))
    with pytest.raises(SettingError, match="flavour"):
        verify_file(path, pytest.fail)
