"""The learner's process: it runs scenarios on the learner's code and answers in JSON, nothing else."""

import inspect
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from normlab.grading.learner.binding import WrongSignatureError
from normlab.grading.learner.functions import Function
from normlab.grading.learner.layers import Layer
from normlab.grading.learner.loading import RefusedError, chosen, load


def serve(
    job: dict[str, Any],
    forbid: tuple[str, ...],
    confined: dict[str, bool],
    read: BinaryIO,
    write: BinaryIO,
) -> None:
    """Say what there is to be graded, then answer requests until there are no more."""
    path, subject = Path(job["path"]), None
    try:
        target, row = chosen(load(path, job["name"]), path, job["name"], job["row"])
        subject = (Layer if inspect.isclass(target) else Function)(target, row, path)
        subject.forbid = forbid
        answer: dict[str, Any] = subject.offer()
    except RefusedError as error:
        answer = {"refused": str(error)}
    except WrongSignatureError as error:
        answer = {"refused": f"{error}."}
    _send(write, answer | {"confined": confined})
    if subject is None or "refused" in answer:
        return
    for line in read:
        _send(write, subject.answer(json.loads(line)))


def _send(write: BinaryIO, answer: dict[str, Any]) -> None:
    write.write(json.dumps(answer).encode() + b"\n")
    write.flush()


def quiet() -> None:
    """What the learner's code prints goes nowhere, and it has nothing to read."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
