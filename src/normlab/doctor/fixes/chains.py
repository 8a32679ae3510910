"""Steps of a model that follow one another, each feeding the next alone."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from normlab.doctor.graph import Graph, Node, back, onward

# each element by itself, without parameters
ELEMENTWISE = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.SiLU,
    nn.GELU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Hardtanh,
    nn.Mish,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
)
# of functions, those alone that take no setting
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "relu6": nn.functional.relu6,
    "silu": nn.functional.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
# a channel that is constant stays so, without settings that look over the border
_POOLS = (
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
)


def after(graph: Graph, node: Node) -> Iterator[Node]:
    """What follows a step, one by one, as long as each is used once and called once."""
    while len(users := onward(node)) == 1:
        node = users[0]
        if node.module is not None and graph.calls(node.module) > 1:
            return
        yield node


def before(graph: Graph, node: Node) -> Iterator[Node]:
    """What leads to a step, one by one backwards, as long as each has one user and one call."""
    while node.inputs:
        node = back(node.inputs[0])
        if len(onward(node)) != 1 or (node.module is not None and graph.calls(node.module) > 1):
            return
        yield node


def elementwise(node: Node) -> Callable[[Tensor], Tensor] | None:
    """What a step does to each element, or to a constant channel; None where it does more."""
    if node.kind == "function":
        return _FUNCTIONS.get(node.name.rstrip("_"))
    module = node.module
    if type(module) in ELEMENTWISE:
        assert module is not None
        return lambda x: module(x.clone())
    return (lambda x: x) if type(module) in _POOLS else None
