"""The chapter's notebook runs from top to bottom, and its saved output is what its cells give."""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOK = FOLDER / "chapter.ipynb"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
MACHINE = re.compile(
    r"/(?:home|root|Users|work|tmp|usr|var|opt|mnt)/|\b[A-Z]:\\|site-packages|0x[0-9a-f]{6}"
)
LONGEST = 12

SAVED = nbformat.read(NOTEBOOK, as_version=4)
CODE = [cell for cell in SAVED.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Every code cell by id, run in a copy, with none of the user's Jupyter settings."""
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    refresh = importlib.util.module_from_spec(spec)
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        spec.loader.exec_module(refresh)
        ran = refresh.execute(Path(shutil.copy(NOTEBOOK, folder)))
    return {cell.id: cell for cell in ran.cells}


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
    assert not stale, "saved output that is no longer given: run python notebooks/refresh.py"


def test_cells_are_short_and_keep_what_they_print():
    for cell in CODE:
        assert len(cell.source.splitlines()) <= LONGEST, cell.id
        speaks = re.search(r"^(?: *print|picture)\(", cell.source, re.MULTILINE)
        assert cell.outputs or not speaks, cell.id
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.id


def test_pictures_are_shown_and_described():
    shown = [o for cell in CODE for o in cell.outputs if "image/png" in o.get("data", ())]
    assert len(shown) >= 8
    for output in shown:
        assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
        assert output.metadata["image/png"]["width"] < 800


def test_saved_file_is_small_and_free_of_machine_and_time():
    nbformat.validate(SAVED)
    assert NOTEBOOK.stat().st_size < 1.5e6
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
    assert heads == {"title", "setup", *(s.id for s in SAVED.cells if s.source.startswith("## "))}


def test_every_section_asks_before_it_shows():
    prose = "\n".join(c.source for c in SAVED.cells if c.cell_type == "markdown")
    sections = re.split(r"^## ", prose, flags=re.MULTILINE)[1:]
    assert [section[0] for section in sections] == list("12345678")
    for section in sections:
        asked = section.count("<details><summary>Answer</summary>\n\n")
        assert asked == section.count("</details>") == section.count("**Predict") >= 1
