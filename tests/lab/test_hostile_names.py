"""Whatever columns and files are called, the report is that of harmless names, and shows these."""

import json
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import torch

from hostile import CODE, TAG
from normlab import lab
from normlab.safe import held, printable

COLUMNS = (
    f"height $5\n{CODE}", f"Ba$$in {TAG}", "</script></svg><!--", "_hidden\x00\x0b\u2028",
    "[a](http://b) *a* `b` $\\frac$", "naïve 很长 =1+1 \\",
)  # fmt: skip
# as long, since a table of long words is laid out in another way
HARMLESS = tuple(letter * len(printable(n)) for letter, n in zip("abcdef", COLUMNS, strict=True))
FILES = ("table.pt", "caf\udce9 <b>*a* $x$\n`b`.pt" if sys.platform == "linux" else "$x$ *a*.pt")


def made(folder, columns, file):
    """The chapter on that file."""
    values = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
    values = values * 10.0 ** torch.arange(-3, 3)  # some too small for ε, which is noted
    with (folder / file).open("wb") as stream:
        torch.save(dict(zip(columns, values.T, strict=True)), stream)
    return lab.run("chapter", data=str(folder / file), eps=1e-3)


class Elements(HTMLParser):
    """The tags of a page in their order, with the names of their attributes, and its words."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        # a path outside the picture has no d: long names make legends wide
        self.tags.append((tag, [name for name, _ in attrs if name != "d"]))

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        raise AssertionError(data)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same numbers under harmless names and under hostile ones."""
    folder = tmp_path_factory.mktemp("data")
    tables = zip((HARMLESS, COLUMNS), FILES, strict=True)
    return [made(folder, columns, file) for columns, file in tables]


def test_the_report_is_that_of_harmless_names(both):
    expected, found = (Elements(result.html()) for result in both)
    assert found.tags == expected.tags
    for name in COLUMNS:
        assert printable(name) in found.words or held(name) in found.words
    assert f"The data are {printable(FILES[1])}: 24 rows" in found.words


def test_the_files_are_those_of_harmless_names(both, tmp_path):
    plain, hostile = (result.files() for result in both)
    assert hostile.keys() == plain.keys()
    both[1].save(tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written == hostile.keys()


def test_the_numbers_have_the_names_as_they_are(both):
    told = json.loads(both[1].files()["numbers.json"])
    assert all(f"before.mean.{name}" in told["numbers"] for name in COLUMNS)
    assert told["settings"]["data"].endswith(FILES[1])


def test_the_figures_show_the_names(both):
    """In labels, legends and titles, with dollars and a first underscore."""
    drawn = both[1].drawn.values()
    text = "".join("".join(ElementTree.fromstring(each.svg).itertext()) for each in drawn)
    for name in COLUMNS:
        assert printable(name)[:15] in text  # small panels shorten it
