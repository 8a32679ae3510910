"""The installed `normlab` command: as a process of its own, and the same function within this one."""

import contextlib
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from normlab.cli import main

NORMLAB = Path(sys.executable).with_name("normlab")
PATIENCE = 600  # seconds after which what is waited for will never come; no machine is that busy


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
    argv, handler = sys.argv, signal.getsignal(signal.SIGINT)
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
        signal.signal(signal.SIGINT, handler)
    return subprocess.CompletedProcess(arguments, ended.value.code, out.getvalue(), err.getvalue())
