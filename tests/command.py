"""The installed `normlab` command, run as a process of its own."""

import subprocess
import sys
from pathlib import Path

NORMLAB = Path(sys.executable).with_name("normlab")


def normlab(*arguments, cwd=None, seconds=120):
    command = [str(NORMLAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=seconds)
