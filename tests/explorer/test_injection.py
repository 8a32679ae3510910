"""Whatever a pasted table or a link is called, the exported script does the same and no more."""

import ast
import csv
import io
import math
import os
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_scenes import X

from hostile import NAMES, names
from normlab.data import Table
from normlab.errors import NormlabError
from normlab.explorer.conversation import Conversation
from normlab.explorer.model.datasets import build
from normlab.explorer.model.state import State
from normlab.explorer.view import code
from normlab.safe import printable

ROWS = X[:4]
LARGE = X.repeat(80, 1)  # too many numbers to be written out: the script reads the file


def scripts(columns, name, values=ROWS):
    """The script of a table, as it is on the page and as it is exported, for each of three states."""
    tables = {"key": Table(values, tuple(columns), name)}
    for more in ({"norm": "layer"}, {"batch_size": 2}, {"axes": [1, 0], "edits": EDITS}):
        state = State.of(data="table", table="key", **more)
        for picture in (False, True):
            yield code.script(state, build(state, tables), tables, picture)


EDITS = {"moved": {"0": {"1": 2.5}}, "deleted": [3], "added": [{"0": 1.0}]}


class Plain(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant("text") if isinstance(node.value, str) else node


def shape(source):
    """What a script does, but for what its texts say; as a file holds it."""
    return ast.dump(Plain().visit(ast.parse(source.encode())))


def texts(source):
    return {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}


HARMLESS = [shape(source) for source in scripts(("a", "b"), "c")]


@given(names(), names(), names())
@example(NAMES[0], NAMES[-1], "c")
def test_the_script_is_that_of_harmless_names(first, second, name):
    found = list(scripts((first, second), name))
    assert [shape(source) for source in found] == HARMLESS
    assert [source.count("\n") for source in found] == [
        source.count("\n") for source in scripts(("a", "b"), "c")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_script_is_that_of_harmless_names_for_each(name):
    assert [shape(source) for source in scripts((name, name), name)] == HARMLESS


@settings(max_examples=20)
@given(names())
@example(NAMES[0])
def test_a_large_table_is_read_by_its_name_alone(name):
    found = list(scripts(("a", "b"), name, LARGE))
    assert [shape(s) for s in found] == [shape(s) for s in scripts(("a", "b"), "c", LARGE)]
    assert all(name in texts(source) for source in found)


def test_the_scripts_of_hostile_names_run_and_touch_nothing(tmp_path):
    """All names at once in the comment, and pairs of them in pictures."""
    tables = {"key": Table(X[:4].repeat(1, 50)[:, : len(NAMES)], tuple(NAMES), NAMES[0])}
    for i, axes in enumerate([(0, NAMES.index("$5")), (NAMES.index("Ba$$in"), 255)]):
        state = State.of(data="table", table="key", norm="layer", axes=axes)
        written = code.script(state, build(state, tables), tables)
        (tmp_path / f"script{i}.py").write_text(written, "utf-8")
    runs = "import runpy\nfor i in range(2): assert len(runpy.run_path(f'script{i}.py')['y']) == 4"
    once = {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", runs], cwd=tmp_path, env=os.environ | once, check=True)
    found = {file.name for file in tmp_path.iterdir()}
    assert found == {"script0.py", "script1.py", "normlab-explorer.png"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names(), inner, max_size=3),
    max_leaves=6,
)
KNOWN = [
    "norm", "mode", "momentum", "weight", "bias", "mean", "scale", "axes", "eps", "sigma", "power", "window",
    "pool_own", "pool_cross", "num_groups", "edits", "correlation", "loud", "masking", "step", "n",
]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=4), st.sampled_from(["points", "bank"])
)
def test_a_links_values_are_values_in_the_script(link, data):
    """Only names that the library has are called, and only texts that it knows are written."""
    state, _ = State.read(link | {"data": data})
    used = {node.id for node in ast.walk(ast.parse(_code(state))) if isinstance(node, ast.Name)}
    assert used <= USED, used - USED


USED = {
    "normlab", "torch", "points", "bank", "edited", "x", "y", "out", "outs", "batch", "batches", "b", "len",
    "layer", "step", "range", "running", "pool_weight", "weight", "bias",
}  # fmt: skip


def _code(state):
    try:
        return code.script(state, build(state, {}), {}, picture=False)
    except NormlabError:  # such a row on such data has none
        return ""


def pasted(name):
    """What the page gets for a table with that name as a column and as its own; None if refused."""
    page, sheet = Conversation(), io.StringIO()
    csv.writer(sheet).writerows([[name, "b"], [1, 2], [3, 5], [4, 4]])
    told, _ = page.reply({"type": "table", "seq": 1, "text": sheet.getvalue(), "name": name})
    if told["type"] == "refused":
        return None
    state = {"data": "table", "table": told["key"], "norm": "layer"}
    return [page.reply({"type": "file", "seq": 1, "what": what, "state": state})[0]["text"]
            for what in ("code", "csv")]  # fmt: skip


# pyarrow loses the row below a NUL: the reader's matter
@pytest.mark.parametrize("name", [name for name in NAMES if "\x00" not in name])
def test_a_pasted_table_is_exported_as_text(name):
    """Through the page's own messages: paste, then export."""
    harmless, found = pasted("a"), pasted(name)
    if found is None:  # not read as a table at all
        return
    assert shape(found[0]) == shape(harmless[0])
    head, *rows = csv.reader(io.StringIO(found[1], newline=""))
    assert len(rows) == 3
    assert {len(row) for row in (head, *rows)} == {5}
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in head)
    assert all(math.isfinite(float(cell)) for row in rows for cell in row)


def test_the_shown_name_is_the_name():
    source = list(scripts(("Ba$$in", "a\nb"), "c"))[1]
    assert "# Ba$$in, a\\nb" in source.splitlines()
    assert r'xlabel="Ba\\$\\$in"' in source
    assert printable("a\nb") in texts(source)
