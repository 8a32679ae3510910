"""`normlab explore --export` as its user calls it, and what the file holds."""

import os
import shutil
from datetime import date

import pytest
from alike import agree

from browsing import expect
from command import here
from normlab import __version__
from normlab.errors import DataError
from normlab.explorer.host import export

LARGEST = 1_500_000  # bytes


def test_it_is_one_file_that_says_when_it_was_made_and_asks_for_nothing(exported):
    text = exported.read_text()
    assert len(text.encode()) < LARGEST
    assert f"with normlab {__version__}," in text
    assert f"Made on {date.today().year}-" in text
    head = text.partition("<style>")[0]
    assert "default-src &#x27;none&#x27;; script-src &#x27;sha256-" in head
    assert "http" not in head.replace("http-equiv", "")
    assert text.count("</script>") == text.count("<script") == 2


REFUSED = {
    "folder.html": "--export 'folder.html' is a folder; give a file: page.html.",
    "page.htm": "--export 'page.htm' is no name of a page; give one: page.html.",
    "page": "--export 'page' is no name of a page; give one: page.html.",
    "file/page.html": "cannot write into 'file': File exists. Give another folder with --export.",
}


@pytest.mark.parametrize(("name", "words"), REFUSED.items(), ids=REFUSED)
def test_a_name_that_cannot_be_written_is_refused_at_once_in_one_line(tmp_path, name, words):
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("")
    done = here("explore", "--export", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("normlab: ") and done.stderr.count("\n") == 1
    assert words.partition(":")[0] in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.html"]


UNSHOWN = {
    "data=table": "The table of this link is not here",
    "own=": "The table is empty",
    "own=a%0Ax": "This table cannot be used",
    "norm=bach": "norm=bach given; it must be",
}


@pytest.mark.parametrize(("state", "words"), UNSHOWN.items(), ids=UNSHOWN)
def test_a_state_that_cannot_be_shown_is_refused(tmp_path, state, words):
    done = here("explore", "--export", tmp_path / "page.html", "--state", state)
    assert done.returncode == 2
    assert done.stderr.startswith("normlab: ") and words in done.stderr
    assert os.listdir(tmp_path) == []


def test_it_begins_with_the_state_that_was_asked_for(tmp_path, opened):
    wanted = {"norm": "layer", "n": 50, "seed": 9, "edits": {"moved": {"3": {"0": 30.0}}}}
    export.write(tmp_path / "page.html", wanted | {"hide": ["code"]})
    page = opened((tmp_path / "page.html").as_uri()).page
    expect(page.locator(".status")).to_contain_text("Layer normalisation: 50 rows")
    expect(page.locator(".panel.code")).to_be_hidden()
    assert page.locator(".scatter.after .points circle").count() == 50
    assert agree(page, [wanted, wanted | {"norm": "batch"}]) == 2


def test_a_link_carries_its_table_into_the_file_and_parts_are_hidden(tmp_path, opened):
    link = "own=age%2Cdose%0A30%2C1%0A41%2C2.5%0A55%2C4%0A29%2C0&own_name=patients&norm=layer"
    file = tmp_path / "page.html"
    done = here("explore", "--export", file, "--state", link, "--hide", "code, formula", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    page = opened(file.as_uri()).page
    expect(page.locator(".status")).to_contain_text("Layer normalisation: 4 rows")
    for name in ("code", "formula"):
        expect(page.locator(f".panel.{name}")).to_be_hidden()
    page.get_by_label("Kind of data").select_option("points")
    expect(page.locator(".status")).to_contain_text("128 rows")
    page.get_by_label("Kind of data").select_option("table")
    expect(page.locator(".status")).to_contain_text("4 rows")
    expect(page.locator(".scatter.before text.label")).to_have_text(["age", "dose"])


HIDING = {
    ("--hide", "code"): "--hide is for the page that --export writes",
    ("--hide", "cods", "--export", "page.html"): "hide=['cods'] given; it must be",
}


@pytest.mark.parametrize(("options", "words"), HIDING.items(), ids=["alone", "unknown"])
def test_what_cannot_be_hidden_is_refused(tmp_path, options, words):
    done = here("explore", *options, cwd=tmp_path)
    assert (done.returncode, os.listdir(tmp_path)) == (2, [])
    assert words in done.stderr


def test_without_the_built_files_it_says_so(tmp_path, monkeypatch):
    shutil.copytree(
        export._HOME, tmp_path / "explorer", ignore=shutil.ignore_patterns("offline.js")
    )
    monkeypatch.setattr(export, "_HOME", tmp_path / "explorer")
    with pytest.raises(
        DataError, match=r"explorer/static/offline\.js is missing; install normlab again"
    ):
        export.page()


def test_help_tells_of_it():
    done = here("explore", "--help")
    assert done.returncode == 0
    assert "Write a page for a classroom without Python" in " ".join(done.stdout.split())
