"""A text from outside stays text wherever it is written: read back by each target's own reader."""

import ast
import csv
import io
import json
import math
import re
import tokenize
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.text import Text

from hostile import NAMES, SIGNS, names
from normlab.report.formula import phrase, prose
from normlab.safe import (
    csv_cell,
    held,
    json_text,
    markup,
    plain_text,
    printable,
    python_comment,
    python_literal,
)


def each(test):
    """The test with any hostile name, and always with all of the list."""
    for name in (*NAMES, *SIGNS):
        test = example(name)(test)
    return given(names())(test)


@each
def test_a_literal_is_read_back_as_it_was(name):
    for value in (name, [name, (name,), {name: (name, name)}], ()):
        source = python_literal(value)
        source.encode()
        assert len(source.splitlines()) == 1
        assert ast.literal_eval(source) == value


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.none()))
@example(math.nan)
@example(math.inf)
@example(-math.inf)
@example(-0.0)
def test_a_number_is_read_back_as_it_was(value):
    found = eval(python_literal([value]), {"__builtins__": {"float": float}})[0]
    assert type(found) is type(value)
    assert repr(found) == repr(value)  # of nan and of −0 too


def test_what_is_no_plain_data_is_no_literal():
    with pytest.raises(TypeError, match="it must be plain data"):
        python_literal(object())


@each
def test_a_comment_is_one(name):
    source = f"x = 1\ny = 2\n{python_comment(name)}\nz = 3\n".encode()
    found = [token.type for token in tokenize.tokenize(io.BytesIO(source).readline)]
    assert found.count(tokenize.COMMENT) == 1
    plain = source.replace(python_comment(name).encode(), b"# name")
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(plain))


@each
def test_a_cell_is_one_and_no_formula(name):
    text = f"{csv_cell('a')},{csv_cell(name)},{csv_cell(-1.5)}\n"
    text.encode()
    ((first, cell, number),) = csv.reader(io.StringIO(text, newline=""))
    assert (first, number) == ("a", "-1.5")
    assert len(text.splitlines()) == 1
    for part in cell.split(";"):
        assert not part.lstrip().startswith(tuple("=+-@")) or _number(cell), part
    assert cell.replace("'", "") == printable(name).replace("'", "")


def _number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@pytest.mark.parametrize("number", ["-1.5", "+3", "-1e-05", ".5", "1.", "-12.25E+3"])
def test_a_cell_that_is_a_number_stays_one(number):
    assert csv_cell(number) == number


@each
def test_matplotlib_shows_a_text_as_it_is(name):
    shown, formula = Text()._preprocess_math(plain_text(name))
    assert not formula
    assert shown == printable(name)
    assert len(shown.splitlines()) <= 1


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.words.append(data)

    @classmethod
    def of(cls, text):
        found = cls()
        found.feed(text)
        found.close()
        return found.tags, "".join(found.words)


@each
def test_the_markup_of_reports_shows_a_text_as_it_is(name):
    for make, tags in ((phrase, []), (prose, [("p", [])])):
        found, words = Elements.of(make(f"a {markup(name)} b"))
        assert found == tags
        assert words.strip("\n") == f"a {printable(name)} b"


@each
def test_a_text_at_the_beginning_of_a_paragraph_is_no_list(name):
    found, words = Elements.of(prose(f"{markup(name)} b"))
    assert (found, words.strip()) == ([("p", [])], f"{printable(name)} b".strip())


@each
def test_markdown_shows_a_text_as_it_is(name):
    """By CommonMark's own rules too, with HTML, images and links."""
    found, words = Elements.of(MarkdownIt("commonmark").renderInline(f"a {markup(name)} b"))
    assert (found, words) == ([], f"a {printable(name)} b")


@each
def test_a_page_and_a_picture_hold_a_text(name):
    text = held(name)
    text.encode()
    element = ElementTree.Element("a")
    element.text = text
    ElementTree.fromstring(ElementTree.tostring(element))


@each
def test_json_is_read_back_as_it_was(name):
    text = json_text({name: [name]})
    read = name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(text.encode()) == {read: [read]}  # JSON joins the two halves of a character


ROOT = Path(__file__).parent.parent
# another way in, and the only files that may use it
OTHER_WAYS = {
    r"ensure_ascii": {"src/normlab/safe.py"},
    r"\bMarkup\(": {
        "src/normlab/report/page.py"
    },  # of what `prose`, `phrase`, `mathml`, `inline` escaped
    r"\|\s*safe\b": {"src/normlab/report/page.html"},
    r"html import escape": {"src/normlab/explorer/host/export.py"},
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|new Function": set(),
}


@pytest.mark.parametrize(("way", "users"), OTHER_WAYS.items(), ids=OTHER_WAYS)
def test_there_is_no_other_way_in(way, users):
    files = [
        path
        for folder, endings in (("src/normlab", {".py", ".html"}), ("web/src", {".js"}))
        for path in (ROOT / folder).rglob("*")
        if path.suffix in endings and "static" not in path.parts
    ]
    found = {p.relative_to(ROOT).as_posix() for p in files if re.search(way, p.read_text("utf-8"))}
    assert found == users


def test_the_exported_script_is_written_with_literals_alone():
    source = (ROOT / "src/normlab/explorer/view/code.py").read_text("utf-8")
    assert not re.search(r"!r\}|\brepr\(|\bjson\b", source.replace(".json()", ""))
