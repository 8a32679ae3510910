"""The installed `normlab` command: as a process of its own, and the same function within this one."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from normlab.cli import main
from normlab.system.console import LISTENED

NORMLAB = Path(sys.executable).with_name("normlab")
PATIENCE = 600  # seconds after which what is waited for will never come; no machine is that busy
_ATTENDED = (
    "import runpy, sys; from normlab.system.processes import end_with; end_with(int(sys.argv[1])); "
    "del sys.argv[:2]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def attended(*arguments):
    """The command for what would run for ever, were it not to end with this process: tests may be killed."""
    return [sys.executable, "-c", _ATTENDED, str(os.getpid()), str(NORMLAB), *map(str, arguments)]


def normlab(*arguments, cwd=None):
    """As its user starts it."""
    command = [str(NORMLAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=PATIENCE)


def here(*arguments, cwd="."):
    """The same in this process, which has imported everything: a hundred times as fast.

    Each command that is tried so also has a test with `normlab`, since only that shows what a process prints
    and leaves behind.
    """
    out, err = io.StringIO(), io.StringIO()
    argv = sys.argv
    handlers = {number: signal.getsignal(number) for number in LISTENED}
    sys.argv = ["normlab", *map(str, arguments)]
    try:
        with (
            contextlib.chdir(cwd),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        sys.argv = argv
        for number, handler in handlers.items():  # a command ends by ignoring them
            signal.signal(number, handler)
    return subprocess.CompletedProcess(arguments, ended.value.code, out.getvalue(), err.getvalue())
