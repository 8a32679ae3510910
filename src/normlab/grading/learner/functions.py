"""How a learner's function is called. Runs in the learner's process."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.equation.table import find
from normlab.grading.learner.binding import arguments, dictionary, parameters, roles
from normlab.grading.learner.loading import RefusedError
from normlab.grading.learner.subject import Implementation, NothingError, numbers, running
from normlab.grading.rows import KEPT

_PER_CHANNEL = ("weight", "bias")
_SLOPES = ("slope", "dweight", "dbias")  # in the order in which a backward pass returns them


class Function(Implementation):
    """A plain function of x and the settings; running statistics are passed in, as torch does.

    They may also come in a dictionary, as in CS231n, which then keeps the running statistics.
    """

    kind = "function"

    def __init__(self, target: Any, row: str, path: Path):
        super().__init__(target, row, path)
        self.parameters = parameters(target)
        if not self.parameters:
            raise RefusedError(f"{self.name}() takes no x; its first parameter must be the input.")
        self.dictionary = dictionary(self.parameters[1:])
        self.roles = roles(row, [p.name for p in self.parameters[1:]])
        for role in _PER_CHANNEL:  # a number by default is one number, not one a channel
            if role in self.roles and self._default(self.roles[role]) is not None:
                del self.roles[role]
        self.kept: dict[str, Any] = {}
        self.back = _backward_of(target)
        self.cache: Any = None  # what the forward pass keeps for it

    def offer(self) -> dict[str, Any]:
        inside = self._inside() if self.dictionary else []
        return {
            "kind": self.kind,
            "name": self.name,
            "row": self.row,
            "offers": [*self.roles, *inside],
            "defaults": {role: self._default(name) for role, name in self.roles.items()},
            "slopes": not self.numpy or self.back is not None,
            "backward": self.back is not None,
            "modes": "running_mean" in [*self.roles, *inside],
            "convention": "keras" if "momentum" in inside else "",
        }

    def _inside(self) -> list[str]:
        """The roles that the dictionary holds."""
        row = find(self.row)
        numbers = [s.name for s in row.settings if isinstance(s.default, float)]
        return [*numbers, *(KEPT if row.running else ())]

    def _default(self, name: str) -> Any:
        value = next(p.default for p in self.parameters if p.name == name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def start(self, request: dict[str, Any]) -> None:
        self.shape = request["shape_of_channel"]
        self.given = {name: self._given(name, value) for name, value in request["given"].items()}
        if {"running_mean"} & {*self.roles, *(self._inside() if self.dictionary else ())}:
            channels = request["channels"]
            mean, var = request["start"] or ([0.0] * channels, [1.0] * channels)
            self.kept = {
                "running_mean": self._channel(mean),
                "running_var": self._channel(var),
            }

    def _given(self, name: str, value: Any) -> Any:
        if name in _PER_CHANNEL and isinstance(value, list):
            return self._channel(value)
        if not isinstance(value, list) or (value and isinstance(value[0], int)):
            return tuple(value) if isinstance(value, list) else value
        return self._array(value)

    def _channel(self, values: Any) -> Any:
        """One number a channel, in the shape that the function takes it."""
        held = self._array(values)
        return held.reshape(self.shape) if self.shape else held

    def _array(self, value: Any) -> Any:
        return np.array(value, dtype=np.float32) if self.numpy else torch.tensor(value)

    def call(self, x: Any, train: bool) -> Any:
        given = self.given | self.kept | {"training": train}
        first, *rest = self.parameters
        if self.dictionary:
            self.held = {**self.given, **self.kept, "mode": "train" if train else "test"}
            given[self.dictionary] = self.held
        held = arguments(self.row, given, rest, f"{self.name}()", self.dictionary)
        if first.kind is inspect.Parameter.KEYWORD_ONLY:
            out = self.target(**{first.name: x}, **held)
        else:
            out = self.target(x, **held)
        self.cache = out[1] if isinstance(out, tuple | list) and len(out) == 2 else None
        if self.dictionary:
            self.kept = {name: self.held[name] for name in self.kept}
        elif self.kept and isinstance(out, tuple | list) and len(out) >= 3:
            self.kept = dict(zip(self.kept, out[1:3], strict=True))
        return out

    def slopes(self, y: Tensor, leaf: Tensor, towards: Any) -> dict[str, Any]:
        """Those of the learner's own backward pass, where there is one."""
        if self.back is None or self.cache is None:
            return super().slopes(y, leaf, towards)
        out = self.back(self._array(towards), self.cache)
        parts = out if isinstance(out, tuple | list) else [out]
        if not len(parts) or any(part is None for part in parts):
            raise NothingError("it returns nothing from its backward pass")
        told = dict(zip(_SLOPES, map(torch.as_tensor, parts), strict=False))
        return {k: numbers(a if k == "slope" else a.flatten()) for k, a in told.items()}

    def running(self) -> dict[str, Any]:
        return running(self.kept.get("running_mean"), self.kept.get("running_var"))


def _backward_of(function: Any) -> Any:
    """The function beside it that computes its gradient by hand: batchnorm_backward(dout, cache)."""
    name, held = function.__name__, vars(inspect.getmodule(function))
    names = (name.replace("forward", "backward"), f"{name}_backward")
    return next((held[n] for n in names if n != name and callable(held.get(n))), None)
