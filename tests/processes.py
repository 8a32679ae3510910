"""Tests that run in several real processes, which talk through gloo on the CPU.

    @across(2, 4)
    def test_property(rank, size): ...

runs the body once in every process. All such tests of a session share four processes, each job with a
group of its own: starting a process costs far more than forming a group. A failure on any rank is
shown with the traceback of each.
"""

import contextlib
import datetime
import faulthandler
import functools
import importlib
import json
import os
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from normlab.system.processes import end_with

GROUP_SECONDS = 300  # a collective that one rank never joins
ALL_SECONDS = 1800  # everything, after which the processes are killed
SILENT = "no answer: the process was killed, or never got this far"


def across(*sizes, over=None):
    """Make a test of `case(rank, size)`, or of `case(rank, size, value)` for each value of `over`."""

    def decorate(case):
        keys = [None] if over is None else list(over)
        runs = [(size, key) for size in sizes for key in keys]
        names = [f"batch-{size} processes" + (f"-{key}" if key else "") for size, key in runs]

        @pytest.mark.parametrize(("size", "key"), runs, ids=names)
        def test(size, key, request, tmp_path_factory):
            folder = _ran(request.session, tmp_path_factory)
            said = failures(folder, _label(test, size, key), size)
            assert not said, "\n".join(said)

        test.__module__, test.__name__, test.__doc__ = case.__module__, case.__name__, case.__doc__
        test.case = case if over is None else lambda rank, size, key: case(rank, size, over[key])
        return test

    return decorate


def _label(test, size, key):
    return json.dumps([test.__module__, test.__name__, size, key])


def failures(folder, label, size):
    """What each process of a job said, where it was not that all went well."""
    index = json.loads((folder / "jobs.json").read_text()).index(label)
    said = {rank: _said(folder, index, rank) for rank in range(size)}
    return [f"rank {rank} of {size}: {text}" for rank, text in said.items() if text]


def _said(folder, index, rank):
    file = folder / f"{index}-{rank}.txt"
    if file.exists():
        return file.read_text()
    return f"{SILENT}\n" + (folder / f"errors-{rank}.txt").read_text()


def _ran(session, factory):
    """The folder with the answers to all jobs of this session; workers of pytest-xdist share it."""
    shared = "PYTEST_XDIST_WORKER" in os.environ
    base = factory.getbasetemp()
    folder = (base.parent if shared else base) / "processes"
    try:
        folder.mkdir()
    except FileExistsError:
        _wait(folder / "done")
        return folder
    try:
        _start(folder, _jobs(session))
    finally:
        (folder / "done").touch()
    return folder


def _jobs(session):
    tests = [item for item in session.items if hasattr(getattr(item, "obj", None), "case")]
    return [
        _label(item.obj, item.callspec.params["size"], item.callspec.params["key"])
        for item in tests
    ]


def _wait(path):
    end = time.monotonic() + ALL_SECONDS + 10
    while not path.exists():
        assert time.monotonic() < end, "the worker that runs the processes never came to an end"
        time.sleep(0.05)


def _start(folder, jobs):
    (folder / "jobs.json").write_text(json.dumps(jobs))
    path = os.pathsep.join(place for place in sys.path if place)
    size = max(json.loads(job)[2] for job in jobs)
    running = []
    try:
        for rank in range(size):
            with (folder / f"errors-{rank}.txt").open("w") as errors:
                command = [sys.executable, __file__, str(folder), str(rank), str(os.getpid())]
                environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
                running.append(subprocess.Popen(command, stderr=errors, env=environment))
        end = time.monotonic() + ALL_SECONDS
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end - time.monotonic()))
    finally:
        for process in running:
            process.kill()
            process.wait()


def _work(folder, rank):
    """One process: every job that it belongs to, in order; the answer to each in a file."""
    torch.set_num_threads(1)
    faulthandler.dump_traceback_later(ALL_SECONDS - 30)  # where it hung, if it did
    for index, label in enumerate(json.loads((folder / "jobs.json").read_text())):
        module, name, size, key = json.loads(label)
        if rank < size:
            case = functools.partial(_called, module, name, rank, size, key)
            said = answer(case, f"file://{folder}/store-{index}", rank, size)
            part = folder / f"{index}-{rank}.part"
            part.write_text(said)
            part.rename(part.with_suffix(".txt"))


def _called(module, name, rank, size, key):
    case = getattr(importlib.import_module(module), name).case
    warnings.simplefilter("error")
    case(rank, size, *([] if key is None else [key]))


def answer(case, store, rank, size):
    """Nothing, or the traceback of what went wrong.

    Whoever fails leaves the group, so that the others fail as well instead of waiting.
    """
    limit = datetime.timedelta(seconds=GROUP_SECONDS)
    try:
        dist.init_process_group(
            "gloo", init_method=store, rank=rank, world_size=size, timeout=limit
        )
        case()
        dist.barrier()
    except BaseException:
        return traceback.format_exc()
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return ""


if __name__ == "__main__":
    end_with(int(sys.argv[3]))
    _work(Path(sys.argv[1]), int(sys.argv[2]))
