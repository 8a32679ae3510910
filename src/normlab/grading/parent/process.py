"""Starts the process that grades, and reads what it reports."""

import json
import os
import pickle
import select
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from normlab.equation.table import added, find
from normlab.errors import DataError, SettingError
from normlab.grading.checks import CONVENTIONS
from normlab.grading.parent.points import score
from normlab.grading.parent.reports import Report, Reports
from normlab.grading.parent.rubric import read_rubric
from normlab.grading.parent.submissions import submissions
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


def grade(
    *targets: Any,
    row: str | None = None,
    convention: str = "",
    forbid: Sequence[str] = (),
    rubric: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    timeout: float = 10.0,
    memory: float = 2.0,
    progress: Progress = lambda done, total: None,
) -> Reports:
    """Grade implementations of a row, each in a process of its own, and name their mistakes.

    targets: files ("my_bn.py", "my_bn.py:MyBatchNorm", "lesson.ipynb:MyBatchNorm"), folders and zip files
        of submissions, or a class or function itself, such as one defined in a notebook.
    row: the row they implement, where a name does not say it.
    convention: "keras" where momentum is to be the share of the old average; "torch" is the default, but for
        functions that take a dictionary of settings (CS231n).
    forbid: modules whose functions must not be called, such as "torch.nn.functional".
    rubric: the points of the checks, as a TOML file or a mapping like it: {"points": {"gradient": 0}};
        with "total": 10 the points of the checks that apply are scaled to a sum of 10.
    timeout, memory: seconds and gigabytes (besides torch) for the code of each.

    Returns a list of reports, plain data with the keys that `normlab grade --json` prints. Printed, it
        shows what the command shows.

    >>> import normlab
    >>> def batch_norm(x, eps=1e-5):
    ...     return (x - x.mean(0)) / (x.var(0, correction=0) + eps) ** 0.5
    >>> [report] = normlab.grade(batch_norm)
    >>> report["status"], report["score"], report.share(5)
    ('right', 100, 5.0)

    Errors: SettingError for a row or convention that is not known, a target that is no path, class or
        function, a limit that is not positive, a rubric of other checks or a platform without fork;
        DataError for a folder, zip file or rubric that cannot be read.
    """
    if row is not None:
        find(row)
    _check(timeout=timeout, memory=memory)
    if convention not in ("", *CONVENTIONS):
        raise SettingError(
            f"convention {convention!r} given; it must be one of {', '.join(CONVENTIONS)}."
        )
    weighed = read_rubric(rubric)
    if not hasattr(os, "fork"):
        raise SettingError("grade needs a system that can fork (Linux, macOS); run it in WSL here.")
    with tempfile.TemporaryDirectory(prefix="normlab-grade-") as folder:
        found = [one for given in targets for one in submissions(given, Path(folder))]
        request = {
            "files": [
                {"path": str(one.path), "name": one.name, "row": row}
                for one in found
                if not one.problem
            ],
            "rows": _added(),
            "convention": convention,
            "forbid": list(forbid),
            "timeout": timeout,
            "memory": memory,
            "folder": folder,
            "workers": os.cpu_count() or 1,
        }
        reports = [Report({"file": one.label} | _refused(one.problem)) for one in found]
        places = [place for place, one in enumerate(found) if not one.problem]
        for done, told in enumerate(_reports(request, progress) if places else (), start=1):
            reports[places[told.pop("index")]].update(told)
            progress(done, len(places))
    for report in reports:
        score(report, weighed)
    return Reports(reports)


def _check(**limits: float) -> None:
    for name, value in limits.items():
        if not 0 < value < 1e9:
            raise SettingError(f"{name}={value:g} given; it must be a number > 0.")


def _refused(problem: str) -> dict[str, Any]:
    return {"status": "refused", "message": f"{problem}."} if problem else {}


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
    with _server(request["folder"]) as (server, errors):
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
def _server(folder: str) -> Iterator[tuple[Running, IO[bytes]]]:
    """The process that grades."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with (
        tempfile.TemporaryFile() as errors,
        session(_START, environment | _ALONE, errors, folder) as server,
    ):
        yield server, errors
