"""The README's examples run as printed, and the generated pages are what the code says today."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme_examples_print_what_they_say():
    outcome = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert outcome.attempted >= 8
    assert outcome.failed == 0


def test_generated_pages_are_fresh(generate):
    assert generate.stale(generate.pages()) == []


def test_a_changed_page_is_stale(generate):
    page = (ROOT / "docs" / "rows" / "batch.md").read_text()
    assert generate.stale({"rows/batch.md": page + "x"}) == ["rows/batch.md"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text())
    assert [t for t in targets if not (path.parent / t).exists()] == []
