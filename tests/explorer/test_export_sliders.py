"""What a hand does on the page for a room without Python: each shows what Python answers for it."""

from urllib.parse import unquote

import pytest
from exported import begin, button, control, move, notice, shows
from plots import Plot

from browsing import expect
from checks import number, until
from normlab.explorer.model.presets import PRESETS
from normlab.explorer.view.carried import SEEDS, SIZES


def state(page):
    """What the page last computed."""
    return page.evaluate("document.getElementById('explorer').model.asked")


def hashed(page):
    return unquote(page.evaluate("location.hash"))


def field(page, name):
    return page.locator("div.control").filter(has=control(page, name)).locator("[type=number]")


def test_a_point_is_dragged_and_its_batch_follows(page):
    begin(page)
    plot = page.locator(".scatter.before")
    ring, before = plot.locator(".ring").bounding_box(), Plot(plot).at(".points circle")
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(1, 11):
        page.mouse.move(x + 9 * i, y + 3 * i)
    page.mouse.up()
    there = plot.locator(".ring").bounding_box()
    assert there["x"] - ring["x"] == pytest.approx(90, abs=2)
    assert there["y"] - ring["y"] == pytest.approx(30, abs=2)
    shows(page, **state(page))
    until(lambda: hashed(page).startswith('#edits={"moved":{"0":'))  # a moment later
    button(page, "Undo").click()
    assert Plot(plot).at(".points circle") == before
    shows(page)


def test_points_are_added_moved_and_deleted(page):
    begin(page)
    plot = page.locator(".scatter.before")
    box = plot.bounding_box()
    plot.dblclick(position={"x": box["width"] * 0.8, "y": box["height"] * 0.3})
    expect(page.locator(".status")).to_contain_text("129 rows in 16 batches of 8, the last of 9")
    shows(page, **state(page))
    for key, rows in (("Shift+ArrowUp", 129), ("a", 130), ("Delete", 129)):
        plot.press(key)
        expect(page.locator(".status")).to_contain_text(f"{rows} rows")
    shows(page, **state(page))


def test_sliders_stand_anywhere_and_the_others_stay(page):
    begin(page)
    for name, value in (("batch_size", 27), ("mean", -7.5), ("eps", 0.25), ("correlation", 0.6)):
        field(page, name).first.fill(str(value))
        field(page, name).first.press("Enter")
    move(page, "weight", ["ArrowRight", "ArrowRight"], 1)
    wanted = {"batch_size": 27, "mean": [-7.5, -5], "eps": 0.25, "correlation": 0.6}
    shows(page, **wanted, weight=[1, 1.1])
    control(page, "norm").select_option("layer")
    shows(page, **wanted, norm="layer", weight=[1, 1.1])
    control(page, "norm").select_option("batch")
    shows(page, **wanted, weight=[1, 1.1])


def test_sizes_and_seeds_step_through_the_draws_that_the_file_holds(page):
    begin(page)
    move(page, "n", ["Home"])
    for n in SIZES:
        shows(page, n=n)
        move(page, "n", ["ArrowRight"])
    begin(page)
    for seed in (*SEEDS[1:], SEEDS[0]):
        button(page, "Reseed").click()
        shows(page, seed=seed)


@pytest.mark.parametrize("norm", ["layer", "rms", "batch", "group"])
def test_sequences_follow_their_sliders(page, norm):
    begin(page)
    page.get_by_label("Kind of data").select_option("sequence")
    control(page, "norm").select_option(norm)
    move(page, "gain", ["ArrowRight"])
    move(page, "offset", ["ArrowLeft"])
    page.locator(".tilegrid.before").press("Shift+ArrowRight")
    wanted = {"data": "sequence", "norm": norm, "selected": [0, 1, 0], "gain": 1.05, "offset": -0.1}
    shows(page, **wanted)


