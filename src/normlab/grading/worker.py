"""Grades many files in one process that has imported torch once: a fork for each, and one for its code.

The server reads one JSON request and writes a JSON line for each file that is done. A judge, forked for
each file, computes what is right; the learner's code runs in a fork of its own, under a limit of memory, and
sends back JSON. All are of one process group, which ends with whoever started the server.
"""

import json
import os
import pickle
import resource
import select
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import torch

from normlab.equation.table import extended
from normlab.errors import NormlabError, one_line
from normlab.grading.judge.judging import judge
from normlab.grading.judge.work import StoppedError
from normlab.grading.learner.serve import quiet, serve
from normlab.system.confinement import adopt, confine, end_children
from normlab.system.processes import end_group, forked

LONGEST = 1 << 24  # bytes in an answer
_LOST = {"status": "refused", "message": "the process that judged it was ended; try it again."}
_GIGABYTE = 1 << 30


def main() -> None:
    torch.set_num_threads(1)  # forks and thread pools do not go together
    request = json.loads(sys.stdin.readline())
    with ExitStack() as rows:
        for row in pickle.loads(bytes.fromhex(request["rows"])):
            rows.enter_context(extended(row))
        _grade(request)


def _grade(request: dict[str, Any]) -> None:
    waiting = list(enumerate(request["files"]))
    running: dict[int, tuple[int, int]] = {}  # pipe → index, pid
    while waiting or running:
        while waiting and len(running) < request["workers"]:
            index, job = waiting.pop(0)
            pipe, pid = _piped(lambda write, job=job: _graded(job, request, write))
            running[pipe] = (index, pid)
        for pipe in select.select(list(running), [], [])[0]:
            index, pid = running.pop(pipe)
            with os.fdopen(pipe, "rb") as read:
                report = read.read()
            os.waitpid(pid, 0)
            told = json.loads(report) if report else _LOST
            print(json.dumps({"index": index} | told), flush=True)


def _piped(task: Callable[[int], None]) -> tuple[int, int]:
    """Run a task in a fork; the pipe it writes to, and its process."""
    read, write = os.pipe()

    def run() -> None:
        os.close(read)
        task(write)

    pid = forked(run, end_group)  # for what the learner's code started, too
    os.close(write)
    return read, pid


def _graded(job: dict[str, Any], request: dict[str, Any], write: int) -> None:
    try:
        adopt()  # whatever the learner's code starts
        with tempfile.TemporaryDirectory(dir=request["folder"]) as folder:
            report = grade_one(job, request, Path(folder))
    except NormlabError as error:
        report = {"status": "refused", "message": str(error)}
    except Exception as error:  # one file must not stop the others
        what = f"{type(error).__name__}: {one_line(error, None)}"
        report = {
            "status": "refused",
            "message": f"normlab itself failed on it: {what}. Report it.",
        }
    with os.fdopen(write, "wb") as out:
        out.write(json.dumps(report).encode())


def grade_one(job: dict[str, Any], request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The report on one file, whose code can write into that folder alone."""
    with Learner(job, request, folder) as learner:
        try:
            offered = learner.receive()
        except StoppedError as error:
            return _stopped_at_once(job, error)
        confined = offered.pop("confined", {})
        if "refused" in offered:
            return {"status": "refused", "message": offered["refused"], "confined": confined}
        return judge(offered, learner, request["convention"]) | {"confined": confined}


def _stopped_at_once(job: dict[str, Any], error: StoppedError) -> dict[str, Any]:
    words = {"endless": "does not come to an end", "memory": "asks for too much memory"}
    what = words.get(error.name, "ends the process")
    return {
        "status": "refused",
        "message": f"running the file or its first call {what} ({error.detail}).",
    }


class Learner:
    """The process in which the learner's code runs, asked over a pipe."""

    def __init__(self, job: dict[str, Any], request: dict[str, Any], folder: Path):
        self.timeout = self.left = request["timeout"]
        answers, theirs = os.pipe()
        asked, self.requests = os.pipe()

        def live() -> None:
            os.close(answers)
            os.close(self.requests)
            _live(job, request, folder, os.fdopen(asked, "rb"), os.fdopen(theirs, "wb"))

        self.pid = forked(live)
        os.close(theirs)
        os.close(asked)
        self.answers, self.buffer = answers, b""

    def __enter__(self) -> "Learner":
        return self

    def __exit__(self, *_: Any) -> None:
        end_children()

    @property
    def spare(self) -> bool:
        """Whether there is time for what is not needed."""
        return self.left > 0.4 * self.timeout

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            data = memoryview(json.dumps(request).encode() + b"\n")
            while data:
                data = data[os.write(self.requests, data) :]
        except BrokenPipeError:
            raise StoppedError("crash", "its process has ended") from None
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """The next answer; its time is taken from what is left."""
        began = time.monotonic()
        while b"\n" not in self.buffer:
            left = self.left - (time.monotonic() - began)
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                self.left = 0.0
                raise StoppedError("endless", f"{self.timeout:g} s")
            part = os.read(self.answers, 1 << 16)
            if not part or len(self.buffer) > LONGEST:
                raise StoppedError("crash", "its process has ended")
            self.buffer += part
        self.left -= time.monotonic() - began
        line, _, self.buffer = self.buffer.partition(b"\n")
        try:
            return dict(json.loads(line))
        except ValueError:
            raise StoppedError("crash", "it wrote where only answers belong") from None


def _live(
    job: dict[str, Any], request: dict[str, Any], folder: Path, read: BinaryIO, write: BinaryIO
) -> None:
    """What the learner's process does until it is ended."""
    quiet()
    _close_all_but(read.fileno(), write.fileno())
    _limit(request["memory"], request["timeout"])
    os.chdir(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    confined = asdict(confine(folder))
    serve(job, tuple(request["forbid"]), confined, read, write)


def _close_all_but(*kept: int) -> None:
    """What the learner's code starts must hold no pipe open that others wait on."""
    first = 3
    for number in (*sorted(kept), os.sysconf("SC_OPEN_MAX")):
        os.closerange(first, number)
        first = number + 1


def _limit(memory: float, timeout: float) -> None:
    """So much address space on top of what torch has; where that cannot be told, as much in all."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        held = pages * resource.getpagesize()
    except OSError:
        held = 8 * _GIGABYTE
    most = held + int(memory * _GIGABYTE)
    for kind, limit in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(2 * timeout) + 5),  # should nobody be there to end it
    ):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):  # a tighter limit is set already
            continue


if __name__ == "__main__":
    main()
