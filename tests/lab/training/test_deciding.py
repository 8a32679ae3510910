"""What discards kept cells: a change of what decides their numbers, and no other."""

import shutil
import subprocess
import sys

import pytest

from normlab.lab.training.engine.deciding import DECIDING, PACKAGE, WORDS, digest, sources

# what the engine loads besides, and why its numbers do not depend on it
ASIDE = (
    "_version",  # a number
    "errors",  # messages
    "safe",  # names as text
    "data",  # what is read of a reader's file is part of the key itself
    "system",  # files, processes, the reader's modules
    "report",  # pages and figures
    "lab",  # families: what is asked, and judged (the engine within is covered)
)

# (file, what stands there, what is put there instead, whether kept cells still fit)
CHANGES = {
    "docstring": ("kernels/batch.py", '"""', '"""Changed. ', True),
    "comment": ("moments.py", "\nclass ", "\n# changed\nclass ", True),
    "layout": ("moments.py", "import torch\n", "import torch\n\n\n", True),
    "message": ("lab/training/engine/networks/images.py", "it must be", "give", True),
    "words": ("nn/checks.py", "it must be", "give", True),
    "arithmetic": ("moments.py", "self._m2 / (", "self._m2 * (", False),
    "constant": ("lab/training/engine/optimizers.py", "1e-8", "1e-7", False),
    "probe": ("lab/training/engine/probes/percentiles.py", "0.15", "0.16", False),
    "row": ("equation/table.py", "1e-5", "1e-3", False),
    "command": ("lab/commands/training.py", "def ", "def un", True),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package's sources."""
    copy = tmp_path_factory.mktemp("copy") / "normlab"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
    return copy


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_decides_discards(package, change):
    name, there, instead, kept = CHANGES[change]
    path, before = package / name, digest(package)
    code = path.read_text(encoding="utf-8")
    assert there in code
    try:
        path.write_text(code.replace(there, instead, 1), encoding="utf-8")
        assert (digest(package) == before) == kept
    finally:
        path.write_text(code, encoding="utf-8")
    assert digest(package) == before


def test_a_new_or_moved_source_discards(package):
    new, before = package / "kernels" / "new.py", digest(package)
    new.write_text("ONE = 1\n", encoding="utf-8")
    added = digest(package)
    new = new.rename(package / "kernels" / "newer.py")
    assert len({before, added, digest(package)}) == 3
    new.unlink()


def test_all_that_is_stated_exists():
    assert all((PACKAGE / name).exists() for name in (*DECIDING, *WORDS))


def test_whatever_the_engine_loads_is_covered_or_stated_to_be_aside():
    code = (
        "import sys; from normlab.lab.training.engine import descent, norms, train\n"
        "[norms.make(norms.Origin(n), 8, 'images') for n in norms.NORMS]\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('normlab.')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    covered = {str(path) for path in sources(PACKAGE)} | {str(PACKAGE / name) for name in WORDS}
    left = [path for path in ran.stdout.split() if path not in covered]
    roots = [
        path.removeprefix(f"{PACKAGE}/").partition("/")[0].removesuffix(".py") for path in left
    ]
    assert set(roots) <= set(ASIDE), left
