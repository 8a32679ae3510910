"""The installed `normlab` command, run as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

NORMLAB = Path(sys.executable).with_name("normlab")
_ATTENDED = (
    "import runpy, sys; from normlab.system.processes import end_with; end_with(int(sys.argv[1])); "
    "del sys.argv[:2]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def attended(*arguments):
    """The command for what would run for ever, were it not to end with this process: tests may be killed."""
    return [sys.executable, "-c", _ATTENDED, str(os.getpid()), str(NORMLAB), *map(str, arguments)]


def normlab(*arguments, cwd=None, seconds=120):
    command = [str(NORMLAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=seconds)
