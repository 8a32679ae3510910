"""The same module in JupyterLab: a real server, a real kernel, a real browser, and no other machine."""

import ast
from urllib.parse import urlsplit

import pytest
from checks import (
    begins_with_the_numbers_of_the_chapter,
    has_set_its_formulas_in_its_own_fonts,
    takes_a_point_that_is_double_clicked,
    until,
)
from jupyterlab import PATIENCE, lab, opened_in, run
from playwright.sync_api import expect

CELLS = (
    "import normlab\nexplorer = normlab.Explorer()\nexplorer",
    "explorer.state = {'batch_size': 10}",
    "print(explorer.state)",
    "explorer.state = {'norm': 'bach'}",
)


@pytest.fixture
def notebook(tmp_path):
    with lab(tmp_path, CELLS) as address:
        yield address


def test_the_same_module_in_a_notebook(notebook, opened):
    """One notebook, from top to bottom: JupyterLab takes long to start."""
    watched = opened(viewport={"width": 1500, "height": 1400})
    page = watched.page
    opened_in(page, notebook)
    run(page, 0)
    expect(page.locator(".status")).not_to_be_empty(timeout=PATIENCE)
    has_set_its_formulas_in_its_own_fonts(page)
    begins_with_the_numbers_of_the_chapter(page)
    run(page, 1)
    takes_a_point_that_is_double_clicked(page)
    until(lambda: "added" in run(page, 2))
    held = ast.literal_eval(run(page, 2))
    assert held["batch_size"] == 10
    assert len(held["edits"]["added"]) == 1
    assert "norm=bach given; it must be" in run(page, 3)
    expect(page.locator(".status")).to_contain_text("129 rows in 13 batches of 10")
    places = {
        urlsplit(url).hostname for url in watched.requests if not url.startswith(("data:", "blob:"))
    }
    assert places == {"127.0.0.1"}
    assert [
        words for words in watched.complaints if "normlab" in words or "anywidget" in words
    ] == []
