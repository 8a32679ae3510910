"""What a confined process cannot do any more; tried in a fork, since it is for good."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from normlab.system.confinement import adopt, confine, end_children

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="by means of Linux")


def tried(acts):
    """What came of each: nothing, or the name of the error."""
    found = {}
    for name, act in acts.items():
        try:
            act()
            found[name] = ""
        except OSError as error:
            found[name] = type(error).__name__
    return found


def in_a_fork(task):
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, json.dumps(task()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        told = json.loads(answer.read())
    os.waitpid(pid, 0)
    return told


@LINUX
def test_no_network_and_no_writing_outside(tmp_path):
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.write_text("before")

    def task():
        held = confine(own)
        return [held.network, held.files, tried({
            "own": lambda: (own / "file").write_text("x"),
            "null": lambda: Path(os.devnull).write_text("x"),
            "read": lambda: other.read_text(),
            "child": lambda: subprocess.run(["true"], check=True),
            "write": lambda: other.write_text("after"),
            "new": lambda: (tmp_path / "new").write_text("x"),
            "remove": other.unlink,
            "move": lambda: other.rename(own / "moved"),
            "truncate": lambda: os.truncate(other, 0),
            "rights": lambda: other.chmod(0o777),
            "socket": lambda: socket.create_connection(("127.0.0.1", 9)),
            "unix": lambda: socket.socket(socket.AF_UNIX),
            "session": os.setsid,
        })]  # fmt: skip

    network, files, told = in_a_fork(task)
    assert {name for name in ("own", "null", "read", "child") if told[name]} == set()
    if files:
        assert {told[n] for n in ("write", "new", "remove", "truncate")} == {"PermissionError"}
        assert told["move"] in ("PermissionError", "OSError")
        assert other.read_text() == "before"
    if network:
        assert {told[n] for n in ("socket", "unix", "session", "rights")} == {"PermissionError"}
    assert (network, files) == (True, True) or os.uname().machine not in ("x86_64", "aarch64")


@LINUX
def test_what_children_leave_behind_ends_too():
    def task():
        adopt()
        code = (
            "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', "
            "'import time; time.sleep(600)'], start_new_session=True, stdout=-3, stderr=-3); print(p.pid)"
        )
        left = int(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
        os.kill(left, 0)  # it is there
        end_children()
        try:
            os.kill(left, 0)
        except ProcessLookupError:
            return "gone"
        return "there"

    assert in_a_fork(task) == "gone"


def test_elsewhere_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    held = confine(tmp_path)
    assert (held.network, held.files) == (False, False)
