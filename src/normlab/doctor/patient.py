"""A model that is being worked on: its layers, its graph, and what is known of its inputs."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from normlab.doctor.case import Layer
from normlab.doctor.graph import Graph, graph_of
from normlab.doctor.layers import layers_of
from normlab.errors import CheckError, SettingError, did_you_mean, one_line
from normlab.nn.modes import evaluating
from normlab.recalibration.batches import Batches, Progress, random_state_kept, silent


@dataclass(frozen=True)
class Options:
    """Options of fixes: an eps to restore; `normlab.convert` or a function like it, and its settings."""

    eps: float | None = None
    convert: Any = None
    settings: Mapping[str, Any] = field(default_factory=lambda: {"to": "group"})


@dataclass(eq=False)
class Patient:
    """The copy that fixes work on. What is known of it is forgotten when it changes."""

    model: nn.Module
    batches: Batches | None = None
    options: Options = field(default_factory=Options)
    progress: Progress = silent
    _known: dict[str, Any] = field(default_factory=dict)

    def changed(self) -> None:
        self._known.clear()

    @property
    def layers(self) -> list[Layer]:
        if "layers" not in self._known:
            self._known["layers"] = layers_of(self.model)[0]
        return self._known["layers"]

    def chosen(self, names: Iterable[str] | None) -> list[Layer]:
        """The layers of these names, or all."""
        if names is None:
            return self.layers
        wanted = set(names)
        known = [name for layer in self.layers for name in (*layer.names, layer.name)]
        if unknown := sorted(wanted - set(known)):
            raise SettingError(
                f"{unknown[0]!r} names no normaliser of {type(self.model).__name__}."
                f"{did_you_mean(unknown[0], known)}"
            )
        return [layer for layer in self.layers if wanted & {*layer.names, layer.name}]

    @property
    def graph(self) -> Graph:
        if "graph" not in self._known:
            leaves = [layer.module for layer in self.layers if layer.module is not None]
            self._known["graph"] = graph_of(self.model, self.batches, leaves)
        return self._known["graph"]

    @property
    def dims(self) -> dict[nn.Module, set[int]]:
        """How many dimensions the inputs of each module have on the first batch; {} without batches."""
        if "dims" not in self._known:
            self._known["dims"] = {} if self.batches is None else _dims(self.model, self.batches)
        return self._known["dims"]

    def name_of(self, module: nn.Module) -> str:
        return next((n for n, m in self.model.named_modules() if m is module), "")

    def put(self, old: nn.Module, new: nn.Module) -> None:
        """A module in the place of another, in its mode, under all its names; the model may be one."""
        new.training = old.training
        names = [n for n, m in self.model.named_modules(remove_duplicate=False) if m is old]
        for name in names:
            if not name:
                self.model = new
                continue
            home, _, last = name.rpartition(".")
            self.model.get_submodule(home)._modules[last] = new


def _dims(model: nn.Module, batches: Batches) -> dict[nn.Module, set[int]]:
    seen: dict[nn.Module, set[int]] = {}

    def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
        if args and isinstance(args[0], Tensor):
            seen.setdefault(module, set()).add(args[0].dim())

    handles = [part.register_forward_pre_hook(hook) for part in model.modules()]
    try:
        with random_state_kept(model), torch.no_grad(), evaluating(model):
            batches.run(model, next(iter(batches)))
    finally:
        for handle in handles:
            handle.remove()
    return seen


def check_numbers(model: nn.Module) -> None:
    """Errors: CheckError for a model whose parameters hold no numbers yet."""
    held = [*model.parameters(), *model.buffers()]
    name = type(model).__name__
    if any(map(is_lazy, held)):
        raise CheckError(
            f"{name} has lazy layers without a shape; call it once on a batch before it is given."
        )
    if any(value.is_meta for value in held):
        raise CheckError(
            f"{name} is on the meta device, where parameters hold no numbers; load its weights first."
        )


def copy_of(model: nn.Module) -> nn.Module:
    """A copy with numbers of its own, or CheckError."""
    held = (value for module in model.modules() for value in vars(module).values())
    made = (value for value in held if isinstance(value, Tensor) and not value.is_leaf)
    try:  # torch refuses to copy tensors that were computed, as pruning has them
        return copy.deepcopy(model, {id(value): value.detach().clone() for value in made})
    except Exception as error:
        raise CheckError(
            f"{type(model).__name__} cannot be copied ({type(error).__name__}: {one_line(error)}), and "
            f"a fix works on a copy; give a model whose parts can be copied."
        ) from error
