"""A learner's code as something that answers requests. Runs in the learner's process."""

import contextlib
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.grading.learner.binding import WrongSignatureError
from normlab.grading.learner.calls import forbidden, watched
from normlab.grading.learner.loading import words

_LOOKS = 12  # calls in which it is looked what they call, which takes time
MOST = 100_000  # numbers in an answer: more than any right one has


class NothingError(Exception):
    """The learner's code returned None."""


class MisfitError(Exception):
    """A learner's tensor has not as many elements as are to be put into it."""


class Implementation:
    """A learner's class or function, called as the scenarios say."""

    kind = ""
    forbid: tuple[str, ...] = ()
    _looked = 0

    def __init__(self, target: Any, row: str, path: Path):
        self.target, self.row, self.path, self.name = target, row, path, target.__name__
        held = set(map(id, inspect.getmodule(target).__dict__.values()))
        self.numpy = id(torch) not in held and id(np) in held

    def offer(self) -> dict[str, Any]:
        raise NotImplementedError

    def start(self, request: dict[str, Any]) -> None:
        raise NotImplementedError

    def call(self, x: Any, train: bool) -> Any:
        raise NotImplementedError

    def running(self) -> dict[str, Any]:
        return {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answers to all steps; an exception ends them."""
        steps: list[dict[str, Any]] = []
        try:
            self.start(request)
            for step in request["steps"]:
                steps.append(self._step(step))
        except BaseException as error:
            steps.append(_failure(error, self.path))
        return {"steps": steps}

    def _step(self, step: dict[str, Any]) -> dict[str, Any]:
        sloped = bool(step["slope"]) and not self.numpy
        leaf = torch.tensor(step["x"], dtype=torch.float32, requires_grad=sloped)
        x = leaf.clone()
        given = x.numpy() if self.numpy else x
        before = self.running()
        with contextlib.nullcontext() if step["train"] else torch.no_grad():
            y, calls = self._called(given, step["train"])
        y = y[0] if isinstance(y, tuple | list) and y else y
        if y is None or y is NotImplemented:
            raise NothingError("it returns nothing")
        if y is ...:
            raise NothingError("it returns three dots (...)")
        kind = str(getattr(y, "dtype", type(y).__name__)).removeprefix("torch.")
        y = torch.as_tensor(y)
        found = {"y": numbers(y), "shape": list(y.shape), "dtype": kind} | self.running()
        found |= {"before": before} if before else {}
        found |= {"calls": sorted(calls)} if calls else {}
        barred = sorted(name for name in calls if forbidden(name, self.forbid))
        found |= {"barred": barred} if barred else {}
        found["after"] = numbers(x)
        found["changed"] = bool((x.detach() != leaf.detach()).any())
        if step["slope"]:
            found |= self.slopes(y, leaf, step["slope"])
        return found

    def _called(self, x: Any, train: bool) -> tuple[Any, set[str]]:
        """y, and what was called for it: looked at in the first calls, and in all where some is forbidden."""
        self._looked += 1
        calls: set[str] = set()
        if self.forbid or self._looked <= _LOOKS:
            return watched(lambda: self.call(x, train), self.forbid, calls), calls
        return self.call(x, train), calls

    def slopes(self, y: Tensor, leaf: Tensor, towards: Any) -> dict[str, Any]:
        """The gradient of Σ y · towards with respect to x, or None where there is none."""
        if not y.requires_grad or list(y.shape) != list(leaf.shape):
            return {"slope": None}
        (slope,) = torch.autograd.grad(
            (y * torch.tensor(towards, dtype=y.dtype)).sum(), leaf, allow_unused=True
        )
        return {"slope": None if slope is None else numbers(slope)}


def numbers(values: Tensor) -> Any:
    if values.numel() > MOST:
        return None
    return values.detach().to(torch.float64).tolist()


def _failure(error: BaseException, path: Path) -> dict[str, Any]:
    """What an error says; which kinds of it the judge tells apart."""
    own = isinstance(error, WrongSignatureError | NothingError | MisfitError)
    text = str(error) if own else words(error, path)
    told: dict[str, Any] = {"error": text}
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        told["memory"] = True
    if isinstance(error, NotImplementedError | NothingError) or _reached_dots(error):
        told["unfinished"] = text
    told["kind"] = type(error).__name__ if own else ""
    return told


def _reached_dots(error: BaseException) -> bool:
    """Whether it ends where three dots stand for what is still to be written."""
    return isinstance(error, TypeError | AttributeError) and "ellipsis" in str(error)


def running(mean: Any, var: Any) -> dict[str, Any]:
    """The running statistics as plain data, where there are both."""
    if mean is None or var is None:
        return {}
    mean, var = (torch.as_tensor(value) for value in (mean, var))
    kept = {"mean": numbers(mean.reshape(-1)), "var": numbers(var.reshape(-1))}
    return kept | {"graph": mean.requires_grad or var.requires_grad}
