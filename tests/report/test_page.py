"""The page says what it was given, fetches nothing, and reads well anywhere."""

import base64
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from normlab.report import style
from normlab.report.figures import Figure
from normlab.report.page import (
    Ask,
    Formula,
    Note,
    Numbers,
    Page,
    Picture,
    Printed,
    Prose,
    Section,
    VerdictRow,
    show,
)

# the brightness, at half the height of the head's line, of the first and last column of a picture
_EDGES = """async data => {
  const image = new Image();
  image.src = `data:image/png;base64,${data}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const at = x => context.getImageData(x, 5, 1, 1).data.slice(0, 3).reduce((a, b) => a + b);
  return [at(1), at(image.width - 2)];
}"""
LONG = " + ".join(rf"\frac{{x_{{{i}}} - \mu}}{{\sigma}}" for i in range(30))


def draw():
    figure, axes = style.subplots(1, 2)
    axes[0, 0].plot([1, 2, 3], color=style.AFTER)
    return figure


@pytest.fixture(scope="module")
def arguments() -> dict:
    drawn = {name: Figure(name, draw, "A *line*.", "A line").render() for name in ("one", "two")}
    table = Numbers(
        "Means & spreads", tuple("abcdefghij"), (("row", *[1.23456789] * 8, "1 ± 2"),) * 2
    )
    words = Numbers("Words", ("what", "says"), (("one", "word " * 12), ("two", "word " * 12)))
    first = (Prose("See [it](#figure-one)."), Picture("one"), table, words, Printed("x" * 200))
    second = (Formula(LONG), Picture("two"), Note("N"), Note("W", "warning"), Ask("Why?", "So."))
    verdict = VerdictRow("It is *so*", "1.00 <b>", "≤ 2", "holds", "Over 5 seeds")
    return {
        "title": "<script>alert('title')</script>",
        "question": "Is <it> so?",
        "sections": (Section("First <part>", first), Section("Second", second)),
        "drawn": drawn,
        "verdicts": (verdict, replace(verdict, outcome="does not hold")),
        "about": {"Seed <": "0 & 1"},
    }


