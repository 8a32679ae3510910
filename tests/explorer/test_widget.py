"""The widget's side in Python: what it takes, what it holds, and what it says without anywidget."""

import subprocess
import sys

import pytest

import normlab
from command import PATIENCE
from normlab._installed import advice
from normlab.errors import MissingExtraError, NormlabError, SettingError

LIGHT = """
import sys
import normlab
assert "Explorer" in normlab.__all__ and "Explorer" in dir(normlab)
assert not {"anywidget", "traitlets", "torch", "starlette"} & set(sys.modules)
"""
WITHOUT = """
import sys
sys.modules["anywidget"] = None
from normlab import *
try:
    Explorer(norm="layer")
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_importing_the_package_stays_light():
    subprocess.run([sys.executable, "-c", LIGHT], check=True, timeout=PATIENCE)


def test_without_anywidget_only_its_use_is_an_error_that_says_what_to_do():
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == (
        "MissingExtraError the explorer in a notebook needs anywidget, which is not installed; "
        f"install it with {advice('jupyter')}.\n"
    )
    assert issubclass(MissingExtraError, NormlabError)


def test_the_state_is_what_differs_and_is_checked():
    explorer = normlab.Explorer(norm="layer", batch_size=16, weight=[2, 0.5], n=128)
    assert explorer.state == {"norm": "layer", "batch_size": 16, "weight": [2, 0.5]}
    assert explorer.host == "jupyter"
    with pytest.raises(SettingError, match=r"no setting 'nrom'\. Did you mean 'norm'"):
        explorer.state = {"nrom": "layer"}
    with pytest.raises(SettingError, match="batch_size=0 given; it must be"):
        normlab.Explorer(batch_size=0)
    assert explorer.state == {"norm": "layer", "batch_size": 16, "weight": [2, 0.5]}
    assert normlab.Explorer().state == {}


def hears(explorer, state, *, change, by="one"):
    """What a page sends when its state has changed: a trait that is kept in step, as any host does."""
    explorer.set_state({"chosen": {"state": state, "change": change, "by": by}})


def test_what_the_page_holds_and_python_refuses_is_left_out():
    explorer = normlab.Explorer()
    hears(explorer, {"norm": "rms", "batch_size": -1, "nrom": 3}, change=0)
    assert explorer.state == {"norm": "rms"}
    hears(explorer, "rms", change=0)
    assert explorer.state == {}


def test_the_other_pictures_of_a_widget_follow_the_one_that_was_moved():
    explorer = normlab.Explorer(seed=3)
    assert explorer.given == {"state": {"seed": 3}, "change": 0, "by": None}
    hears(explorer, {"norm": "rms"}, change=0, by="left")
    assert explorer.given == {"state": {"norm": "rms"}, "change": 0, "by": "left"}


def test_a_page_that_has_not_heard_of_pythons_change_does_not_undo_it():
    explorer = normlab.Explorer()
    explorer.state = {"batch_size": 10}
    hears(explorer, {"seed": 16}, change=0)
    assert explorer.state == {"batch_size": 10}
    assert explorer.given == {"state": {"batch_size": 10}, "change": 1, "by": None}
    hears(explorer, {"batch_size": 10, "seed": 1}, change=1)
    assert explorer.state == {"batch_size": 10, "seed": 1}


def test_two_widgets_share_nothing():
    one, other = normlab.Explorer(norm="layer"), normlab.Explorer(norm="rms")
    one.state = {"norm": "l2"}
    assert (one.state, other.state) == ({"norm": "l2"}, {"norm": "rms"})


def test_the_module_and_its_style_travel_with_the_widget():
    """As class attributes: given to the constructor they would vanish without a word."""
    explorer = normlab.Explorer()
    sent = explorer.get_state()
    assert "render" in sent["_esm"]
    assert sent["_css"]
    assert sent["host"] == "jupyter"
    assert sent["given"] == {"state": {}, "change": 0, "by": None}


CHANGES = {
    "set": lambda state: state.__setitem__("norm", "rms"),
    "update": lambda state: state.update(norm="rms"),
    "deleted": lambda state: state.__delitem__("seed"),
    "popped": lambda state: state.pop("seed"),
    "default": lambda state: state.setdefault("batch_size", 4),
    "all": lambda state: state.clear(),
    "joined": lambda state: state.__ior__({"norm": "rms"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_set_in_the_state_is_told_to_the_picture(change):
    explorer, plain = normlab.Explorer(batch_size=2, seed=3), {"batch_size": 2, "seed": 3}
    change(explorer.state)
    change(plain)
    changes = plain != {"batch_size": 2, "seed": 3}
    assert explorer.state == plain
    assert explorer.given == {"state": plain, "change": int(changes), "by": None}


def test_a_setting_that_is_none_is_refused_in_the_state_too():
    explorer = normlab.Explorer(norm="layer")
    with pytest.raises(SettingError, match="batch_size=0 given"):
        explorer.state["batch_size"] = 0
    assert explorer.state == {"norm": "layer"} == explorer.given["state"]
    assert explorer.state.pop("seed", 7) == 7
    with pytest.raises(KeyError):
        explorer.state.pop("seed")
    assert explorer.state.popitem() == ("norm", "layer")
    assert explorer.state == {} == explorer.given["state"]
