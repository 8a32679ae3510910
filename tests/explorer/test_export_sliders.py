"""What can be moved on the page for a room without Python: each shows what Python answers for it."""

from exported import begin, button, control, move, notice, shows
from playwright.sync_api import expect

from normlab.explorer.model.presets import PRESETS
from normlab.explorer.model.words import say


def test_the_slider_of_the_batch_size_steps_through_what_is_stored(page):
    begin(page)
    move(page, "batch_size", ["Home"])
    error = page.locator(".normlab-explorer .error").nth(1)
    expect(error).to_contain_text("Expected more than 1 value per channel when training")
    before = page.locator(".scatter.after .points").inner_html()
    for size in (2, 4, 8, 16, 32, 128):
        move(page, "batch_size", ["ArrowRight"])
        shows(page, batch_size=size)
        expect(error).to_be_hidden()
        assert page.locator(".scatter.after .points").inner_html() != before
        before = page.locator(".scatter.after .points").inner_html()


def test_sizes_weights_modes_and_steps_go_together(page):
    begin(page)
    move(page, "batch_size", ["ArrowRight"])
    move(page, "weight", ["ArrowRight"], 1)
    shows(page, batch_size=16, weight=[1, 2])
    for step in range(1, 4):
        button(page, "Step").click()
        shows(page, batch_size=16, weight=[1, 2], step=step, selected=[16 * (step - 1), 0, 0])
    control(page, "mode").select_option("eval")
    shows(page, batch_size=16, weight=[1, 2], step=3, mode="eval")
    button(page, "Reset").click()
    shows(page, batch_size=16, weight=[1, 2], mode="eval")


def test_what_is_typed_becomes_the_nearest_that_is_stored(page):
    begin(page)
    field = (
        page.locator("div.control")
        .filter(has=control(page, "batch_size"))
        .locator("input[type=number]")
    )
    field.fill("27")
    field.press("Enter")
    expect(field).to_have_value("32")
    shows(page, batch_size=32)
    field.fill("")
    field.press("Enter")
    expect(field).to_have_value("32")


def test_playing_ends_with_the_last_step_that_is_stored(open_file):
    page = open_file()
    page.clock.install()
    button(page, "Play").click()
    for _ in range(20):
        page.clock.run_for(700)
    expect(page.locator(".batches .seen")).to_have_count(16)
    expect(button(page, "Play")).to_be_disabled()
    expect(button(page, "Step")).to_be_disabled()
    shows(page, step=16, selected=[120, 0, 0])
    button(page, "Reset").click()
    expect(button(page, "Play")).to_be_enabled()


def test_a_slider_that_cannot_move_with_the_others_is_grey_until_they_are_back(page):
    begin(page)
    move(page, "mean", ["ArrowRight"])
    shows(page, mean=[40, -5])
    expect(control(page, "batch_size")).to_be_disabled()
    expect(control(page, "mean", 1)).to_be_enabled()
    page.locator("div.control").filter(has=control(page, "mean")).locator(".reset").first.click()
    expect(control(page, "batch_size")).to_be_enabled()
    shows(page)


def test_a_row_that_is_not_stored_with_these_settings_says_which_went_back(page):
    begin(page)
    move(page, "mean", ["ArrowRight"])
    control(page, "norm").select_option("layer")
    expect(notice(page)).to_contain_text("only with other settings, which changed too: mean.")
    shows(page, norm="layer")


def test_settings_that_do_not_matter_meanwhile_are_kept(page):
    begin(page)
    move(page, "batch_size", ["ArrowRight"])
    for norm in ("layer", "batch"):
        control(page, "norm").select_option(norm)
    shows(page, batch_size=16)


def test_points_are_chosen_where_they_are_stored_and_elsewhere_a_sentence_says_so(page):
    begin(page)
    plot = page.locator(".scatter.before")
    plot.press("ArrowRight")
    shows(page, selected=[1, 0, 0])
    control(page, "norm").select_option("layer")
    expect(notice(page)).to_be_hidden()
    plot.press("ArrowRight")
    expect(notice(page)).to_have_text(say("offline.absent"))
    shows(page, norm="layer")


def test_tiles_bars_and_curves_are_chosen(page):
    begin(page, "instance")
    page.locator(".tilegrid.before").press("Shift+ArrowRight")
    shows(page, **PRESETS["instance"], selected=[0, 1, 0])
    begin(page, "alexnet")
    page.locator(".bankplot.before").press("ArrowUp")
    shows(page, **PRESETS["alexnet"], loud=500)
    page.locator(".bankplot.before").press("ArrowRight")
    shows(page, **PRESETS["alexnet"] | {"selected": [0, 8, 0], "loud": 500})


def test_the_handles_of_a_curve_go_from_one_stored_value_to_the_next(page):
    begin(page, "cortex")
    page.locator(".handle.sigma").last.press("ArrowRight")
    shows(page, **PRESETS["cortex"] | {"sigma": 30.0})
    page.locator(".handle.power").last.press("ArrowDown")
    shows(page, **PRESETS["cortex"] | {"sigma": 30.0, "power": 2.0})
    move(page, "masking", ["End"])
    shows(page, **PRESETS["cortex"] | {"sigma": 30.0, "power": 2.0, "masking": 100.0})
    handle = page.locator(".handle.sigma").last
    box, plot = handle.bounding_box(), page.locator(".curveplot.after").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"], box["y"], steps=5)
    page.mouse.up()
    shows(page, **PRESETS["cortex"] | {"sigma": 80.0, "power": 2.0, "masking": 100.0})
