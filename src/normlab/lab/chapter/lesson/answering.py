"""What a learner's answer to an exercise is told: right, still open, or wrong and why."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor

from normlab.errors import SettingError, one_line
from normlab.lab.chapter.lesson.exercises import EXERCISES, Exercise, Ways

OPEN = "Still open: write your own code in place of the three dots (...), and run the cell again."
_HINT = "The hint above the cell may help."
_CLOSE = 1e-9  # of float64 numbers of ordinary size, so that ε = 1e-5 in the wrong place shows
_BY_HAND = 2e-3  # of a number that may have been worked out on paper


class _OpenError(Exception):
    """The answer still has three dots in it."""


def check_answer(name: str, given: Any) -> None:
    """Print what is to be said of an answer to the exercise of that name.

    given: a value, or a function, which is called with inputs of the exercise.

    >>> check_answer("transformer", ...)
    Still open: write your own code in place of the three dots (...), and run the cell again.

    Errors: SettingError for a name that is no exercise. An answer itself, however wrong, raises nothing.
    """
    if name not in EXERCISES:
        near = get_close_matches(name, EXERCISES, 1)
        rather = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(EXERCISES)}."
        raise SettingError(f"no exercise {name!r}; {rather}")
    print(told(EXERCISES[name], given))


def told(exercise: Exercise, given: Any) -> str:
    """The words for an answer."""
    try:
        found = _results(exercise, given)
    except _OpenError:
        return OPEN
    except Exception as error:  # whatever a learner's code may raise
        kind = type(error).__name__
        return (
            f"Not yet: your code ends in an error ({kind}: {one_line(error).rstrip('.')}). {_HINT}"
        )
    wanted = _results(exercise, exercise.right)
    close = _CLOSE if callable(exercise.right) else _BY_HAND
    if _same(found, wanted, close):
        return f"Right. {exercise.praise}"
    for words, wrong in exercise.mistakes.items():
        ways = wrong if isinstance(wrong, Ways) else (wrong,)
        if any(_same(found, _results(exercise, way), close) for way in ways):
            return f"Not yet: {words}"
    return f"Not yet: {_difference(exercise, found, wanted, close)} {_HINT}"


def _results(exercise: Exercise, answer: Any) -> list[Any]:
    """What an answer comes to: itself, or what it gives on each input."""
    if answer is ...:
        raise _OpenError
    if not callable(exercise.right):
        return [answer]
    if not callable(answer):
        raise TypeError(f"a function is asked for, and this is a {type(answer).__name__}.")
    return [_called(answer, given) for given in exercise.inputs]


def _called(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """The result of one call, on copies, so that nothing that it changes is shared."""
    copies = [value.clone() if isinstance(value, Tensor) else value for value in given]
    try:
        found = function(*copies)
    except TypeError as error:
        if "ellipsis" in str(error):  # three dots were part of a calculation
            raise _OpenError from None
        raise
    if found is ...:
        raise _OpenError
    return found


def _same(found: list[Any], wanted: list[Any], close: float) -> bool:
    return all(_equal(mine, theirs, close) for mine, theirs in zip(found, wanted, strict=True))


def _equal(mine: Any, theirs: Any, close: float) -> bool:
    """Numbers to rounding, sequences by their members, all else exactly."""
    if isinstance(theirs, Tensor | float):
        mine, theirs = _numbers(mine), _numbers(theirs)
        return (
            mine is not None
            and mine.shape == theirs.shape
            and torch.allclose(mine, theirs, close, _CLOSE, equal_nan=True)
        )
    if isinstance(theirs, tuple):
        listed = isinstance(mine, tuple | list | set)
        return listed and sorted(mine, key=str) == sorted(theirs, key=str)
    if isinstance(theirs, str) and isinstance(mine, str):
        return _plain(mine) == theirs
    return bool(mine == theirs)


def _plain(name: str) -> str:
    """The row that is meant by LayerNorm, layer norm or Layer normalisation.

    >>> _plain("LayerNorm"), _plain("layer normalisation"), _plain("RMS")
    ('layer', 'layer', 'rms')
    """
    return re.sub(r"[\s_-]|norm(ali[sz]ation)?$", "", name.lower())


def _numbers(value: Any) -> Any:
    """As a float64 tensor, or None for what is no number."""
    try:
        return torch.as_tensor(value, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        return None


def _difference(exercise: Exercise, found: list[Any], wanted: list[Any], close: float) -> str:
    """The first thing that differs."""
    mine, theirs = next(
        pair for pair in zip(found, wanted, strict=True) if not _equal(*pair, close)
    )
    if isinstance(theirs, tuple) and isinstance(mine, tuple | list | set):
        return "those are not the axes that are pooled."
    if not isinstance(theirs, Tensor | float):
        return exercise.otherwise or f"{mine!r} is not the answer."
    given, right = _numbers(mine), _numbers(theirs)
    if given is None:
        what = "None" if mine is None else f"a {type(mine).__name__}"
        return f"a number or a tensor is asked for, and this is {what}."
    if given.shape != right.shape:
        wanted_shape = f"have {tuple(right.shape)}" if right.dim() else "be one number"
        return f"the result has the shape {tuple(given.shape)}, and should {wanted_shape}."
    place = int((given - right).abs().nan_to_num(torch.inf).argmax())
    number = f"{given.flatten()[place]:.6g}"
    if not callable(exercise.right):
        return exercise.otherwise or f"{number} is not the answer."
    where = [int(index) for index in torch.unravel_index(torch.tensor(place), right.shape)]
    at = f" at {where}" if right.dim() else ""
    return f"on the input of the check it gives {number}{at}, where {right.flatten()[place]:.6g} is right."
