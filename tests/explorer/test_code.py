"""The exported script gives the page's own numbers, and the exported table holds them."""

import csv
import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
from test_scenes import FITTING, ask

from cases import assert_close
from normlab.explorer.conversation import Conversation
from normlab.explorer.model import presets

EDITS = {
    "moved": {"3": {"0": 50.0}, "129": {"1": 2.0}},
    "added": [{"0": 1.0, "1": 2.0}, {"0": 3.0}],
    "deleted": [0, 5],
}
TABLE = 'weight,hei#ght,"a""b"\n1,2,3\n4,6,5\n9,1,2\n2,2,8\n'
STATES = [
    {},
    {"edits": EDITS, "batch_size": 16},
    {"mode": "eval", "step": 20, "momentum": 0.3},
    {"mode": "eval", "step": 5, "momentum": None, "batch_size": 50, "weight": [2.0, 1.0]},
    {"weight": [2.0, 0.5], "bias": [1.0, -1.0], "eps": 0.1},
    {"norm": "gdn", "pool_own": 0.3, "pool_cross": 0.2, "sigma": 2.0},
    {"norm": "rms"},
    {"n": 33},
    {"edits": {"added": [{"0": 1.0}]}},
    {"edits": {"deleted": [1, 2, 3]}, "batch_size": 62, "mode": "eval", "step": 5},
    {"n": 33, "mode": "eval", "step": 12},
    {"correlation": 0.7, "outliers": 3, "seed": 5, "n": 34, "mean": [1.0, 2.0]},
    {"data": "image", "norm": "batch", "mode": "eval", "step": 4, "gain": 2.0},
    {"data": "image", "norm": "local_contrast", "size": 5, "window": "box"},
    {"data": "contrast", "norm": "gdn1", "masking": 20.0, "pool_cross": 0.5},
]


@pytest.fixture
def page():
    return Conversation()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def script(page, state):
    reply, _ = page.reply({"type": "file", "seq": 1, "what": "code", "state": state})
    assert reply["name"] == "normlab_explorer.py"
    return reply["text"]


def run(text, tmp_path, monkeypatch):
    """What the script leaves behind, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(mpl.rcParams, "backend", "agg")
    names = {}
    exec(compile(text, "normlab_explorer.py", "exec"), names)
    assert (tmp_path / "normlab-explorer.png").stat().st_size > 1000
    return names


SHOWN = [pytest.param(state, marks=pytest.mark.slow) for state in presets.PRESETS.values()]


@pytest.mark.parametrize("state", [*STATES, *SHOWN], ids=str)
def test_the_script_gives_the_pages_numbers(page, state, tmp_path, monkeypatch):
    _, arrays = ask(page, **state)
    names = run(script(page, state), tmp_path, monkeypatch)
    for name, stage in (("x", "before"), ("y", "after")):
        shown, found = arrays[stage], names[name].reshape(arrays[stage].shape)
        alone = shown.isnan()  # torch refuses a last batch of one; the script has it too
        assert found.isnan().equal(alone)
        assert_close(found.masked_fill(alone, 0.0), shown.masked_fill(alone, 0.0), pooled=4096)


@pytest.mark.parametrize(("norm", "data"), FITTING)
def test_every_row_has_code(norm, data, page):
    reply, arrays = ask(page, norm=norm, data=data, pool_cross=0.2)
    names = {}
    exec(compile(reply["code"], "code", "exec"), names)
    assert_close(names["y"].reshape(arrays["after"].shape), arrays["after"], pooled=4096)


def given(page, text, name=""):
    reply, _ = page.reply({"type": "table", "seq": 1, "text": text, "name": name})
    assert reply["type"] == "table", reply
    return reply


def test_a_table_of_ones_own_is_written_into_the_script(page, tmp_path, monkeypatch):
    key = given(page, TABLE)["key"]
    state = {
        "data": "table",
        "table": key,
        "batch_size": 2,
        "axes": [2, 0],
        "edits": {"deleted": [1], "added": [{"2": 7.0}]},
    }
    _, arrays = ask(page, **state)
    names = run(script(page, state), tmp_path, monkeypatch)
    assert names["x"].shape == (4, 3)
    assert_close(names["y"][:, [2, 0]], arrays["after"])


def test_a_large_table_is_read_from_its_file(page, tmp_path, monkeypatch):
    text = "a,b,c\n" + "".join(f"{i % 97},{i % 13},{i % 7}\n" for i in range(8000))
    state = {"data": "table", "table": given(page, text, "large table.csv")["key"], "norm": "layer"}
    _, arrays = ask(page, **state)
    (tmp_path / "large table.csv").write_text(text)
    written = script(page, state)
    assert len(written) < 2000
    assert_close(run(written, tmp_path, monkeypatch)["y"][:, :2], arrays["after"])


def test_the_code_on_the_page_is_the_scripts_but_for_the_picture(page):
    reply, _ = ask(page, norm="layer", eps=0.1)
    assert 'out = normlab.normalize(x, "layer", eps=0.1)' in reply["code"].splitlines()
    assert "plt" not in reply["code"]
    lines = script(page, {"norm": "layer", "eps": 0.1}).splitlines()
    assert set(reply["code"].splitlines()) <= set(lines)


def test_names_cannot_leave_their_quotes(page, tmp_path, monkeypatch):
    reply = given(page, '"x""); raise SystemExit(1) #",b\n1,2\n3,5\n')
    assert len(reply["columns"]) == 2
    state = {"data": "table", "table": reply["key"], "norm": "layer"}
    run(script(page, state), tmp_path, monkeypatch)


def rows_of(page, state):
    reply, _ = page.reply({"type": "file", "seq": 1, "what": "csv", "state": state})
    assert reply["name"] == "normlab-explorer.csv"
    head, *rows = csv.reader(io.StringIO(reply["text"]))
    return head, torch.tensor([[float(cell) for cell in row] for row in rows], dtype=torch.float64)


def test_the_table_holds_every_number_to_the_last_digit(page):
    head, rows = rows_of(page, {"edits": EDITS})
    _, arrays = ask(page, edits=EDITS)
    assert head == [
        "row",
        "Feature 1 before",
        "Feature 2 before",
        "Feature 1 after",
        "Feature 2 after",
    ]
    assert rows[:, 0].int().tolist() == [i for i in range(130) if i not in (0, 5)]
    assert rows[:, 1:3].equal(arrays["before"])
    assert rows[:, 3:].equal(arrays["after"])


def test_the_table_of_images_has_a_column_a_place(page):
    head, rows = rows_of(page, {"data": "image", "norm": "instance"})
    assert rows.shape == (4, 1 + 2 * 4 * 64)
    assert head[1] == "0°[0] before"
    assert head[-1] == "135°[63] after"


def test_columns_with_signs_stay_one_cell(page):
    reply = given(page, TABLE)
    head, rows = rows_of(page, {"data": "table", "table": reply["key"]})
    assert head[3] == 'a"b before'
    assert rows.shape == (4, 7)
