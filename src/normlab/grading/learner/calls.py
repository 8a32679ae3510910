"""How a learner's function or class is called. Runs in the learner's process."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from normlab.equation.table import find
from normlab.grading.learner.binding import (
    WrongSignatureError,
    arguments,
    constructor_arguments,
    parameters,
    roles,
)
from normlab.grading.learner.loading import RefusedError, forward_of, words
from normlab.grading.learner.subject import Implementation, numbers
from normlab.grading.rows import aliases, learned


class Function(Implementation):
    """A plain function of x and the settings; running statistics are passed in, as torch does."""

    kind = "function"

    def __init__(self, target: Any, row: str, path: Path):
        super().__init__(target, row, path)
        self.parameters = parameters(target)
        if not self.parameters:
            raise RefusedError(f"{self.name}() takes no x; its first parameter must be the input.")
        self.roles = roles(row, [p.name for p in self.parameters[1:]])
        for role in ("weight", "bias"):  # a number by default is one number, not one a channel
            if role in self.roles and self._default(self.roles[role]) is not None:
                del self.roles[role]
        self.kept: dict[str, Any] = {}

    def offer(self) -> dict[str, Any]:
        gave = {role: self._default(name) for role, name in self.roles.items()}
        return {
            "kind": self.kind,
            "name": self.name,
            "row": self.row,
            "offers": list(self.roles),
            "defaults": gave,
            "slopes": not self.numpy,
            "modes": "running_mean" in self.roles,
        }

    def _default(self, name: str) -> Any:
        value = next(p.default for p in self.parameters if p.name == name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def start(self, request: dict[str, Any]) -> None:
        self.given = {name: self._array(value) for name, value in request["given"].items()}
        if "running_mean" in self.roles:
            channels = request["channels"]
            self.kept = {
                "running_mean": self._array([0.0] * channels),
                "running_var": self._array([1.0] * channels),
            }

    def _array(self, value: Any) -> Any:
        if not isinstance(value, list) or (value and isinstance(value[0], int)):
            return tuple(value) if isinstance(value, list) else value
        return np.array(value, dtype=np.float32) if self.numpy else torch.tensor(value)

    def call(self, x: Any, train: bool) -> Any:
        given = self.given | self.kept | {"training": train}
        first, *rest = self.parameters
        held = arguments(self.row, given, rest, f"{self.name}()")
        if first.kind is inspect.Parameter.KEYWORD_ONLY:
            out = self.target(**{first.name: x}, **held)
        else:
            out = self.target(x, **held)
        if self.kept and isinstance(out, tuple | list) and len(out) >= 3:
            self.kept = dict(zip(self.kept, out[1:3], strict=True))
        return out

    def running(self) -> dict[str, Any]:
        return _running(self.kept.get("running_mean"), self.kept.get("running_var"))


class Layer(Implementation):
    """A class with a constructor and forward, made anew for each scenario."""

    kind = "class"
    made: Any

    def __init__(self, target: Any, row: str, path: Path):
        super().__init__(target, row, path)
        self.parameters = parameters(target)
        called = forward_of(target)
        if called is None:
            raise RefusedError(f"the class {self.name} has no forward; write forward(self, x).")
        self.taken = parameters(called)[2:]
        if len(parameters(called)) < 2:
            raise RefusedError(f"forward of {self.name} takes no x; write forward(self, x).")

    def offer(self) -> dict[str, Any]:
        extent = {"extent": 6, "num_groups": 2, "normalized_shape": 6}
        problem = ""
        try:
            self._make(extent)
        except WrongSignatureError:
            raise
        except BaseException as error:
            problem = words(error, self.path)
            raise RefusedError(
                f"{self.name} cannot be made for 6 channels: {problem}; its constructor must take what "
                f"torch's takes."
            ) from error
        held = roles(self.row, [p.name for p in self.parameters])
        offers = {role for role in held if role not in learned(self.row)}
        offers |= {role for role in aliases(self.row) if self._attribute(role) is not None}
        offers |= set(roles(self.row, [p.name for p in self.taken]))
        modes = "training" in offers or isinstance(self.made, nn.Module)
        return {
            "kind": self.kind,
            "name": self.name,
            "row": self.row,
            "offers": sorted(offers),
            "defaults": self._defaults(),
            "slopes": not self.numpy,
            "modes": modes and "running_mean" in offers,
        }

    def _defaults(self) -> dict[str, Any]:
        found = roles(self.row, [p.name for p in self.parameters])
        values = {role: self._attribute(role) for role in aliases(self.row)}
        values |= {
            role: p.default
            for role, name in found.items()
            for p in self.parameters
            if p.name == name
        }
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float)}
        return {k: v for k, v in numbers.items() if not isinstance(v, bool)}

    def _attribute(self, role: str) -> Any:
        """What the layer holds in that role: its numbers, or a tensor."""
        for alias in aliases(self.row)[role]:
            value = getattr(self.made, alias, None)
            if isinstance(value, Tensor | np.ndarray) or (
                isinstance(value, int | float) and len(alias) > 1
            ):
                return value
        return None

    def _make(self, given: dict[str, Any]) -> None:
        try:
            self.made = self._constructed(given)
        except TypeError:
            extent = given.get("extent")
            if not isinstance(extent, int) or "normalized_shape" not in given:
                raise
            self.made = self._constructed(
                given | {"extent": (extent,), "normalized_shape": (extent,)}
            )

    def _constructed(self, given: dict[str, Any]) -> Any:
        return self.target(
            **constructor_arguments(self.row, given, self.parameters, f"{self.name}'s constructor")
        )

    def start(self, request: dict[str, Any]) -> None:
        self.given = request["given"]
        shape = self.given.get("normalized_shape")
        if isinstance(shape, list):
            self.given["normalized_shape"] = shape[0] if len(shape) == 1 else tuple(shape)
            self.given["extent"] = self.given["normalized_shape"]
        else:
            self.given["extent"] = request["channels"]
        self._make(self.given)
        told = roles(self.row, [p.name for p in self.parameters])
        for role, value in self.given.items():
            if role in learned(self.row) or (role in aliases(self.row) and role not in told):
                self._set(role, value)

    def _set(self, role: str, value: Any) -> None:
        for alias in aliases(self.row).get(role, ()):
            old = getattr(self.made, alias, None)
            if isinstance(old, Tensor):
                values = torch.tensor(value, dtype=old.dtype)
                if old.numel() == 1 and values.numel() != 1:
                    raise WrongSignatureError(
                        f"{alias} has one element where {tuple(values.shape)} are needed"
                    )
                with torch.no_grad():
                    old.data = values.reshape(old.shape).clone()
                return
            if isinstance(old, np.ndarray):
                setattr(self.made, alias, np.array(value, dtype=old.dtype).reshape(old.shape))
                return
            if isinstance(old, int | float) and not isinstance(old, bool):
                setattr(self.made, alias, value)
                return

    def call(self, x: Any, train: bool) -> Any:
        if isinstance(self.made, nn.Module):
            self.made.train(train)
        elif callable(getattr(self.made, "train", None)):
            (self.made.train if train else getattr(self.made, "eval", self.made.train))()
        elif hasattr(self.made, "training"):
            self.made.training = train
        held = arguments(self.row, self.given | {"training": train}, self.taken, "forward")
        if callable(self.made):
            return self.made(x, **held)
        return self.made.forward(x, **held)

    def running(self) -> dict[str, Any]:
        if not find(self.row).running:
            return {}
        return _running(self._attribute("running_mean"), self._attribute("running_var"))


def _running(mean: Any, var: Any) -> dict[str, Any]:
    if mean is None or var is None:
        return {}
    mean, var = (torch.as_tensor(value) for value in (mean, var))
    kept = {"mean": numbers(mean.reshape(-1)), "var": numbers(var.reshape(-1))}
    return kept | {"graph": mean.requires_grad or var.requires_grad}