class Tags(HTMLParser):
    """Counts what a parser finds: a tag that was escaped is not found."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.values: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.values += [(tag, name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def html(arguments) -> str:
    return Page(**arguments).html()


def test_text_is_escaped_everywhere(html):
    found = Tags(html).tags
    assert not {"script", "it", "part"} & set(found)
    assert "&lt;script&gt;alert(&#39;title&#39;)" in html
    assert "1.00 &lt;b&gt;" in html


def test_every_block_is_there(html):
    found = Tags(html).tags
    assert found["svg"] == 2
    assert found["details"] == found["pre"] == 1
    assert found["aside"] == 2
    assert '<div class="formula"><math display="block">' in html
    assert "Figure 2." in html
    assert "Table 1." in html


def test_ids_are_unique_and_links_lead_somewhere(html):
    values = Tags(html).values
    ids = Counter(value for _, name, value in values if name == "id")
    assert max(ids.values()) == 1
    targets = {v[1:] for tag, name, v in values if (tag, name) == ("a", "href") and v[0] == "#"}
    labels = {v for _, name, v in values if name == "aria-labelledby"}
    assert targets | labels <= set(ids)


def test_nothing_is_fetched(html):
    assert "://" not in html
    assert not {"script", "img", "iframe", "object"} & set(Tags(html).tags)
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\((?!#)", html)


def test_it_is_the_same_page_every_time(arguments, html):
    assert Page(**arguments).html() == html


def test_tables_have_scopes_and_align_numbers(html):
    assert html.count('<th scope="col" class="number">') == 9
    assert html.count('<td class="number">1.235</td>') == 16
    assert '<th scope="row">row</th>' in html


def test_fragment_is_the_same_body_without_a_document(arguments, html):
    part = Page(**arguments).fragment()
    found = Tags(part).tags
    assert not {"html", "body", "head", "meta"} & set(found)
    assert part[part.index("<header>") : part.index("</footer>")] in html


def test_numbers_are_shown_to_sensible_digits():
    assert [show(x) for x in (0.1 + 0.2, 1e-12, 12345, float("nan"), True)] == [
        "0.3",
        "1e-12",
        "12345",
        "nan",
        "yes",
    ]


def test_mistakes_in_the_document_are_said(arguments):
    with pytest.raises(ValueError, match="not drawn: three"):
        Page(**arguments | {"sections": (Section("S", (Picture("three"),)),)})
    with pytest.raises(ValueError, match="shown twice: one"):
        Page(**arguments | {"sections": (Section("S", (Picture("one"),) * 2),)})
    with pytest.raises(ValueError, match="does not fit"):
        Numbers("T", ("a", "b"), ((1,),))
    with pytest.raises(ValueError, match="outcome"):
        VerdictRow("c", "1", "2", "perhaps")  # type: ignore[arg-type]


def test_an_almost_empty_page_is_still_a_page():
    html = Page("T", "", (), {}, (), {}).html()
    assert "<h1>T</h1>" in html
    assert "What was claimed" not in html


@pytest.fixture
def opened(browser, html, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    requests, complaints = [], []
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="light")
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri(), wait_until="networkidle")
    yield page
    page.close()
    assert requests == [file.as_uri()]
    assert complaints == []


def color(page, selector: str, name: str) -> str:
    return page.evaluate(
        "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]",
        [selector, name],
    )


def test_a_phone_needs_no_sideways_scrolling(opened):
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    for selector in (".formula", ".table .scroll", "pre"):
        wide = opened.evaluate(
            "s => { const e = document.querySelector(s); return e.scrollWidth > e.clientWidth }",
            selector,
        )
        assert wide, f"{selector} should scroll inside its own box"


def test_a_phone_shows_few_wide_columns_as_cards_and_tables_of_numbers_as_tables(opened):
    numbers, words = opened.locator("figure.table").all()
    assert (numbers.locator(".scroll").evaluate("e => e.scrollWidth > e.clientWidth")) is True
    assert words.locator(".scroll").evaluate("e => e.scrollWidth > e.clientWidth") is False
    label = "e => getComputedStyle(e, '::before').content"
    assert words.locator("td").first.evaluate(label) == '"says"'
    assert words.get_by_role("columnheader").count() == 2  # to a screen reader it is a table still
    opened.set_viewport_size({"width": 1280, "height": 800})
    assert words.locator("td").first.evaluate(label) == "none"


def test_what_goes_on_beyond_an_edge_shows_so_until_one_is_there(opened):
    """A shadow lies at the right edge of a table, and at its end at the left one."""
    box = opened.locator("figure.table .scroll").first
    box.scroll_into_view_if_needed()

    def brightness():
        data = base64.b64encode(box.screenshot()).decode()
        return opened.evaluate(_EDGES, data)

    left, right = brightness()
    assert left > right
    box.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    left_then, right_then = brightness()
    assert left_then < right_then == left


def test_dark_pages_are_dark_and_figures_follow(opened):
    def colors():
        return [
            color(opened, "body", "backgroundColor"),
            color(opened, "body", "color"),
            color(opened, "svg text", "fill"),
        ]

    light = colors()
    opened.emulate_media(color_scheme="dark")
    dark = colors()
    assert all(a != b for a, b in zip(light, dark, strict=True))
    opened.emulate_media(color_scheme="dark", media="print")
    assert color(opened, "body", "color") == light[1]


def test_print_opens_the_answers(opened):
    answer = opened.locator(".ask > div")
    assert not answer.is_visible()
    opened.emulate_media(media="print")
    assert answer.is_visible()


def test_figures_stay_readable_and_scroll_in_their_own_box(opened):
    boxes = opened.evaluate(
        "[...document.querySelectorAll('.plot-box')].map(b => "
        "[b.clientWidth, b.scrollWidth, getComputedStyle(b).overflowX])"
    )
    assert boxes
    assert all(wide <= 390 < inner and flow == "auto" for wide, inner, flow in boxes)
