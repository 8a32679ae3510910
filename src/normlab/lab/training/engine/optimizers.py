"""Gradient descent and Adam for networks side by side, each with a learning rate of its own."""

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
_BETAS, _EPS = (0.9, 0.999), 1e-8


class SGD:
    """v ← momentum · v + g, p ← p − lr · v; the same as torch.optim.SGD, network by network."""

    def __init__(self, parameters: Tensors, lr: Tensor, momentum: float = 0.0):
        self.parameters, self.lr, self.momentum = parameters, lr, momentum
        self.velocity: Tensors = {}

    @torch.no_grad()
    def step(self, gradients: Tensors) -> None:
        for name, p in self.parameters.items():
            p.sub_(_for_each(self.lr, p) * self._direction(name, gradients[name]))

    def _direction(self, name: str, gradient: Tensor) -> Tensor:
        if not self.momentum:
            return gradient
        before = self.velocity.get(name)
        self.velocity[name] = gradient if before is None else self.momentum * before + gradient
        return self.velocity[name]


class Adam:
    """Kingma & Ba 2015; the same as torch.optim.Adam, network by network."""

    def __init__(self, parameters: Tensors, lr: Tensor, momentum: float = 0.0):
        self.parameters, self.lr, self.steps = parameters, lr, 0
        self.first = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.second = {name: torch.zeros_like(p) for name, p in parameters.items()}

    @torch.no_grad()
    def step(self, gradients: Tensors) -> None:
        self.steps += 1
        correct = [1 - beta**self.steps for beta in _BETAS]
        for name, p in self.parameters.items():
            g, first, second = gradients[name], self.first[name], self.second[name]
            first.lerp_(g, 1 - _BETAS[0])
            second.lerp_(g.square(), 1 - _BETAS[1])
            scale = (second / correct[1]).sqrt_().add_(_EPS)
            p.sub_(_for_each(self.lr, p) * first / correct[0] / scale)


OPTIMIZERS = {"sgd": SGD, "adam": Adam}


def _for_each(lr: Tensor, parameter: Tensor) -> Tensor:
    return lr.reshape(-1, *[1] * (parameter.ndim - 1))
