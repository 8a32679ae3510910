"""A table with hostile names, in the page and in what it exports: shown as they are, and nothing runs."""

import csv
import io
from xml.etree import ElementTree

from test_injection import shape
from test_page_export import exported as saved
from watching import contexts

from browsing import expect
from hostile import CODE, TAG

NAMES = (
    f"height\n{CODE}", TAG, "</script><script>document.title='pwned'</script>", "$5 Ba$$in $& $'", "=1+1",
    "a\x0b\x07\u2028b", "constructor",
)  # fmt: skip
HARMLESS = tuple("abcdefg")
ELEMENTS = "[...document.querySelectorAll('#explorer *')].map(e => e.tagName)"
FILE = f"{TAG}$&.csv"


def sheet(names):
    text = io.StringIO()
    rows = [[(i * k) % 7 + k for k in range(1, 8)] for i in range(6)]
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue()


def shown(explorer, names, file, axes):
    """The page with that table, from a link."""
    explorer.go(own=sheet(names), own_name=file, data="table", axes=list(axes), norm="layer")
    explorer.says("6 rows")
    assert len(explorer.values) == 6


def has(explorer, expected):
    """Whether the page comes to have these elements: the table of values is drawn a moment later."""
    for _ in range(100):
        if explorer.page.evaluate(ELEMENTS) == expected:
            return True
        explorer.page.wait_for_timeout(50)
    return False


def elements(explorer):
    """What the page has once two looks are alike."""
    before = None
    while (now := explorer.page.evaluate(ELEMENTS)) != before:
        before = now
        explorer.page.wait_for_timeout(200)
    return now


def test_names_in_the_page_are_text(shared):
    for axes in ((0, 1), (2, 3), (4, 5), (6, 0)):
        shown(shared, HARMLESS, "table.csv", axes)
        expected = elements(shared)
        shown(shared, NAMES, FILE, axes)
        assert has(shared, expected)
        heads = shared["table.operands thead th"].all_text_contents()
        assert heads[1:3] == [NAMES[i] for i in axes]
        labels = shared[".scatter.before text"].all_text_contents()
        assert {NAMES[i] for i in axes} <= set(labels)
        assert shared["table.values thead th"].all_text_contents()[1:] == [
            f"{NAMES[i]} {when}" for when in ("before", "after") for i in axes
        ]
    untouched(shared)


def untouched(explorer):
    assert explorer.page.title() == "normlab explorer"
    assert explorer.page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
    explorer.clean()


def test_a_pasted_table_is_named_in_words(shared):
    shared.go()
    shared[".own input[type=file]"].set_input_files(
        {"name": FILE, "mimeType": "text/csv", "buffer": sheet(NAMES).encode()}
    )
    expect(shared[".said"]).to_have_text(f"6 rows and 7 columns of {FILE}.")
    shared.settled()
    untouched(shared)


def test_what_is_exported_is_text_too(shared, tmp_path):
    for axes in ((0, 1), (3, 5)):
        shown(shared, HARMLESS, "table.csv", axes)
        plain = shape(saved(shared, "code", tmp_path).read_text("utf-8"))
        shown(shared, NAMES, FILE, axes)
        drawn = ElementTree.parse(saved(shared, "svg", tmp_path)).getroot()
        words = " ".join("".join(drawn.itertext()).split())
        for name in (NAMES[i] for i in axes):
            assert " ".join(name.replace("\x07", "�").replace("\x0b", "�").split()) in words
        assert saved(shared, "png", tmp_path).read_bytes().startswith(b"\x89PNG")
        (head, *_) = csv.reader(saved(shared, "csv", tmp_path).read_text("utf-8").splitlines())
        assert len(head) == 15
        assert not any(cell.startswith(tuple("=+-@")) for cell in head)
        source = saved(shared, "code", tmp_path).read_text("utf-8")
        assert shape(source) == plain
    untouched(shared)


def test_an_exported_page_takes_nothing_from_its_address(browser, exported):
    address = f"{exported.as_uri()}#own={TAG}&data={TAG}&norm=layer&__proto__=%7B%22a%22:1%7D"
    with contexts(browser) as open_:
        watched = open_(address)
        expect(watched.page.locator(".status")).to_contain_text("128 rows")
        assert watched.page.title() == "normlab explorer"
        assert watched.page.locator("#explorer img").count() == 0
        assert watched.complaints == []
