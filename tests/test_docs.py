"""The README's examples run as printed, and the generated pages are what the code says today."""

import doctest
import re
from pathlib import Path

import pytest

from normlab import table

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def generate(docs):
    return docs("generate")


@pytest.fixture(scope="module")
def coverage(docs):
    return docs("coverage")


def test_readme_examples_print_what_they_say():
    outcome = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert outcome.attempted >= 5
    assert outcome.failed == 0


def test_the_page_on_masks_prints_what_it_says():
    outcome = doctest.testfile(str(ROOT / "docs" / "reference" / "masks.md"), module_relative=False)
    assert outcome.attempted >= 4 and outcome.failed == 0


def test_generated_pages_are_fresh(generate):
    assert generate.stale(generate.pages()) == []


def test_a_changed_page_is_stale(generate):
    page = (ROOT / "docs" / "reference" / "rows" / "batch.md").read_text()
    assert generate.stale({"reference/rows/batch.md": page + "x"}) == ["reference/rows/batch.md"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/reference/index.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text())
    assert [t for t in targets if not (path.parent / t).exists()] == []


def test_every_proof_leads_to_its_test(coverage):
    text = coverage.PAGE.read_text()
    cells = re.findall(rf'\[{coverage.PROVED}\]\(\.\./\.\./(\S+) "(\w+)"\)', text)
    listed = re.findall(r"\[(test_\w+)\]\(\.\./\.\./(\S+)\)", text)
    assert len(cells) >= len(coverage.claimed(text)) > 0
    assert set(cells) == {(path, name) for name, path in listed}
    assert [c for c in set(cells) if f"def {c[1]}(" not in (ROOT / c[0]).read_text()] == []


@pytest.fixture
def proofs(coverage):
    """One pair proved by two tests, one by none since a second test of it fails."""
    found = coverage.Proofs()
    found.add([("vmap", "batch"), ("other note", 1)], "tests/test_a.py::test_one[batch]", True)
    found.add([("vmap", "batch"), ("half", "rms")], "tests/test_a.py::test_two[batch-x]", True)
    found.add([("half", "rms"), ("mask", "l2")], "tests/test_b.py::test_three", False)
    return found


def test_a_cell_is_filled_by_passed_tests_alone(coverage, proofs):
    text = coverage.page(proofs)
    assert coverage.claimed(text) == proofs.proved == {("vmap", "batch")}
    lines = [line for line in text.splitlines() if line.startswith("| [")]
    links = [f'[✓](../../tests/test_a.py "test_{name}")' for name in ("one", "two")]
    cells = {line.split("]")[0][3:]: [c.strip() for c in line.split("|")[2:-1]] for line in lines}
    missing = ["missing"] * len(coverage.PROPERTIES)
    at = list(coverage.PROPERTIES).index
    expected = {name: missing.copy() for name in table}
    for name, row in table.items():
        if not row.uses_batch:
            expected[name][at("sync")] = "–"
    expected["batch"][at("vmap")] = " ".join(links)
    expected["rms"][at("half")] = expected["l2"][at("mask")] = "fails"
    assert cells == expected
    assert proofs.of_this_run() == "rows × properties, in this run: 1 proved, 2 failing"
    rows, alone = len(table), sum(not row.uses_batch for row in table.values())
    assert proofs.summary() == (
        f"{rows} rows × 12 properties: 1 proved, 2 failing, {12 * rows - 3 - alone} missing, "
        f"{alone} without meaning"
    )


def test_a_page_that_says_other_than_the_tests_is_stale(coverage, proofs):
    text = coverage.page(proofs)
    assert coverage.complaint(proofs, text) == ""
    failing = "docs/reference/coverage.md is stale ({}): fix what fails, then run make docs"
    assert coverage.complaint(proofs, text + "x") == failing.format("its words or links are old")
    assert coverage.complaint(proofs, "") == failing.format(
        "proved but not on the page: vmap of batch"
    )
    proofs = coverage.Proofs()
    assert coverage.complaint(proofs, text) == (
        "docs/reference/coverage.md is stale (not proved now: vmap of batch): run make docs"
    )
    proofs.add([("half", "l2"), ("half", "rms")], "tests/test_a.py::test_one", True)
    assert coverage.complaint(proofs, text) == (
        "docs/reference/coverage.md is stale (not proved now: vmap of batch; proved but not on the page: "
        "half of l2 and rms): run make docs"
    )


@pytest.mark.parametrize(
    ("name", "rows"), [("speed", ["batch"]), ("vmap", ["bach"]), ("sync", ["layer"]), ("vmap", [])]
)
def test_a_marker_without_a_cell_is_refused(coverage, name, rows):
    assert coverage.pairs("vmap", ["batch", "l2"]) == [("vmap", "batch"), ("vmap", "l2")]
    with pytest.raises(ValueError, match=rf"^proves\('{name}'\): no "):
        coverage.pairs(name, rows)


def test_the_oldest_torch_allowed_is_the_oldest_one_tested():
    allowed = re.findall(r'"torch>=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text())
    page = (ROOT / "docs" / "reference" / "versions.md").read_text()
    tested = re.findall(r"^\| (\d+)\.(\d+)\.", page, re.MULTILINE)
    oldest = min((int(major), int(minor)) for major, minor in tested)
    assert allowed == [f"{oldest[0]}.{oldest[1]}"]
    assert f"normlab needs torch {allowed[0]} or newer" in page


def test_every_use_leads_to_its_test(docs):
    """The page docs/reference/works-with.md: all cells filled, and the tests exist."""
    works = docs("works_with")
    text = works.PAGE.read_text()
    cells = set(re.findall(r"\[(?:✓|refused)\]\(\.\./\.\./(\S+) \"(\w+)\"\)", text))
    assert len(cells) > 20
    assert [c for c in cells if f"def {c[1]}(" not in (ROOT / c[0]).read_text()] == []
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if works.MISSING in row or works.FAILS in row]


def test_a_use_that_fails_is_not_called_working(docs):
    works = docs("works_with")
    uses = works.Uses()
    for layer, passed in (("A", True), ("B", True), ("B", False)):
        uses.add(works.pairs("fx", [layer]), f"tests/test_a.py::test_one[{layer}]", passed)
    uses.add(works.pairs("script", ["A"]), "tests/test_a.py::test_two[A]", True)
    states = {pair: uses.state(pair) for pair in (("fx", "A"), ("fx", "B"), ("script", "A"))}
    assert [*states.values()] == [works.YES, works.FAILS, works.NO]
    assert uses.state(("fx", "C")) == works.MISSING and uses.state(("fuse", "C")) == "–"
    with pytest.raises(ValueError, match="no such use"):
        works.pairs("faxing", ["A"])
