"""The page for a room without Python, opened from disk: the same numbers, and nothing is asked for."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from exported import asked, made, shows
from playwright.sync_api import expect
from watching import contexts

from normlab.explorer.ahead import KINDS
from normlab.explorer.presets import PRESETS, STARTS, TOUR
from normlab.explorer.words import say, strings


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    return made(tmp_path_factory)


@pytest.fixture(scope="module")
def open_file(browser, file):
    """Opens the file in a browser that has no network; nothing but the file is ever asked for."""
    held = []
    with contexts(browser) as open_:

        def opened(**options):
            watched = open_(**options)
            held.append(watched)
            watched.page.context.set_offline(True)
            watched.page.goto(file.as_uri())
            expect(watched.page.locator(".status")).to_contain_text("128 rows")
            return watched.page

        yield opened
        for watched in held:
            asked_for = [
                each for each in watched.requests if not each.startswith("blob:")
            ]  # its own
            assert asked_for == [file.as_uri()]
            assert watched.complaints == []


@pytest.fixture(scope="module")
def page(open_file):
    """One for the tests that begin with a preset or kind of data of their own."""
    return open_file()


def button(page, name):
    """By its whole name, but for a symbol before it."""
    return page.get_by_role("button", name=re.compile(rf"^\W*{name}$"))


def control(page, name, i=0):
    return page.locator(f"[data-control={name}]").nth(i)


def begin(page, preset="chapter"):
    menu = page.get_by_role("combobox", name="Presets")
    menu.select_option("")
    menu.select_option(preset)
    expect(page.locator(".notice")).to_have_text(say(f"preset.{preset}.notice"))


def move(page, name, keys, i=0):
    for key in keys:
        control(page, name, i).press(key)


def notice(page):
    return page.locator(".notice")


def test_it_opens_with_the_chapter_and_its_own_fonts(open_file):
    page = open_file()
    shows(page)
    loaded = page.evaluate(
        "document.fonts.ready.then(all => [...all].filter(f => f.status === 'loaded').map(f => f.family))"
    )
    assert {"KaTeX_Main", "KaTeX_Math"} <= {family.strip('"') for family in loaded}
    assert page.locator(".katex-error").count() == 0
    expect(page.locator("footer")).to_contain_text("Nothing leaves this machine.")
    assert page.evaluate("[document.title, document.documentElement.lang]") == [
        "normlab explorer",
        "en-GB",
    ]


def test_the_tour_is_walked_to_its_end_with_its_questions(open_file):
    page = open_file()
    button(page, "Tour").click()
    for at, step in enumerate(TOUR):
        expect(page.locator(".tour h2")).to_have_text(
            strings().get(f"offline.tour.{step.name}.title", say(f"tour.{step.name}.title"))
        )
        expect(page.locator(".tour .place")).to_have_text(f"{at + 1} of {len(TOUR)}")
        shows(page, **step.state)
        if step.answer is not None:
            page.locator(".tour .answers button").nth(step.right).click()
            expect(page.locator(".tour .answer")).to_contain_text(
                f"Yes. {say(f'tour.{step.name}.answer')}"
            )
            shows(page, **step.answer)
        if at < len(TOUR) - 1:
            button(page, "Next").click()
    expect(page.locator(".tour")).to_contain_text(say("offline.tour.end.text"))
    expect(button(page, "Next")).to_be_disabled()
    assert notice(page).is_hidden()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_there(page, name):
    begin(page, name)
    shows(page, **PRESETS[name])


@pytest.mark.parametrize("data", KINDS)
def test_every_kind_of_data_and_every_row_that_fits_is_there(page, data):
    begin(page)
    page.get_by_label("Kind of data").select_option(data)
    start = {"data": data} | STARTS[data]
    shows(page, **start)
    rows = [row["name"] for row in asked(**start)[0]["rows"] if row["fits"]]
    assert len(rows) > 2
    for norm in rows:
        control(page, "norm").select_option(norm)
        shows(page, **start | {"norm": norm})
        expect(notice(page)).to_be_hidden()


def test_the_slider_of_the_batch_size_steps_through_what_is_stored(page):
    begin(page)
    move(page, "batch_size", ["Home"])
    error = page.locator(".normlab-explorer > .error").nth(1)
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


def test_what_needs_python_is_not_offered(page):
    begin(page)
    assert button(page, "Share").is_hidden()
    assert button(page, "Reseed").is_hidden()
    assert page.locator("details[data-name=hide]").is_hidden()
    assert page.locator("details.own").is_hidden()
    page.locator("details[data-name=export] summary").click()
    assert page.locator("details[data-name=export] button").all_text_contents() == [
        "Figure as SVG",
        "Figure as PNG",
    ]
    page.keyboard.press("Escape")
    plot = page.locator(".scatter.before")
    for key in ("Delete", "a", "Shift+ArrowRight"):
        plot.press(key)
    plot.dblclick(position={"x": 100, "y": 60})
    expect(page.locator(".status")).to_contain_text("128 rows")
    expect(page.locator("#" + plot.get_attribute("aria-describedby"))).to_have_text(
        say("plot.help.after")
    )


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_figure_is_saved(open_file, kind):
    page = open_file()
    page.locator("details[data-name=export] summary").click()
    with page.expect_download() as download:
        button(page, f"Figure as {kind}").click()
    content = download.value.path().read_bytes()
    assert content.startswith({"SVG": b"<svg", "PNG": b"\x89PNG"}[kind])
    assert len(content) > 5000


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(open_file, width, dark):
    options = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": "dark" if dark else "light",
    }
    page = open_file(**options)
    move(page, "mean", ["ArrowRight"])  # some are grey then
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_a_sentence_says_so(browser, file):
    with contexts(browser) as open_:
        page = open_(file.as_uri(), java_script_enabled=False).page
        sentence = page.locator("noscript p")
        expect(sentence).to_be_visible()
        expect(sentence).to_have_text(say("offline.noscript"))
        expect(page.locator("#waiting")).to_be_hidden()


def test_no_other_script_or_style_runs_in_it(browser, file):
    added = """[["script", "document.title = 'changed'"], ["style", "body { display: none }"]].forEach(
      ([tag, text]) => document.body.append(Object.assign(document.createElement(tag), {textContent: text}))
    )"""
    with contexts(browser) as open_:
        watched = open_(file.as_uri())
        watched.page.evaluate(added)
        expect(watched.page.locator(".status")).to_be_visible()
        assert watched.page.title() == "normlab explorer"
        assert len([text for text in watched.complaints if "Content Security Policy" in text]) == 2
