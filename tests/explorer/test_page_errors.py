"""What does not work is said in words, and the page lives on; also when it is the first thing asked."""

import pytest

from browsing import expect
from normlab import table

TORCH = "Expected more than 1 value per channel when training"


def is_told(explorer, *words):
    expect(explorer.error).to_be_visible()
    assert explorer.error.get_attribute("role") == "alert"
    for part in words:
        expect(explorer.error).to_contain_text(part)


def lives(explorer):
    """Controls, menus and the next state work."""
    expect(explorer.error).to_be_hidden()
    expect(explorer[".points circle"].first).to_be_attached()
    assert explorer.status
    explorer.clean()


def test_batches_of_one_are_explained_and_the_next_change_recovers(at):
    explorer = at()
    place = explorer[".scatter.before"].bounding_box()
    explorer.type("batch_size", 1)
    is_told(explorer, TORCH, "has a variance of 0", "Choose another batch size, or evaluation")
    assert explorer[".scatter.before"].bounding_box() == place  # nothing has moved
    # what is seen stays, and is marked as old; what is said is of now
    expect(explorer[".panel.after"]).to_have_css("filter", "grayscale(1)")
    explorer.says("nothing was computed with these settings")
    expect(explorer[".code code"]).to_contain_text("x.split(1)")
    expect(explorer[".panel.cells .tilegrid"]).not_to_be_visible()
    expect(explorer[".panel.cells .none"]).to_contain_text("Nothing was computed")
    expect(explorer[".strip"]).not_to_be_visible()
    explorer.type("batch_size", 2)
    lives(explorer)
    expect(explorer[".panel.cells .none"]).not_to_be_visible()
    assert "batches of 2" in explorer.status
    expect(explorer[".panel.after"]).to_have_css("filter", "none")


def test_batches_of_one_are_explained_as_the_very_first_state(at):
    explorer = at(batch_size=1)
    is_told(explorer, TORCH)
    # nothing of an empty plot
    expect(explorer[".histogram line.selected"].first).not_to_be_visible()
    for name in ("Play", "Next batch", "Reset"):
        expect(explorer.button(name)).to_be_disabled()
    explorer["[data-name=export] > summary"].click()
    expect(explorer.page.get_by_role("button", name="Figure as SVG")).to_be_disabled()
    explorer.page.keyboard.press("Escape")
    for name in ("shared", "Reseed", "Share"):
        explorer.button(name).click()
    explorer.settled().clean()
    for name, other, back in (("mode", "eval", "train"), ("norm", "layer", "batch")):
        explorer.choose(name, other)  # other ways out
        lives(explorer)
        explorer.choose(name, back)
        is_told(explorer, TORCH)
    explorer.type("batch_size", 2)
    lives(explorer)


@pytest.mark.parametrize("first", [False, True], ids=["on the way", "at once"])
def test_a_last_batch_of_one_is_told_and_left_out(at, first):
    explorer = at(batch_size=127) if first else at()
    if not first:
        explorer.type("batch_size", 127)
    is_told(explorer, TORCH, "The last batch is a single point", "another batch size than 127")
    explorer.says("128 rows in 2 batches of 127, the last of 1.")
    explorer[".scatter.before"].press("End")
    assert explorer.settled().operands["y"] == ["–", "–"]
    assert "not computed: torch refuses a batch of one value" in explorer.tex[0]
    expect(explorer[".step[data-step=output] .sum"]).to_have_text(["not computed"] * 2)
    expect(explorer[".scatter.after .pool"]).not_to_be_visible()  # nothing was divided by a scale
    shown = explorer[".scatter.after .points circle"]
    places = shown.evaluate_all("all => all.map((e) => Number(e.getAttribute('cx')))")
    assert [i for i, x in enumerate(places) if x < 0] == [127]  # the others are where they belong
    for size in (64, 126):
        explorer.type("batch_size", size)
        lives(explorer)


def test_a_point_that_is_added_to_the_chapters_joins_the_last_batch(at):
    """129 points in batches of 8: what a first double click makes of the chapter's."""
    explorer = at()
    before = explorer.values
    box = explorer[".scatter.before"].bounding_box()
    explorer[".scatter.before"].dblclick(
        position={"x": box["width"] * 0.8, "y": box["height"] * 0.2}
    )
    explorer.settled().says("129 rows in 16 batches of 8, the last of 9.")
    expect(explorer.error).to_be_hidden()
    assert explorer[".scatter.before"].bounding_box() == box  # nothing has moved
    expect(explorer[".batches .note"]).to_contain_text("one row was left alone")
    expect(explorer[".code code"]).to_contain_text("*batches[:-2], x[120:]")
    expect(explorer[".scatter.before .points circle"]).to_have_count(129)
    assert explorer[".scatter.before .points"].locator(".batch, .selected").count() == 9
    after = explorer.values
    assert {row: after[row] for row in range(120)} == {row: before[row] for row in range(120)}
    assert all(after[row] != before[row] for row in range(120, 128))
    explorer.type("batch_size", 10)
    lives(explorer)
    explorer.says("129 rows in 13 batches of 10, the last of 9.")
    assert explorer.values[127] != before[127]


@pytest.mark.parametrize("norm", ["instance", "local_contrast"])
def test_a_row_that_does_not_fit_is_told_as_the_very_first_state(at, norm):
    explorer = at(norm=norm)
    is_told(explorer, table[norm].title, "cannot normalise this (Points)")
    explorer.choose("norm", "rms")
    lives(explorer)


def test_settings_that_the_data_refuse_are_told(at):
    explorer = at(data="image", norm="group", num_groups=3)
    is_told(explorer, "3", "group")
    explorer.choose("num_groups", "2")
    expect(explorer.error).to_be_hidden()
    explorer.says("Group normalisation: 4 samples of 4 channels")


def test_too_few_points_are_told(at):
    explorer = at(n=2, batch_size=2)
    explorer[".scatter.before"].focus()
    explorer.page.keyboard.press("Delete")
    explorer.settled()
    is_told(explorer, "Fewer than 2 points are left")
    explorer.button("Undo my changes to the points").click()
    explorer.settled()
    lives(explorer)


def test_a_table_that_is_not_here_is_told_and_other_data_can_be_chosen(at):
    explorer = at(data="table", table="feedbeef")
    is_told(explorer, "The table of this link is not here")
    explorer["select"].first.wait_for()
    explorer.page.get_by_label("Kind of data").select_option("bank")
    explorer.settled()
    expect(explorer.error).to_be_hidden()
    explorer.says("Local response normalisation: channel 7")
    explorer.clean()


def test_a_table_that_is_not_here_can_be_pasted(at):
    explorer = at(data="table", table="feedbeef")
    explorer.paste("a,b\n1,2\n3,5\n4,4")
    lives(explorer)
    explorer.says("3 rows in one batch")


def test_a_number_that_is_out_of_bounds_is_told_and_the_rest_stays(at):
    explorer = at(norm="layer")
    explorer.type("eps", -1)
    expect(explorer[".fault:visible"]).to_contain_text("eps=-1 given; it must be")
    assert explorer.operands["eps"][0] == "1e−05"
    explorer.says("Layer normalisation")
    explorer.type("eps", 0.25)
    expect(explorer[".fault:visible"]).to_have_count(0)
    assert explorer.operands["eps"][0] == "0.25"
