"""The same module in JupyterLab: a real server, a real kernel, a real browser, and no other machine."""

import ast
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from jupyterlab import PATIENCE, lab, opened_in, restarted, run

from browsing import expect
from checks import (
    begins_with_the_numbers_of_the_chapter,
    has_set_its_formulas_in_its_own_fonts,
    takes_a_point_that_is_double_clicked,
    until,
)
from normlab.explorer.model.words import say

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explorer.ipynb"
SAVED = nbformat.read(NOTEBOOK, as_version=4)
CODE = [cell.id for cell in SAVED.cells if cell.cell_type == "code"]


@pytest.fixture
def notebook(tmp_path):
    """The explorer's notebook, and a last cell that asks for what there is not."""
    wrong = nbformat.v4.new_code_cell("explorer.state = {'norm': 'bach'}")
    longer = nbformat.from_dict(SAVED | {"cells": [*SAVED.cells, wrong]})
    with lab(tmp_path, longer) as address:
        yield address


def test_the_notebook_is_saved_as_it_is_before_it_runs():
    nbformat.validate(SAVED)
    assert CODE == ["explorer", "python-set", "picture-state", "picture-again"]
    ran = [cell for cell in SAVED.cells if cell.get("outputs") or cell.get("execution_count")]
    assert ran == []
    assert set(SAVED.metadata) == {"kernelspec", "language_info"}


@pytest.mark.slow
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
    assert run(page, 3) == "True"
    assert held["batch_size"] == 10
    assert len(held["edits"]["added"]) == 1
    assert "norm=bach given; it must be" in run(page, 4)
    expect(page.locator(".status")).to_contain_text("129 rows in 13 batches of 10")
    _says_that_a_restarted_kernel_is_silent(page)
    assert {urlsplit(url).hostname for url in watched.requests} <= {
        "127.0.0.1",
        None,
    }  # data: has none
    slow = "ms to activate"  # JupyterLab's own complaint of a busy machine
    ours = [words for words in watched.complaints if slow not in words]
    assert [words for words in ours if "normlab" in words or "anywidget" in words] == []


def _says_that_a_restarted_kernel_is_silent(page):
    """It looks as before, and the first change is answered by no one."""
    restarted(page)
    page.locator("[data-control=batch_size]").press("ArrowRight")
    expect(page.locator(".normlab-explorer .notice")).to_have_text(say("silent"), timeout=PATIENCE)
    expect(page.locator(".status")).to_contain_text("129 rows in 13 batches of 10")
