"""A widget with a person's own table: x, y and selected follow the picture, and it follows them."""

import ast

import numpy as np
import pytest
import torch

import normlab
from cases import assert_close
from normlab.errors import DataError

X = torch.arange(24, dtype=torch.float64).reshape(12, 2) ** 1.5


class Frame:
    """What the explorer asks of a data frame."""

    def __init__(self, **columns):
        self.held, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return np.array(self.held[name])

    def to_numpy(self):
        return np.array(list(self.held.values()), dtype=object).T


GIVEN = {
    "a tensor": X.float(),
    "an array": X.numpy(),
    "lists": X.tolist(),
    "a gradient's tensor": X.clone().requires_grad_(),
}


def hears(explorer, state):
    """What a page sends when a person has changed something."""
    told = {"state": state, "change": explorer.given["change"], "by": "page"}
    explorer.set_state({"chosen": told})


@pytest.mark.parametrize("x", GIVEN.values(), ids=GIVEN)
def test_y_is_what_torch_makes_of_x(x):
    explorer = normlab.Explorer(x, batch_size=4)
    layer = torch.nn.BatchNorm1d(2, track_running_stats=False, dtype=torch.float64)
    data = torch.as_tensor(x, dtype=torch.float64).detach()
    assert explorer.x.equal(data)
    expected = torch.cat([layer(batch) for batch in data.split(4)]).detach()
    assert_close(explorer.y, expected, pooled=4096)


def test_a_data_frame_gives_its_columns_of_numbers_their_names():
    explorer = normlab.Explorer(Frame(height=[1.0, 2.5, 4.0], who=["a", "b", "c"], age=[3, 1, 2]))
    told, _ = explorer._conversation.reply({"type": "scene", "seq": 1, "state": explorer.state})
    assert list(told["data"]["names"]) == ["height", "age"]
    assert explorer.x.tolist() == [[1, 3], [2.5, 1], [4, 2]]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"u": [1.0, 2.0, 5.0], "v": [2, 4, 3], "w": ["x", "y", "z"]})
    assert normlab.Explorer(frame).x.tolist() == [[1, 2], [2, 4], [5, 3]]


def test_what_a_person_drags_is_in_x_and_what_is_set_is_in_the_picture():
    explorer, seen = normlab.Explorer(X, norm="layer"), []
    explorer.observe(lambda change: seen.append(change["name"]), ["x", "y", "selected", "state"])
    edits = {"moved": {"3": {"0": 99.0}}}
    hears(explorer, explorer.state | {"edits": edits, "selected": [3, 0, 0]})
    assert explorer.x[3, 0] == 99 and explorer.selected == 3
    assert {"x", "y", "selected", "state"} <= set(seen)
    explorer.selected = 5
    assert explorer.given["state"]["selected"] == [5, 0, 0]
    explorer.x = X[:6] + 1
    assert explorer.x.equal(X[:6] + 1) and "edits" not in explorer.state
    assert_close(explorer.y, torch.nn.functional.layer_norm(X[:6] + 1, (2,)), pooled=4096)


def test_y_is_none_where_a_setting_is_refused():
    explorer = normlab.Explorer(X, batch_size=1)
    assert explorer.y is None
    explorer.state["batch_size"] = 2
    assert torch.as_tensor(explorer.y).shape == (12, 2)


def test_without_a_table_x_and_y_are_the_chapters():
    explorer = normlab.Explorer()
    assert explorer.x.shape == explorer.y.shape == (128, 2)
    explorer.state["data"] = "image"
    assert explorer.x.shape == explorer.y.shape == (4, 4, 8, 8)


WRONG = {
    "of one row": (torch.ones(1, 3), {}, r"x has shape \(1, 3\); it must be"),
    "of three axes": (torch.ones(2, 3, 4), {}, r"x has shape \(2, 3, 4\)"),
    "not finite": (torch.tensor([[1.0, 2.0], [torch.inf, 3.0]]), {}, "not finite"),
    "words": ([["a", "b"], ["c", "d"]], {}, "not rows of numbers"),
    "too few names": (X, {"names": ["u"]}, "names has 1 names; x has 2 columns"),
    "names that repeat": (X, {"names": ["u", "u"]}, "repeat"),
    "a frame of words": (Frame(who=["a", "b"]), {}, "no column of numbers"),
}


@pytest.mark.parametrize(("x", "more", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_table_is_refused_in_words(x, more, words):
    with pytest.raises(DataError, match=words):
        normlab.Explorer(x, **more)


def test_what_is_shared_opens_the_same_table():
    explorer = normlab.Explorer(X, names=["u", 'v"w'], norm="rms", eps=0.5)
    message = {"type": "file", "what": "notebook", "seq": 1, "state": explorer.state}
    told, _ = explorer._conversation.reply(message)
    call = ast.parse(told["text"], mode="eval").body
    (x,) = map(ast.literal_eval, call.args)
    again = normlab.Explorer(x, **{k.arg: ast.literal_eval(k.value) for k in call.keywords})
    assert again.x.equal(explorer.x) and again.y.equal(explorer.y)
    assert again.state == explorer.state


def test_a_table_too_long_for_a_line_is_said_to_be():
    explorer = normlab.Explorer(torch.rand(9_000, 3))
    message = {"type": "file", "what": "notebook", "seq": 1, "state": explorer.state}
    assert "too long for one line" in explorer._conversation.reply(message)[0]["words"]


def test_a_given_table_outlives_those_that_are_pasted():
    explorer = normlab.Explorer(X)
    page = explorer._conversation
    for i in range(6):
        page.reply({"type": "table", "seq": 1, "text": f"a,b\n1,2\n3,{i}\n", "name": ""})
    assert page.reply({"type": "scene", "seq": 2, "state": explorer.state})[0]["type"] == "scene"
    assert page.reply({"type": "hello", "seq": 3})[0]["given"] == explorer.state["table"]


@pytest.mark.parametrize("data", ["points", "image", "sequence", "bank", "contrast"])
def test_a_figure_for_a_paper(data, tmp_path):
    norm = {"bank": "gdn", "contrast": "gdn1"}.get(data, "layer")
    figure = normlab.Explorer(data=data, norm=norm, selected=[1, 0, 0]).figure()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Before", f"After: {normlab.table[norm].title}"]
    figure.savefig(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").stat().st_size > 3000


def test_a_figure_marks_the_batch_and_the_selected_point():
    figure = normlab.Explorer(X, batch_size=4, selected=[5, 0, 0]).figure()
    counts = [len(marks.get_offsets()) for marks in figure.axes[1].collections]
    assert counts == [12, 4, 1]
