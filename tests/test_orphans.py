"""A command that is killed, or asked to end, leaves no process and no temporary file."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from command import NORMLAB
from left import nothing_of, running, until, until_started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")
PAINTERS = 1 if sys.platform == "linux" else min(2, os.cpu_count() or 1)  # before they fork
ENDLESS = """
import subprocess

def batch_norm(x):
    subprocess.Popen(['sleep', '1000'])
    while True:
        pass
"""
STUBBORN = """
import itertools, signal, subprocess

for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(['sleep', '1000'])
sum(itertools.repeat(0))  # which never lets another thread run
"""
GRADING = 4  # the server, a judge, the learner's code and what that started
# a command, and how many processes there are of it when it is well under way; one frees what all share
COMMANDS = {
    "run chapter": 1 + PAINTERS,
    "run cortex.size-tuning": 1 + PAINTERS,
    "run canonical.fly": 1 + PAINTERS,
    "run training.learning-rate --quick --processes 2 --cache cells": 1 + PAINTERS + 2,
    "grade endless_bn.py --timeout 1000": GRADING,
    "grade stubborn_bn.py --timeout 1000": GRADING,
}


@pytest.fixture
def begun(tmp_path):
    def begin(command, **environment):
        (tmp_path / "endless_bn.py").write_text(ENDLESS)
        (tmp_path / "stubborn_bn.py").write_text(STUBBORN)
        return running([NORMLAB, *command.split()], tmp_path, **environment)

    return begin


def none_left(process, folder):
    """Nothing of it runs, and nothing lies where it was allowed to write but for a moment."""
    nothing_of(process.started)
    until(lambda: not list(process.temporary.iterdir()), list(process.temporary.iterdir()))
    assert not list(folder.rglob(".writing*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_killed(begun, tmp_path, command):
    with begun(command) as process:
        until_started(process, COMMANDS[command])
        process.kill()
        process.wait()
        none_left(process, tmp_path)
        assert "leaked" not in (tmp_path / "errors").read_text()


def test_killed_while_painters_have_temporary_folders(begun, tmp_path):
    """As matplotlib makes them where it may not write into its user's folder."""
    with begun("run chapter", MPLCONFIGDIR="/dev/null/none") as process:
        until_started(process, COMMANDS["run chapter"])
        until(lambda: len(list(process.temporary.iterdir())) == PAINTERS, "no such folder was made")
        process.kill()
        process.wait()
        none_left(process, tmp_path)


@pytest.mark.parametrize(
    ("command", "name", "send"),
    [
        ("run chapter", "SIGTERM", os.kill),
        ("run chapter", "SIGHUP", os.killpg),
        ("grade endless_bn.py --timeout 1000", "SIGTERM", os.killpg),
        ("grade endless_bn.py --timeout 1000", "SIGHUP", os.kill),
    ],
)
def test_asked_to_end(begun, tmp_path, command, name, send):
    """By a time limit or a closed terminal: it alone, or all that its terminal has."""
    number = getattr(signal, name)
    with begun(command) as process:
        until_started(process, COMMANDS[command])
        send(process.pid, number)
        assert process.wait(60) == 128 + number
        none_left(process, tmp_path)
        said = (tmp_path / "errors").read_text()
        assert said == "normlab: interrupted; nothing was written.\n"
        assert not (tmp_path / "normlab-out").exists()


def test_asked_twice_to_end_while_cells_are_computed(begun, tmp_path):
    """`timeout` sends it to the command, and then to its group."""
    command = next(name for name in COMMANDS if "training" in name)
    with begun(command) as process:
        until_started(process, COMMANDS[command])
        os.kill(process.pid, signal.SIGTERM)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(120) == 128 + signal.SIGTERM
        none_left(process, tmp_path)
        assert (tmp_path / "errors").read_text() == (
            "normlab: interrupted; what was finished is kept, and the same command goes on from there.\n"
        )


def test_a_closed_terminal_is_not_heard_where_it_was_to_be_ignored(tmp_path):
    """As nohup has it: what ends it is the signal that comes next."""
    script = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    script += "os.execv(sys.argv[1], sys.argv[1:])"
    with running([sys.executable, "-c", script, NORMLAB, "run", "chapter"], tmp_path) as process:
        until_started(process, 1 + PAINTERS)
        os.killpg(process.pid, signal.SIGHUP)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        none_left(process, tmp_path)


@pytest.mark.parametrize("which", [0, 1], ids=["server", "judge"])
def test_a_process_that_grades_is_killed(begun, tmp_path, which):
    """What it had started ends too; the command says what happened, and ends."""
    with begun("grade endless_bn.py --timeout 1000") as process:
        chain = until_started(process, GRADING)
        chain[which].send_signal(signal.SIGKILL)
        assert process.wait(60) == 2
        none_left(process, tmp_path)
        assert "ended" in (tmp_path / "errors").read_text()


def test_a_learners_code_ends_with_its_judge(begun):
    """Even while the command goes on with another file."""
    with begun("grade endless_bn.py endless_bn.py --timeout 1000") as process:
        learner = until(lambda: _parent_of_sleep(process.pid), "the code was not run")
        psutil.Process(learner.ppid()).kill()
        nothing_of([learner])
        assert process.poll() is None


def _parent_of_sleep(number):
    for child in psutil.Process(number).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name() == "sleep":
                return child.parent()
    return None


def test_an_explorer_of_tests_that_are_killed(tmp_path):
    script = "from serving import explorer\nwith explorer() as page: print(page.port, flush=True); input()"
    places = os.pathsep.join([str(Path(__file__).with_name("explorer")), *filter(None, sys.path)])
    read, write = os.pipe()
    command = [sys.executable, "-c", script]
    with running(command, tmp_path, read, PYTHONPATH=places) as process:
        assert process.stdout.readline().strip().isdigit(), (tmp_path / "errors").read_text()
        until_started(process, 1)
        process.kill()
        process.wait()
        none_left(process, tmp_path)
    os.close(read)
    os.close(write)
