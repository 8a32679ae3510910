"""Starts the process that grades, and reads what it reports."""

import json
import os
import pickle
import select
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from normlab.equation.table import added, find
from normlab.errors import DataError, SettingError
from normlab.system.processes import Running, session

Progress = Callable[[int, int], None]
# what a learner's code needs to see of the environment; the rest is nobody's business
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "USER")
_ALONE = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")},
    "MPLBACKEND": "Agg",
}
_START = "from normlab.grading.worker import main; main()"
_TICK = 0.2


def target(text: str) -> tuple[Path, str | None]:
    """FILE.py or FILE.py:Name as path and name.

    >>> target("my_bn.py:MyBatchNorm")
    (PosixPath('my_bn.py'), 'MyBatchNorm')
    """
    path, colon, name = text.rpartition(":")
    if colon and name.isidentifier() and path.endswith(".py"):
        return Path(path), name
    return Path(text), None


def check_file(path: Path) -> str:
    """What keeps this from being a file to grade."""
    if path.is_dir():
        return "is a folder; give one or more files in it"
    if path.suffix != ".py":
        return "is no Python file; its name must end in .py"
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be opened ({error.strerror}); check path and rights"
    return ""


def grade(
    *targets: str | os.PathLike[str],
    row: str | None = None,
    timeout: float = 10.0,
    memory: float = 2.0,
    progress: Progress = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Grade implementations of a row, each in a process of its own, and name their mistakes.

    targets: FILE.py or FILE.py:Name. row: a name of `normlab.table`, where the names do not tell.
    timeout: seconds for the calls of one file; memory: gigabytes on top of what torch has.
    Returns one report for each target, in order: plain data, with keys file, status ("right", "mistakes",
        "not finished", "refused"), and unless refused name, row, score, points, of, mistakes, notes, checks.
    Errors: SettingError for an unknown row, a target that is no path, a limit that is not positive or a
        platform without fork.
    """
    if row is not None:
        find(row)
    for name, value in (("timeout", timeout), ("memory", memory)):
        if not 0 < value < 1e9:
            raise SettingError(f"{name}={value:g} given; it must be a number > 0.")
    for given in targets:
        if not isinstance(given, str | os.PathLike):
            raise SettingError(
                f"grade: a {type(given).__name__} given; name the file that holds your class or "
                f"function: normlab.grade('my_bn.py:MyBatchNorm')."
            )
    if not hasattr(os, "fork"):
        raise SettingError("grade needs a system that can fork (Linux, macOS); run it in WSL here.")
    reports: list[dict[str, Any]] = []
    jobs, places = [], []
    for given in targets:
        text = os.fspath(given)
        path, name = target(text)
        problem = check_file(path)
        refused = {"status": "refused", "message": f"{problem}."} if problem else {}
        reports.append({"file": text} | refused)
        if not problem:
            jobs.append({"path": str(path.resolve()), "name": name, "row": row})
            places.append(len(reports) - 1)
    request = {
        "files": jobs,
        "rows": _added(),
        "timeout": timeout,
        "memory": memory,
        "workers": os.cpu_count() or 1,
    }
    for done, report in enumerate(_reports(request, progress) if jobs else (), start=1):
        reports[places[report.pop("index")]] |= report
        progress(done, len(jobs))
    return reports


def _added() -> str:
    """The rows that the table of the process that grades lacks, as hexadecimal digits."""
    try:
        return pickle.dumps(added()).hex()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(
            f"A row that was added to the table cannot go to the process that grades ({error}); define "
            f"the functions of its settings' domains in a module."
        ) from error


def _reports(request: dict[str, Any], progress: Progress) -> Iterator[dict[str, Any]]:
    """The reports as they come."""
    total, done = len(request["files"]), 0
    with _server() as (server, errors):
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()
        held = b""
        while done < total:
            if not select.select([server.stdout], [], [], _TICK)[0]:
                progress(done, total)
                continue
            part = os.read(server.stdout.fileno(), 1 << 16)
            if not part:
                errors.seek(0)
                last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
                raise DataError(f"the grading process has ended: {' '.join(last) or 'killed'}.")
            *lines, held = (held + part).split(b"\n")
            for line in lines:
                done += 1
                yield json.loads(line)


@contextmanager
def _server() -> Iterator[tuple[Running, IO[bytes]]]:
    """The process that grades."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with (
        tempfile.TemporaryFile() as errors,
        session(_START, environment | _ALONE, errors) as server,
    ):
        yield server, errors
