"""Pages of docs/: their Python prints what they say, their commands too, and their links lead somewhere."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from command import here

ROOT = Path(__file__).parent.parent
MADE = ("reference/api", "reference/commands", "project")  # when the site is built
ELSEWHERE = (  # tests of their own
    "howto/divisive.md",
    "howto/measure.md",
    "reference/masks.md",
    "tutorials/fit.md",
)
MACHINE = ("reference/kernels.md",)  # prints what this processor has


def sources():
    pages = {
        path.relative_to(ROOT / "docs").as_posix(): path for path in (ROOT / "docs").rglob("*.md")
    }
    return {name: path for name, path in sorted(pages.items()) if not name.startswith(MADE)}


def holding(text):
    """Pages with such a text, which are not tested elsewhere and print the same on every machine."""
    others = {*ELSEWHERE, *MACHINE}
    return [
        n for n, path in sources().items() if text in path.read_text("utf-8") and n not in others
    ]


@pytest.mark.parametrize("page", holding(">>> "))
def test_the_python_of_a_page_prints_what_it_says(page):
    outcome = doctest.testfile(str(ROOT / "docs" / page), module_relative=False)
    assert outcome.attempted > 1 and outcome.failed == 0


@pytest.mark.parametrize("page", holding("```console"))
def test_the_commands_of_a_page_print_what_it_says(page, tmp_path):
    text = (ROOT / "docs" / page).read_text("utf-8")
    saved = re.search(r"```python\n(.*?)```.*?Save it as `(\S+)`", text, re.DOTALL)
    if saved:
        path = tmp_path / saved[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(saved[1], "utf-8")
    blocks = re.findall(r"```console\n\$ normlab (.*?)\n(.*?)```", text, re.DOTALL)
    assert blocks
    for command, printed in blocks:
        assert here(*shlex.split(command), cwd=tmp_path).stdout == printed


def test_links_between_pages_lead_somewhere():
    lost = [
        (name, target)
        for name, path in sources().items()
        for target in re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", path.read_text("utf-8"))
        if not (path.parent / target.strip("<>")).exists()
    ]
    made = ("project/", "lesson.ipynb")
    assert [(name, target) for name, target in lost if not target.startswith(made)] == []


def test_every_page_is_listed_by_the_contents_of_its_folder():
    for folder in ("tutorials", "howto", "explanation", "reference"):
        index = (ROOT / "docs" / folder / "index.md").read_text("utf-8")
        pages = [n.removeprefix(f"{folder}/") for n in sources() if n.startswith(f"{folder}/")]
        assert [page for page in pages if page != "index.md" and f"]({page})" not in index] == []


def test_the_moving_picture_is_what_the_library_computes(docs):
    moving = docs("moving")
    drawn, computed = moving.PICTURE.read_text("utf-8"), moving.picture()
    number = re.compile(r"-?\d+(?:\.\d+)?")
    assert number.sub("0", drawn) == number.sub("0", computed)
    pairs = zip(number.findall(drawn), number.findall(computed), strict=True)
    assert max(abs(float(a) - float(b)) for a, b in pairs) <= 1  # a pixel, where rounding differs
    assert computed.count('<circle class="p') == 128
