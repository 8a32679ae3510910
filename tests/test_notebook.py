"""The lesson's two notebooks: made of one source, run from top to bottom, with the output that is saved."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
sys.path.insert(0, str(FOLDER))
import build  # noqa: E402

NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
MACHINE = re.compile(
    r"/(?:home|root|Users|work|tmp|usr|var|opt|mnt)/|\b[A-Z]:\\|site-packages|0x[0-9a-f]{6}"
)
LONGEST = 14  # lines of a cell, but for a class, which is whole

SAVED = nbformat.read(build.TEACHER, as_version=4)
STUDENT = nbformat.read(build.STUDENT, as_version=4)
CODE = [cell for cell in SAVED.cells if cell.cell_type == "code"]
EXERCISES = [
    cell
    for cell in SAVED.cells
    if re.search(r"^(?:check_answer|normlab\.grade)\(", cell.source, re.M)
]


def executed(made, folder):
    """The cells by id, run with none of the user's Jupyter settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        ran = build.execute(made, folder)
    return {cell.id: cell for cell in ran.cells}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return executed(build.notebook(build.TEACHER), tmp_path_factory.mktemp("notebook"))


def texts(cell) -> list[str]:
    """What a cell said: its streams and, of what it shows, the text."""
    return [
        output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in cell.outputs
    ]


def same(ours: str, theirs: str) -> bool:
    """Equal text, white space aside, with every number equal to 1e-6."""
    rest = [re.sub(r"\s", "", NUMBER.sub("#", text)) for text in (ours, theirs)]
    ours_found, theirs_found = ([float(n) for n in NUMBER.findall(t)] for t in (ours, theirs))
    return rest[0] == rest[1] and ours_found == pytest.approx(theirs_found, rel=1e-6, abs=1e-6)


def as_saved(now, saved) -> bool:
    """The same kinds of output in the same order, and the same text in them."""
    kinds = [[sorted(o.get("data", ())) for o in cell.outputs] for cell in (now, saved)]
    return kinds[0] == kinds[1] and all(map(same, texts(now), texts(saved)))


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        ("tensor([ 1.4901e-08, -3.]) True", "tensor([-0., -3.]) True", True),
        ("mean 10.1462", "mean 10.1463", False),
        ("equal: True 1.0", "equal: False 1.0", False),
        ("1.0 2.0", "1.0", False),
    ],
)
def test_the_comparison_can_fail(ours, theirs, equal):
    assert same(ours, theirs) is equal


def test_saved_output_is_what_the_cells_give(fresh):
    stale = [cell.id for cell in CODE if not as_saved(fresh[cell.id], cell)]
    assert not stale, "saved output that is no longer given: make notebooks"


@pytest.mark.parametrize("path", [build.TEACHER, build.STUDENT])
def test_committed_notebooks_are_what_the_source_makes(path):
    made, saved = build.notebook(path, build.repository()), nbformat.read(path, as_version=4)
    assert [(c.cell_type, c.id, c.source) for c in saved.cells] == [
        (c.cell_type, c.id, c.source) for c in made.cells
    ], "make notebooks"


def test_the_student_sees_no_answer_and_no_output():
    assert [cell.id for cell in STUDENT.cells] == [cell.id for cell in SAVED.cells]
    for theirs, whole in zip(STUDENT.cells, SAVED.cells, strict=True):
        assert not theirs.get("outputs") and theirs.get("execution_count") is None
        answers = theirs.source != whole.source
        assert answers == ("= ..." in theirs.source or "return ..." in theirs.source) or (
            whole.id == "start"
        )
    assert sum(cell.source.count("...") for cell in STUDENT.cells) >= 15


def test_the_answers_pass_every_check(fresh):
    assert len(EXERCISES) == 9  # one after each section
    for cell in EXERCISES:
        said = "".join(texts(fresh[cell.id]))
        asked = max(1, cell.source.count("check_answer("))
        assert said.count("Right. ") == asked or "no mistake found" in said, said


@pytest.mark.slow
def test_an_open_answer_is_explained_and_stops_nothing(tmp_path):
    ran = executed(build.notebook(build.STUDENT), tmp_path)
    for cell in EXERCISES:
        said = "".join(texts(ran[cell.id]))
        assert "Still open: write your own code" in said or "not finished" in said, said


def test_badges_lead_to_the_notebook_where_the_repository_is_known():
    assert build.badges("chapter.ipynb", "") == ""
    colab, binder = re.findall(r"\)\]\((https://[^)]*)\)", build.badges("a.ipynb", "ann/normlab"))
    assert (
        colab == "https://colab.research.google.com/github/ann/normlab/blob/HEAD/notebooks/a.ipynb"
    )
    assert binder == "https://mybinder.org/v2/gh/ann/normlab/HEAD?labpath=notebooks%2Fa.ipynb"

    made = build.notebook(build.STUDENT, "ann/normlab")
    assert 'SOURCE = "git+https://github.com/ann/normlab"' in made.cells[1].source


def test_cells_are_short_and_keep_what_they_print():
    for cell in CODE:
        whole = cell.source.startswith("class ")
        assert len(cell.source.splitlines()) <= LONGEST or whole, cell.id
        speaks = re.search(r"^(?: *print|picture)\(", cell.source, re.MULTILINE)
        assert cell.outputs or not speaks or cell.id == "start-1", cell.id
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.id


def test_pictures_are_shown_and_described():
    shown = [o for cell in CODE for o in cell.outputs if "image/png" in o.get("data", ())]
    ours = [o for o in shown if not o.data["text/plain"].startswith("<Figure size")]
    assert len(ours) >= 8
    assert (
        len(shown) - len(ours) == 2
    )  # the chapter's own calls of matplotlib, described beside them
    for output in ours:
        assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
        assert output.metadata["image/png"]["width"] < 800


def test_saved_file_is_small_and_free_of_machine_and_time():
    nbformat.validate(SAVED)
    assert build.TEACHER.stat().st_size < 1.5e6
    assert set(SAVED.metadata) == {"kernelspec", "language_info"}
    assert SAVED.metadata.kernelspec.name == "python3"
    assert not any(cell.metadata for cell in SAVED.cells)
    assert [cell.execution_count for cell in CODE] == list(range(1, len(CODE) + 1))
    said = [cell.source for cell in SAVED.cells] + [text for cell in CODE for text in texts(cell)]
    found = [MACHINE.search(text) for text in [*said, json.dumps(SAVED.metadata)]]
    assert not any(found)


def test_cell_ids_tell_their_section():
    ids = [cell.id for cell in SAVED.cells]
    assert len(set(ids)) == len(ids)
    heads = {id_.partition("-")[0] for id_ in ids}
    assert heads == {"start", *(s.id for s in SAVED.cells if s.source.startswith("## "))}


def test_every_section_asks_before_it_shows():
    prose = "\n".join(c.source for c in SAVED.cells if c.cell_type == "markdown")
    sections = re.split(r"^## ", prose, flags=re.MULTILINE)[1:]
    assert [section[0] for section in sections] == list("123456789")
    for section in sections:
        assert section.count("### Exercise") == section.count("<summary>Hint</summary>") == 1
        asked = section.count("<details><summary>Answer</summary>\n\n")
        assert asked + 1 == section.count("</details>") == section.count("**Predict") + 1 >= 2
