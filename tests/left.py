"""What is still there: live processes, and files where none must be."""

import contextlib
import os
import subprocess
import time

import psutil

PATIENCE = 60  # seconds; only what hangs takes so long


def until(reached, what, seconds=PATIENCE):
    """Ask again and again until it is so."""
    end = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


def descendants(process):
    """Its live children, theirs, and so on."""
    assert process.poll() is None, "it has ended by itself"
    return [p for p in psutil.Process(process.pid).children(recursive=True) if alive(p)]


def alive(process):
    """Whether a process still runs; one that ended and waits to be reaped does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def nothing_of(processes, seconds=30):
    until(lambda: not any(map(alive, processes)), f"still there: {processes}", seconds)


@contextlib.contextmanager
def running(command, folder, input=None, **environment):
    """A command in a session of its own, with an empty folder for its temporary files.

    What it started is killed at the end, whatever happens.
    """
    temporary = folder / "temporary"
    temporary.mkdir()
    given = {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"} | environment
    with open(folder / "errors", "wb") as errors:
        process = subprocess.Popen(
            [*map(str, command)], cwd=folder, stdin=input, stdout=subprocess.PIPE, stderr=errors,
            env=os.environ | given, start_new_session=True,
        )  # fmt: skip
    process.temporary = temporary
    process.started = []
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.started += psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for child in process.started:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.communicate()  # which waits for all that could still write


def until_started(process, count):
    """Its descendants, as soon as there are so many."""

    def enough():
        process.started = descendants(process)
        return len(process.started) >= count

    until(enough, f"fewer than {count} processes were started")
    return process.started
