"""The page for a room without Python, opened from disk: the same numbers, and nothing is asked for."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from exported import asked, begin, button, control, notice, shows
from watching import contexts

from browsing import expect
from normlab.explorer.model.presets import PRESETS, STARTS, TOUR
from normlab.explorer.model.state import DATA
from normlab.explorer.model.words import say, strings


def test_it_opens_with_the_chapter_and_its_own_fonts(open_file):
    page = open_file()
    shows(page)
    loaded = page.evaluate(
        "document.fonts.ready.then(all => [...all].filter(f => f.status === 'loaded').map(f => f.family))"
    )
    assert {"KaTeX_Main", "KaTeX_Math"} <= {family.strip('"') for family in loaded}
    assert page.locator(".katex-error").count() == 0
    expect(page.locator("footer")).to_contain_text("nothing leaves this machine.")
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


@pytest.mark.parametrize("data", [data for data in DATA if data != "table"])
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


def test_what_needs_python_is_not_offered(page):
    begin(page)
    page.locator("details[data-name=export] summary").click()
    assert page.locator("details[data-name=export] button").all_text_contents() == [
        "Figure as SVG",
        "Figure as PNG",
    ]
    page.keyboard.press("Escape")


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_figure_is_saved(open_file, kind):
    page = open_file()
    page.locator("details[data-name=export] summary").click()
    with page.expect_download() as download:
        button(page, f"Figure as {kind}").click()
    content = download.value.path().read_bytes()
    assert content.startswith({"SVG": b"<svg", "PNG": b"\x89PNG"}[kind])
    assert len(content) > 5000


LOOKS = [
    pytest.param(width, dark, marks=() if (width == 390) is dark else pytest.mark.slow)
    for width in (390, 1280)
    for dark in (False, True)
]


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(open_file, width, dark):
    options = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": "dark" if dark else "light",
    }
    page = open_file(**options)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_a_sentence_says_so(browser, exported):
    with contexts(browser) as open_:
        page = open_(exported.as_uri(), java_script_enabled=False).page
        sentence = page.locator("noscript p")
        expect(sentence).to_be_visible()
        expect(sentence).to_have_text(say("offline.noscript"))
        expect(page.locator("#waiting")).to_be_hidden()


def test_no_other_script_or_style_runs_in_it(browser, exported):
    added = """[["script", "document.title = 'changed'"], ["style", "body { display: none }"]].forEach(
      ([tag, text]) => document.body.append(Object.assign(document.createElement(tag), {textContent: text}))
    )"""
    with contexts(browser) as open_:
        watched = open_(exported.as_uri())
        watched.page.evaluate(added)
        expect(watched.page.locator(".status")).to_be_visible()
        assert watched.page.title() == "normlab explorer"
        assert len([text for text in watched.complaints if "Content Security Policy" in text]) == 2
