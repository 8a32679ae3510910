"""Many layers of a model are of one kind: what was found of the first is tried on the others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from normlab.errors import NormlabError
from normlab.recognition.by_numbers import EXACT
from normlab.recognition.copies import copied, held_by, run, undisturbed
from normlab.recognition.found import Recognised, Step
from normlab.recognition.inputs import made_up
from normlab.recognition.recognise import recognise

_SCALES = (1.0, 1e-2)  # times x: a variance of 1, and one where eps counts


class Recogniser:
    """`recognise` for many modules: each kind is found out once, and the others are compared with it."""

    def __init__(self) -> None:
        self.known: dict[type, list[Recognised]] = {}
        self.unknown: set[Any] = set()

    def __call__(self, module: nn.Module) -> Recognised | None:
        key = _key(module)
        if key in self.unknown:
            return None
        for other in self.known.get(type(module), ()):
            if again := alike(module, other):
                return again
        found = recognise(module)
        if found is None:
            self.unknown.add(key)
        elif found.how == "numbers" and found.exact:
            self.known.setdefault(type(module), []).append(found)
        return found


def _key(module: nn.Module) -> tuple[Any, ...]:
    """What decides what a module is: its class and settings, and the shapes of what it holds."""
    shapes = tuple((name, tuple(value.shape)) for name, value in held_by(module).items())
    return type(module), repr(module), shapes


def alike(module: nn.Module, other: Recognised) -> Recognised | None:
    """A module as what another of its class was recognised as, if its numbers are that; else None.

    >>> one, two = nn.BatchNorm2d(3), nn.BatchNorm2d(5)
    >>> found = alike(two, recognise(one))
    >>> found.row.name, found.weight is two.weight
    ('batch', True)
    """
    try:
        found = _bound_to(module, other)
    except KeyError:
        return None
    return found if _agrees(found) else None


def _bound_to(module: nn.Module, other: Recognised) -> Recognised:
    """The same, of another module: KeyError where that has not what this one has."""
    theirs, ours = held_by(other.module), held_by(module)
    bound: dict[str, Any] = {"module": module}
    for what in ("weight", "bias", "mean", "var"):
        value = getattr(other, what)
        if value is not None:
            bound[what] = ours[next((n for n, v in theirs.items() if v is value), "")]
    shape = other.settings.get("normalized_shape")
    if shape is not None and other.weight is not None and tuple(shape) == other.weight.shape:
        bound["settings"] = {**other.settings, "normalized_shape": tuple(bound["weight"].shape)}
    if other.step is not None:
        bound["step"] = _step(module, other.module, other.step)
    return replace(other, **bound)


def _step(module: nn.Module, other: nn.Module, step: Step) -> Step:
    if step.module is None:
        return step
    children = dict(module.named_children())
    name = next((n for n, child in other.named_children() if child is step.module), "")
    if type(children[name]) is not type(step.module):
        raise KeyError(name)
    child = children[name]
    return Step(step.words, copied(child).double().eval(), child, step.parameters)


def _agrees(found: Recognised) -> bool:
    for x in made_up(found.module):
        with undisturbed(x.device), torch.no_grad():
            try:
                return all(off <= EXACT for off in _differences(found, x))
            except NormlabError:  # it takes no such input
                continue
    return False


def _differences(found: Recognised, x: Tensor) -> Iterator[float]:
    for training in (True, False):
        for scale in _SCALES:
            own = copied(found.module).double().train(training)
            y = run(own, scale * x)
            wanted = found.normalized(scale * x, training).y
            wanted = wanted if found.step is None else found.step.function(wanted)
            yield ((y - wanted).norm() / wanted.norm().clamp_min(1e-300)).item()
