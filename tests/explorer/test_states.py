"""What a link may hold: read leniently and told in words, or refused where a person wrote it in Python."""

import json

import pytest

from cases import exact
from normlab import table
from normlab.data.examples import bank, edited, points
from normlab.errors import SettingError
from normlab.explorer.model import presets
from normlab.explorer.model.edits import Edits
from normlab.explorer.model.state import BANK, DATA, DOMAINS, State, row_settings
from normlab.explorer.view.controls import CONTROLS, applying

WRONG = {
    "norm": "bach",
    "n": 1e9,
    "batch_size": 0,
    "eps": -1,
    "mean": [1, 2, 3],
    "scale": [1, float("nan")],
    "momentum": 2,
    "selected": [0, 0],
    "edits": {"moved": {"0": {"0": "far"}}},
    "hide": ["everything"],
    "mode": True,
    "size": 10**9,
    "window": ["box"],
    "table": "x" * 1000,
    "frame": None,
    "shown": 1,
}


def test_the_default_holds_nothing():
    assert State().changed() == {}
    assert State.read({}) == (State(), [])


def test_a_state_survives_json():
    given = {
        "norm": "local_response",
        "alpha": 0.5,
        "mean": [1.0, 2.0],
        "edits": {"moved": {"3": {"0": 1.5}}, "added": [{"0": 1.0, "1": 2.0}], "deleted": [7]},
        "hide": ["code", "eps"],
        "momentum": None,
    }
    state, problems = State.read(json.loads(json.dumps(given)))
    assert problems == []
    assert state.changed() == given
    assert State.read(json.loads(json.dumps(state.json())))[0] == state


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_link_is_left_out_and_told(name):
    state, problems = State.read({"seed": 3, name: WRONG[name], "bias": [1, 2]})
    assert len(problems) == 1
    assert name in problems[0] and "it must be" in problems[0]
    assert state.changed() == {"seed": 3, "bias": [1, 2]}


def test_a_link_from_the_future_works_as_far_as_it_is_known():
    state, problems = State.read({"v": 99, "norm": "rms", "hologram": 3})
    assert state.norm == "rms"
    assert "version 99" in problems[0]
    assert problems[1] == "The explorer has no setting 'hologram'."


def test_python_is_refused_what_a_link_is_only_told():
    with pytest.raises(
        SettingError, match=exact("The explorer has no setting 'nrom'. Did you mean 'norm'?")
    ):
        State.of(nrom="layer")
    with pytest.raises(
        SettingError, match=exact("n=1 given; it must be a whole number from 2 to 10000.")
    ):
        State.of(n=1)


def test_whole_numbers_of_javascript_are_whole():
    assert State.read({"batch_size": 16.0, "size": 3.0})[0].changed() == {
        "batch_size": 16,
        "size": 3,
    }


def test_every_setting_of_every_row_has_a_control():
    left_out = {"normalized_shape", "pool_weight"}  # the data's shape; two sliders make the weights
    wanted = {setting.name for row in table.values() for setting in row.settings} - left_out
    assert wanted == set(row_settings())
    rows = (applying(State(norm=name), (8, 4)) for name in table)
    assert wanted <= {control["name"] for controls in rows for control in controls}
    assert {control.name for control in CONTROLS} - wanted <= set(DOMAINS)


@pytest.mark.parametrize("given", [*presets.PRESETS.values(), *presets.STARTS.values()], ids=str)
def test_presets_hold_what_a_link_may(given):
    assert State.read(given)[1] == []


def test_every_kind_of_data_has_a_start():
    assert set(presets.STARTS) == set(DATA)


def test_edits_move_add_and_delete_in_that_order():
    x = points(n=4)
    changed = edited(
        x, {"moved": {"1": {"0": 9.0}, "4": {"1": 5.0}}, "added": [{"0": 1.0}], "deleted": [0]}
    )
    assert changed.shape == (4, 2)
    assert changed[0].tolist() == [9.0, x[1, 1].item()]
    assert changed[-1].tolist() == [1.0, 5.0]
    assert changed[1:3].equal(x[2:])


def test_edits_of_rows_that_are_not_there_are_nothing():
    x = points(n=4)
    assert edited(x, {"moved": {"99": {"0": 1.0}}, "deleted": [50]}).equal(x)
    assert edited(x, {"moved": {"0": {"7": 1.0}}}).equal(x)
    assert not Edits()


def test_the_bank_has_as_many_channels_as_a_state_may_choose_of():
    assert bank().shape == (1, BANK)
