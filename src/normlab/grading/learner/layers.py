"""How a learner's class is made and called. Runs in the learner's process."""

import contextlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from normlab.equation.table import find
from normlab.grading.learner.binding import (
    WrongSignatureError,
    arguments,
    configuration,
    constructor_arguments,
    parameters,
    roles,
)
from normlab.grading.learner.loading import RefusedError, forward_of, words
from normlab.grading.learner.renamed import by_start
from normlab.grading.learner.subject import Implementation, MisfitError, running
from normlab.grading.rows import aliases, learned

_STATISTICS = ("running_mean", "running_var")
_EXTENT = 6  # the channels with which it is first made
_PROBES = ((4, 6), (2, 6, 3, 5), (2, 6, 5))  # inputs after which a layer has what it makes late


class Layer(Implementation):
    """A class with a constructor and forward, made anew for each scenario."""

    kind = "class"
    made: Any

    def __init__(self, target: Any, row: str, path: Path):
        super().__init__(target, row, path)
        self.parameters = parameters(target)
        self.configured = configuration(target.__init__, self.parameters)
        if self.configured:  # its fields are as good as parameters
            self.parameters = parameters(self.configured[1])
        called = forward_of(target)
        if called is None:
            raise RefusedError(f"the class {self.name} has no forward; write forward(self, x).")
        self.taken = parameters(called)[2:]
        self.renamed: dict[str, str] = {}  # role → a name that tells nothing
        if len(parameters(called)) < 2:
            raise RefusedError(f"forward of {self.name} takes no x; write forward(self, x).")

    def offer(self) -> dict[str, Any]:
        try:
            self._make({"extent": _EXTENT, "num_groups": 2, "normalized_shape": _EXTENT, "rank": 2})
        except WrongSignatureError:
            raise
        except BaseException as error:
            raise RefusedError(
                f"{self.name} cannot be made for {_EXTENT} channels: {words(error, self.path)}; its "
                f"constructor must take what torch's takes."
            ) from error
        self.renamed = self._renamed()
        offers = self._offers()
        modes = "training" in offers or isinstance(self.made, nn.Module)
        return {
            "kind": self.kind,
            "name": self.name,
            "row": self.row,
            "offers": sorted(offers),
            "defaults": self._defaults(),
            "slopes": not self.numpy,
            "modes": modes,
            "state": self._state(),
            "renamed": self.renamed,
        }

    def _renamed(self) -> dict[str, str]:
        found = {role: self._found(role)[0] for role in aliases(self.row)}
        told = set(roles(self.row, [p.name for p in self.parameters]))
        lacking = {role for role, name in found.items() if not name} - told
        return by_start(self.made, _EXTENT, set(found.values()), lacking)

    def _offers(self) -> set[str]:
        held = roles(self.row, [p.name for p in self.parameters])
        offers = {role for role in held if role not in learned(self.row)}
        offers |= {role for role in aliases(self.row) if self._attribute(role) is not None}
        if find(self.row).running and not offers & set(_STATISTICS):
            self._probe()
            offers |= {role for role in _STATISTICS if self._attribute(role) is not None}
        return offers | set(roles(self.row, [p.name for p in self.taken]))

    def _probe(self) -> None:
        """Call it once, for what it makes at its first call."""
        self.given = {}
        for shape in _PROBES:
            x = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
            with contextlib.suppress(BaseException):
                self.call(x.numpy() if self.numpy else x, True)
                return

    def _state(self) -> dict[str, Any] | None:
        """What a saved model keeps of its tensors, and what an optimiser trains; None for no nn.Module."""
        if not isinstance(self.made, nn.Module):
            return None
        kept = {id(value) for value in self.made.state_dict(keep_vars=True).values()}
        found = {}
        for role in aliases(self.row):
            name, value = self._found(role)
            if isinstance(value, Tensor):
                learnt = isinstance(value, nn.Parameter)
                found[role] = {"name": name, "kept": id(value) in kept, "learnt": learnt}
        return found

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
        return self._found(role)[1]

    def _found(self, role: str) -> tuple[str, Any]:
        for alias in self._names(role):
            value = getattr(self.made, alias, None)
            if isinstance(value, Tensor | np.ndarray) or (
                isinstance(value, int | float) and len(alias) > 1
            ):
                return alias, value
        return "", None

    def _names(self, role: str) -> tuple[str, ...]:
        own = (self.renamed[role],) if role in self.renamed else ()
        return (*aliases(self.row).get(role, ()), *own)

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
        made = self.configured[1] if self.configured else self.target
        held = constructor_arguments(
            self.row, given, self.parameters, f"{made.__name__}'s constructor"
        )
        return (
            self.target(**{self.configured[0]: made(**held)}) if self.configured else made(**held)
        )

    def start(self, request: dict[str, Any]) -> None:
        self.given = request["given"] | {"rank": request["rank"]}
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

        for role, values in zip(_STATISTICS, request["start"] or (), strict=False):
            self._set(role, values)

    def _set(self, role: str, value: Any) -> None:
        for alias in self._names(role):
            old = getattr(self.made, alias, None)
            if isinstance(old, Tensor):
                with torch.no_grad():
                    old.data = torch.tensor(
                        _fitting(value, tuple(old.shape), alias), dtype=old.dtype
                    ).reshape(old.shape)
                return
            if isinstance(old, np.ndarray):
                fits = np.array(_fitting(value, old.shape, alias), dtype=old.dtype)
                setattr(self.made, alias, fits.reshape(old.shape))
                return
            number = isinstance(old, int | float) and not isinstance(old, bool)
            late = old is None and hasattr(self.made, alias) and role in _STATISTICS
            if number or late:
                array = np.array(value, np.float32) if self.numpy else torch.tensor(value)
                setattr(self.made, alias, array if isinstance(value, list) else value)
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
        return running(self._attribute("running_mean"), self._attribute("running_var"))


def _fitting(value: Any, shape: tuple[int, ...], name: str) -> Any:
    """The values, if there are as many as the learner's tensor has; alike ones fit any shape."""
    values = torch.tensor(value, dtype=torch.float64)
    if values.numel() == math.prod(shape):
        return value
    if values.unique().numel() == 1:
        return torch.full(shape, values.flatten()[0].item()).tolist()
    raise MisfitError(
        f"{name} has the shape {tuple(shape)}, and it must have {tuple(values.shape)}"
    )
