"""What a killed process staged is removed by the next that writes there; nobody else's is."""

import os
import signal
import subprocess
import sys

import pytest

from normlab.system.files import staging, write_all

KILLED = """
import os, signal, sys
from pathlib import Path
from normlab.system.files import staging
with staging(Path(sys.argv[1])) as stage:
    (stage / "half").write_text("written")
    os.kill(os.getpid(), signal.SIGKILL)
"""
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@posix
def test_what_a_killed_process_staged_is_removed(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert (left / "half").exists()
    write_all(tmp_path, {"a": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_lives_or_is_of_another_machine_stays(tmp_path):
    others = [tmp_path / f".writing-{name}" for name in ("elsewhere-999999999-x", "old", "99-9-x")]
    with staging(tmp_path) as mine:
        for folder in others:
            folder.mkdir()
        write_all(tmp_path, {"a": b"1"})
        assert mine.exists()
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "a"])


def test_trying_makes_no_folder_that_a_killed_process_would_leave(tmp_path):
    code = (
        "import sys; from pathlib import Path; from normlab.system.files import check_writable\n"
        "sys.addaudithook(lambda event, given: print(event, given) if event == 'os.mkdir' else None)\n"
        "check_writable(Path(sys.argv[1], 'deeper', 'still'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
