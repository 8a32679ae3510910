"""What an install without extras can do, and what it says of the rest: no other package can be imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from base_install import linked

ROOT = Path(__file__).parents[1]

STUDENT = """
import torch

def l2_norm(x, eps=1e-12):
    return x / x.flatten(1).norm(dim=1).clamp_min(eps).reshape(-1, *[1] * (x.dim() - 1))
"""
WORK = (
    "list",
    "show batch --in keras",
    "check torch.nn:LayerNorm --shape 4,6",
    "grade student.py --row l2",
    "doctor torch.nn:BatchNorm1d --explain NRM101",
    "explore --export page.html",
    "run",
)
REFUSED = {
    "run chapter": "lab",
    "run cortex.size-tuning": "lab",
    "fit numbers.csv": "lab",
    "measure numbers.csv": "tables",
    "bench --quick --only batch --figure speeds.svg": "report",
    "doctor net.py:net --html page.html": "report",
    "explore": "explorer",
}
SCRIPT = """
import contextlib, io, json, sys

sys.path[:0] = sys.argv[1].split(";")
from normlab.cli import main

found = {}
for line in sys.stdin.read().splitlines():
    sys.argv = ["normlab", *line.split()]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as end:
            found[line] = [end.code, said.getvalue()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory, docs):
    """Exit code and output of each command, run where nothing but the base install can be imported."""
    packages, here = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("here")
    dependencies = docs("dependencies")
    linked(packages, dependencies.closure(dependencies.requirements(dependencies.BASE)))
    (here / "student.py").write_text(STUDENT, "utf-8")
    (here / "numbers.csv").write_text("a,b\n1,10\n2,30\n3,20\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT, f"{packages};{ROOT / 'src'}"],
        input="\n".join((*WORK, *REFUSED)), cwd=here, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("command", WORK)
def test_a_base_install_is_enough_for(command, base):
    code, said = base[command]
    assert code == 0, said


@pytest.mark.parametrize("command", REFUSED)
def test_the_extra_that_is_needed_is_named_in_one_line(command, base):
    code, said = base[command]
    (line,) = said.splitlines()
    assert code == 2 and "pip install" in line and f"normlab[{REFUSED[command]}]" in line
    assert ("which are not installed; install them" in line) == (" and " in line)


def test_the_layers_import_no_package_of_an_extra():
    script = "import sys, normlab.nn; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"scipy", "pyarrow", "matplotlib", "latex2mathml", "datasketches", "typer", "rich"}
    assert not heavy & {*loaded.stdout.split()}


def test_the_page_has_a_row_for_every_package(docs):
    dependencies = docs("dependencies")
    text = dependencies.PAGE.read_text("utf-8")
    for extra in dependencies.SHOWN:
        for name in dependencies.requirements(extra):
            assert f"| {extra or 'always'} | {name} |" in text
            assert all(f" {words} |" in text for words in dependencies.USES[name])
