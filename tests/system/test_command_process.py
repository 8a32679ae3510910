"""What the command's own process does at its start and at its end."""

import subprocess
import sys
from multiprocessing.spawn import get_preparation_data
from types import ModuleType

import pytest

from normlab.cli.app import _hide_script, main

ENDING = """
import atexit, gc
from normlab.cli.app import _end
made = [{} for _ in range(1000)]
atexit.register(lambda: print(gc.get_freeze_count() >= len(made)))
_end(3, "a message")
"""


@pytest.mark.parametrize(("entry", "hidden"), [(main, True), (print, False)])
def test_processes_that_the_command_starts_do_not_run_its_script_first(monkeypatch, entry, hidden):
    """Whoever imports normlab in a script of their own, which a process may need, keeps it."""
    script = ModuleType("__main__")
    script.main, script.__file__ = entry, "/usr/bin/normlab"
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert "init_main_from_path" in get_preparation_data("one")
    _hide_script()
    assert ("init_main_from_path" in get_preparation_data("one")) is not hidden


def test_the_end_looks_through_nothing_that_was_made():
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "True\n", "normlab: a message\n")