def test_modes_and_steps_go_together_and_stand_side_by_side(page):
    begin(page)
    page.get_by_label("Compare with").select_option("mode")
    for step in (1, 2):
        button(page, "Next batch").click()
        shows(page, step=step, compare="mode", selected=[8 * (step - 1), 0, 0])
    expect(page.locator(".panel.other .whose")).to_have_text("Batch normalisation, evaluation")
    control(page, "mode").select_option("eval")
    shows(page, step=2, compare="mode", mode="eval", selected=[8, 0, 0])
    button(page, "Reset").click()
    shows(page, compare="mode", mode="eval")


def test_a_batch_of_one_is_refused_in_torchs_words_and_the_page_goes_on(page):
    begin(page)
    move(page, "batch_size", ["Home"])
    error = page.locator(".normlab-explorer .error").nth(1)
    expect(error).to_contain_text("Expected more than 1 value per channel when training")
    move(page, "batch_size", ["ArrowRight"])
    expect(error).to_be_hidden()
    shows(page, **state(page))


def test_a_wrong_number_is_told_at_its_field(page):
    begin(page)
    field(page, "batch_size").fill("-3")
    field(page, "batch_size").press("Enter")
    fault = page.locator("div.control").filter(has=control(page, "batch_size")).locator(".fault")
    expect(fault).to_contain_text("it must be a whole number from 1 to 10000")
    expect(field(page, "batch_size")).to_have_value("8")


def test_links_lead_to_their_states_and_what_they_cannot_say_is_told(page):
    begin(page)
    page.evaluate("location.hash = 'norm=rms&mean=[3,4]&frame=auto'")
    expect(control(page, "norm")).to_have_value("rms")
    shows(page, norm="rms", mean=[3, 4], frame="auto")
    page.evaluate("location.hash = 'norm=bach&dance=1&weight=[2,2]'")
    problems = page.locator(".normlab-explorer .error").first
    expect(problems).to_contain_text("no setting dance")
    expect(problems).to_contain_text('norm="bach" given; it must be one of')
    shows(page, weight=[2, 2])
    page.evaluate("location.hash = 'n=77'")
    expect(page.locator(".normlab-explorer .error").nth(1)).to_contain_text(
        "random draws for some numbers of points"
    )


def test_playing_goes_through_the_batches(open_file):
    page = open_file()
    page.clock.install()
    button(page, "Play").click()
    for _ in range(6):
        page.clock.run_for(700)
    button(page, "Pause").click()
    steps = page.locator(".batches .seen").count()
    assert steps > 3
    shows(page, step=steps, selected=[8 * (steps - 1), 0, 0])


def test_tiles_bars_and_curves_are_chosen(page):
    begin(page, "instance")
    page.locator(".tilegrid.before").press("Shift+ArrowRight")
    shows(page, **PRESETS["instance"], selected=[0, 1, 0])
    begin(page, "alexnet")
    page.locator(".bankplot.before").press("ArrowUp")
    shows(page, **PRESETS["alexnet"], loud=410)
    page.locator(".bankplot.before").press("ArrowRight")
    shows(page, **PRESETS["alexnet"] | {"selected": [0, 8, 0], "loud": 410})


def test_the_handles_of_a_curve_are_moved(page):
    begin(page, "cortex")
    page.locator(".handle.sigma").last.press("ArrowRight")
    shows(page, **PRESETS["cortex"] | {"sigma": 20.3})
    page.locator(".handle.power").last.press("ArrowDown")
    move(page, "masking", ["End"])
    shows(page, **PRESETS["cortex"] | {"sigma": 20.3, "power": 2.8, "masking": 100})
    handle = page.locator(".handle.sigma").last
    box, plot = handle.bounding_box(), page.locator(".curveplot.after").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"], box["y"], steps=5)
    page.mouse.up()
    shows(page, **PRESETS["cortex"] | {"sigma": 100, "power": 2.8, "masking": 100})
    expect(notice(page)).not_to_be_visible()
    assert number(handle.get_attribute("aria-valuenow")) == 100
