"""Networks of one architecture side by side: stacked under vmap, or one alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from normlab.errors import NormlabError
from normlab.lab.training.engine.networks.parts import Tap
from normlab.lab.training.engine.random_layers import RandomLayer
from normlab.lab.training.engine.tape import Tape

Tensors = dict[str, Tensor]
_EVALUATED = 65536  # examples × networks that are evaluated at once


class Group:
    """Parameters and buffers of M networks, stacked along a first axis.

    With `stacked`, one vmapped call runs them all (torch.func); without, M is 1 and the network itself is
    called. Either way the first axis of inputs and outputs is the network's. replayed: gradients are
    computed from a tape, for networks that do the same at every step.
    """

    def __init__(self, networks: Sequence[nn.Module], stacked: bool = True, replayed: bool = False):
        if not stacked and len(networks) != 1:
            raise ValueError(f"{len(networks)} networks without stacking; give one")
        self.network, self.stacked, self.replayed = networks[0], stacked, replayed
        self._tapes: dict[Any, Tape] = {}  # by the form of a batch
        parameters, buffers = stack_module_state(list(networks))
        self.parameters: Tensors = {n: p.detach().requires_grad_() for n, p in parameters.items()}
        self.buffers: Tensors = dict(buffers)
        modules = dict(self.network.named_modules())
        self.random = {name: m for name, m in modules.items() if isinstance(m, RandomLayer)}
        self.taps = {name: m for name, m in modules.items() if isinstance(m, Tap)}

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))

    def losses(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy of each network on its batch, in training mode: (M,)."""
        return self._losses(self.parameters, self.buffers, x, y)

    def _losses(self, parameters: Tensors, buffers: Tensors, x: Tensor, y: Tensor) -> Tensor:
        def loss(parameters: Tensors, buffers: Tensors, x: Tensor, y: Tensor) -> Tensor:
            return cross_entropy(functional_call(self.network, (parameters, buffers), (x,)), y)

        return self._call(loss, True, parameters, buffers, x, y)

    def outputs(self, x: Tensor, training: bool = False) -> Tensor:
        """What the networks answer: (M, N, classes); buffers stay as they are."""

        def answer(parameters: Tensors, buffers: Tensors, x: Tensor) -> Tensor:
            return functional_call(self.network, (parameters, buffers), (x,))

        with torch.no_grad(), self.untouched():
            return self._call(answer, training, self.parameters, self.buffers, x)

    def watch(self, x: Tensor, *names: str, training: bool = False) -> Tensors:
        """What passes the taps of those names: (M, N, …) each; buffers stay as they are."""

        def passing(parameters: Tensors, buffers: Tensors, x: Tensor) -> Tensors:
            functional_call(self.network, (parameters, buffers), (x,))
            return {name: self.taps[name].seen for name in names}

        with torch.no_grad(), self.untouched():
            return self._call(passing, training, self.parameters, self.buffers, x)

    def gradients(
        self, x: Tensor, y: Tensor, parameters: Tensors | None = None
    ) -> tuple[Tensor, Tensors]:
        """Losses, and the gradient of each network's own by its parameters."""
        at = parameters or self.parameters
        if not self.replayed:
            return self._gradients(at, self.buffers, x, y)
        given = (*at.values(), *self.buffers.values(), x, y)
        form = tuple((t.shape, t.stride()) for t in (x, y))
        if form in self._tapes:
            return self._tapes[form].replay(*given)
        self._tapes[form] = tape = Tape(self._of_tensors, *given)
        return tape.first

    def _of_tensors(self, *given: Tensor) -> tuple[Tensor, Tensors]:
        """The same from one row of tensors: parameters, buffers, a batch and its classes."""
        *state, x, y = given
        at = dict(zip(self.parameters, state, strict=False))
        buffers = dict(zip(self.buffers, state[len(at) :], strict=True))
        return self._gradients(at, buffers, x, y)

    def _gradients(
        self, at: Tensors, buffers: Tensors, x: Tensor, y: Tensor
    ) -> tuple[Tensor, Tensors]:
        losses = self._losses(at, buffers, x, y)
        found = torch.autograd.grad(losses.sum(), list(at.values()), allow_unused=True)
        zeros = (
            torch.zeros_like(p) if g is None else g for p, g in zip(at.values(), found, strict=True)
        )
        return losses.detach(), dict(zip(at, zeros, strict=True))

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever runs inside, running statistics are as before afterwards."""
        before = {name: buffer.clone() for name, buffer in self.buffers.items()}
        try:
            yield
        finally:
            self.buffers = before

    def draw(self, generators: Sequence[torch.Generator]) -> None:
        """New random numbers for the layers with chance in them, each network's from its generator."""
        for name, layer in self.random.items():
            found = torch.stack([layer.sample(generator) for generator in generators])
            self.buffers[f"{name}.draw"] = found.to(self.buffers[f"{name}.draw"].device)

    def _call(self, function: Callable[..., Any], training: bool, *given: Any) -> Any:
        self.network.train(training)
        if self.stacked:
            return vmap(function)(*given)
        alone = [_first(argument) for argument in given]
        out = function(*alone)
        if isinstance(out, dict):
            return {name: value[None] for name, value in out.items()}
        return out[None]


def _first(given: Tensor | Tensors) -> Tensor | Tensors:
    if isinstance(given, dict):
        return {name: value[0] for name, value in given.items()}
    return given[0]


def stackable(network: nn.Module, x: Tensor, y: Tensor) -> bool:
    """Whether vmap takes this network in training and in evaluation; x and y are one batch."""
    try:
        group = Group([network, network])
        with group.untouched():
            group.gradients(torch.stack([x, x]), torch.stack([y, y]))
        group.outputs(torch.stack([x, x]))
    except (RuntimeError, NotImplementedError, NormlabError):
        return False
    return True


def in_parts(networks: int, examples: int) -> range:
    """Where the parts begin in which so many examples are evaluated."""
    return range(0, examples, max(1, _EVALUATED // networks))
