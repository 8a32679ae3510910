"""What an address holds: the same numbers in another browser, and what is told of a bad one."""

import re

import pytest
from pages import Open

from browsing import expect

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
TABLE = "a;b;c\n" + "\n".join(f"{i / 7:.4f};{i * i % 11};{-i}" for i in range(20))


def whole(explorer):
    header = explorer.scene
    header.pop("seq")
    return header, explorer.arrays


def shared_link(explorer):
    """What Share puts into the clipboard."""
    explorer.button("Share").click()
    expect(explorer[".said"]).to_have_text("The link to this very state is in the clipboard.")
    return explorer.page.evaluate("navigator.clipboard.readText()")


def other(opened, link):
    """That link in a browser that knows nothing."""
    return Open(opened(), link)


def test_a_shared_link_gives_identical_numbers_with_the_points_that_were_changed(at, opened):
    explorer = at(CLIPBOARD, seed=7, batch_size=10)
    plot = explorer[".scatter.before"]
    box = plot.bounding_box()
    plot.dblclick(position={"x": box["width"] * 0.71, "y": box["height"] * 0.13})
    explorer.settled()
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "Home", "Delete", "Shift+ArrowDown"):
        explorer.page.keyboard.press(key)
        explorer.settled()
    explorer.press("Next batch", 3).type("weight", 1.234567890123, 0).type("eps", 0.1)
    link = shared_link(explorer)
    assert link.startswith(explorer.address + "#")
    fresh = other(opened, link)
    assert whole(fresh) == whole(explorer)
    assert fresh.operands == explorer.operands and fresh.values == explorer.values
    assert fresh.scene["data"]["edited"] and len(fresh.values) == 128
    fresh.clean()


def test_a_shared_link_holds_a_small_table(at, opened):
    explorer = at(CLIPBOARD)
    explorer.paste(TABLE)
    explorer.choose("norm", "gdn").type("pool_cross", 0.3)
    explorer.page.get_by_label("across").select_option("2")
    explorer.settled()
    fresh = other(opened, shared_link(explorer))
    assert whole(fresh) == whole(explorer)
    fresh.page.get_by_label("Kind of data").select_option("points")
    fresh.settled().page.get_by_label("Kind of data").select_option("table")
    fresh.settled().says("20 rows")


def test_a_table_that_is_too_large_for_a_link_is_said_to_be(at):
    explorer = at(CLIPBOARD)
    explorer.paste("a,b\n" + "\n".join(f"{i / 7:.15f},{i / 9:.15f}" for i in range(600)))
    explorer.button("Share").click()
    expect(explorer.error).to_contain_text("too large for a link")


def test_a_clipboard_that_is_closed_is_said_to_be(at):
    explorer = at({"permissions": []}, norm="rms")
    explorer.page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')); }"
    )
    explorer.button("Share").click()
    expect(explorer[".said"]).to_contain_text("copy the address above, which holds the state")
    expect(explorer.page).to_have_url(re.compile("#norm=rms&v=1$"))


def test_what_is_hidden_stays_hidden(at, opened):
    explorer = at(CLIPBOARD)
    explorer["[data-name=hide] > summary"].click()
    for name in ("The same in Python", "Table of values", "Presets", "batch size"):
        explorer["[data-name=hide] .choices"].get_by_label(name, exact=True).check()
        explorer.settled()
    fresh = other(opened, shared_link(explorer))
    for page in (explorer, fresh):
        expect(page[".panel.code"]).to_be_hidden()
        expect(page[".panel.values"]).to_be_hidden()
        expect(page.page.get_by_role("combobox", name="Presets")).to_be_hidden()
        assert page.control("batch_size").count() == 0
        expect(page[".panel.formula"]).to_be_visible()
    fresh.press("Next batch", 2).choose("norm", "layer")
    fresh.choose("norm", "batch")
    expect(fresh[".panel.code"]).to_be_hidden()
    assert fresh.control("batch_size").count() == 0
    assert fresh.scene["state"]["hide"] == ["code", "values", "preset", "batch_size"]


HAND = {
    "a row that is none": ("norm=bach&batch_size=16", ["norm=bach", "batch"], "8 batches of 16"),
    "a word for a number": ("weight=abc&batch_size=16", ["weight=abc"], "8 batches of 16"),
    "a setting that is none": ("foo=1&batchsize=4&batch_size=16", ["'foo'", "batch_size"], "8 batches of 16"),
    "a number out of bounds": ("n=1e9&eps=-1&batch_size=16", ["n=1000000000", "eps=-1"], "8 batches of 16"),
    "broken JSON": ('edits={"moved":&batch_size=16', ["edits="], "8 batches of 16"),
    "edits of another kind": ('edits={"moved":{"x":1}}&batch_size=16', ["edits="], "8 batches of 16"),
    "names of every object": ("__proto__=1&constructor=2&batch_size=16", ["constructor"], "8 batches of 16"),
    "a version from the future": ("v=99&glow=3&norm=rms", ["version 99", "'glow'"], "RMS normalisation"),
    "half of a percent sign": ("norm=%E0%A4%A&batch_size=16", ["norm="], "8 batches of 16"),
    "markup": ("norm=<b id=x>&batch_size=16", ["norm=<b id=x>"], "8 batches of 16"),
}  # fmt: skip


@pytest.mark.parametrize(("hash_", "words", "status"), HAND.values(), ids=HAND)
def test_a_link_edited_by_hand_is_told_of_and_the_rest_works(shared, hash_, words, status):
    shared.page.goto("about:blank")
    shared.page.goto(f"{shared.address}#{hash_}")
    shared.settled().says(status)
    for word in words:
        expect(shared.problems).to_contain_text(word)
    assert shared.problems.get_attribute("role") == "alert"
    shared.choose("norm", "layer").says("Layer normalisation")
    expect(shared.problems).to_be_hidden()
    shared.clean()


def test_a_link_with_a_table_needs_no_key_and_takes_no_wrong_one(shared):
    for key in ("", "&table=feedbeef&data=table"):
        shared.page.goto("about:blank")
        shared.page.goto(f"{shared.address}#own=a,b%0A1,2%0A3,4%0A5,9&own_name=mine{key}")
        shared.settled().says("3 rows in one batch")


def test_loading_again_keeps_the_state_and_an_address_typed_over_it_is_followed(at):
    explorer = at()
    explorer.press("Next batch", 2).choose("norm", "gdn")
    explorer.page.get_by_label("Kind of data").select_option("sequence")
    explorer.settled().button("auto").click()
    explorer.settled()
    expect(explorer.page).to_have_url(re.compile("data=sequence.*frame=auto"))
    before = whole(explorer)
    explorer.page.reload()
    assert whole(explorer.settled()) == before
    explorer.go(norm="l2").says("L2 (unit length) normalisation: 128 rows")


def test_two_tabs_of_one_browser_do_not_disturb_one_another(at):
    first = at()
    pages = first.page.context
    second = Open(type(first.watched)(pages.new_page()), first.address, norm="rms")
    first.paste("a,b\n1,2\n3,4\n5,9")
    second.type("eps", 0.5)
    first.says("3 rows in one batch")
    second.says("RMS normalisation: 128 rows")
    assert second.operands["eps"] == ["0.5", "0.5"]
    second.paste("a,b\n1,2\n3,4")
    second.says("2 rows")
    first.choose("norm", "l2").says("3 rows")
    first.clean()
    second.clean()
