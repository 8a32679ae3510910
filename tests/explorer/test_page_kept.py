"""Nothing is lost: undo and redo, the browser's Back, and a table when the page is loaded again."""

import re

import pytest
from sizes import DESK, PHONE

from browsing import expect

ROWS = "a,b\n" + "\n".join(f"{i % 97},{i * i % 89}" for i in range(10_000))


def large(explorer):
    """A file of 10,000 rows, chosen."""
    file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    explorer["input[type=file]"].set_input_files(file)
    explorer.says("10,000 rows").settled()


def edited(explorer):
    explorer[".scatter.before"].focus()
    explorer.page.keyboard.press("Shift+ArrowRight")
    explorer.settled()


def preset(explorer):
    explorer.page.get_by_role("combobox", name="Presets").select_option("layer")
    explorer.settled()


def other_data(explorer):
    explorer.page.get_by_label("Kind of data").select_option("bank")
    explorer.settled()


def link(explorer):
    explorer.go(norm="rms", n=20)


def table(explorer):
    explorer.paste("a,b\n1,2\n3,5\n4,4")


DONE = [edited, preset, other_data, link, table]


@pytest.mark.parametrize(
    "size", [DESK, pytest.param(PHONE, marks=pytest.mark.slow)], ids=["desk", "phone"]
)
@pytest.mark.parametrize("do", DONE, ids=lambda do: do.__name__)
def test_what_was_done_is_taken_back_and_done_again(at, do, size):
    explorer = at(size, batch_size=10, seed=4)
    before = explorer.scene["state"]
    expect(explorer.button("Undo")).to_be_disabled()
    do(explorer)
    after = explorer.scene["state"]
    assert after != before
    explorer.button("Undo").click()
    assert explorer.settled().scene["state"] | {"selected": 0} == before | {"selected": 0}
    expect(explorer.button("Undo")).to_be_disabled()
    explorer.button("Redo").click()
    assert explorer.settled().scene["state"] == after
    expect(explorer.button("Redo")).to_be_disabled()
    explorer["h1"].click()
    explorer.page.keyboard.press("Control+z")
    assert explorer.settled().scene["state"] | {"selected": 0} == before | {"selected": 0}
    explorer.page.keyboard.press("Control+Shift+Z")
    assert explorer.settled().scene["state"] == after
    explorer.clean()


def test_a_drag_is_taken_back_at_once_and_a_field_keeps_its_own_undo(at):
    explorer = at()
    first = explorer.values
    box = explorer[".scatter.before .points circle"].nth(5).bounding_box()
    mouse = explorer.page.mouse
    mouse.move(box["x"] + 3, box["y"] + 3)
    mouse.down()
    for i in range(1, 8):
        mouse.move(box["x"] + 5 * i, box["y"])
        explorer.settled()
    mouse.up()
    assert explorer.settled().values[5] != first[5]
    explorer.button("Undo").click()
    assert explorer.settled().values == first
    expect(explorer.button("Undo")).to_be_disabled()
    explorer.choose("norm", "rms")
    field = explorer.control("eps").locator("..").locator("input[type=number]")
    field.focus()
    explorer.page.keyboard.press("Control+z")
    explorer.settled().says("RMS")


def test_the_tour_goes_back_to_what_was_there(at):
    explorer = at(norm="rms", n=50, seed=3)
    before = explorer.scene["state"]
    explorer.button("Tour").click()
    explorer.settled().button("Next").click()
    explorer.settled()
    assert explorer.scene["state"]["norm"] == "batch"
    explorer.page.keyboard.press("Escape")
    assert explorer.settled().scene["state"] == before
    expect(explorer[".tour"]).to_be_hidden()


def test_back_goes_to_what_was_before_and_stays_on_the_page(at):
    explorer = at(seed=4)
    first = explorer.scene["state"]
    preset(explorer)
    expect(explorer.page).to_have_url(re.compile("norm=layer"))
    explorer.page.go_back()
    expect(explorer[".status"]).to_contain_text("Batch normalisation")
    assert explorer.settled().scene["state"] == first
    explorer.page.go_forward()
    expect(explorer[".status"]).to_contain_text("Layer normalisation")


def test_loading_again_keeps_a_large_table_until_it_is_forgotten(at):
    explorer = at()
    large(explorer)
    explorer.choose("norm", "layer")
    expect(explorer.page).to_have_url(re.compile("table=.*norm=layer|norm=layer.*table="))
    before = explorer.scene["state"], explorer.arrays
    explorer.page.reload()
    assert (explorer.settled().scene["state"], explorer.arrays) == before
    explorer.page.evaluate("document.querySelector('.panel.data details').open = true")
    explorer.button("Forget the kept copy of my table").click()
    explorer.page.reload()
    explorer.settled()
    expect(explorer.error).to_contain_text("The table of this link is not here")


def test_where_nothing_can_be_kept_it_is_said_beforehand(at):
    explorer = at()
    explorer.page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('full'); }; }"
    )
    large(explorer)
    expect(explorer[".notice"]).to_contain_text("it is lost when you reload the page")
