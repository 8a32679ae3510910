"""A function of tensors that is called again and again: its operators are written down once, then replayed.

vmap, autograd and the modules choose the same operators at every step, which takes longer than computing
where networks are small. A replay calls the same operators with the same arguments: no bit changes.
"""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

_SAME = (torch.ops.aten.detach.default, torch.ops.aten.alias.default)  # give what they are given


class Tape:
    """Records one call of `function` with tensors; `replay` does the same with others of their shapes.

    The function must do the same at every call: nothing but the tensors given may decide what it does, and
    not by their values. What it changes in place among them is changed by the replay too.
    """

    def __init__(self, function: Callable[..., Any], *given: Tensor):
        graph = Graph()
        with _Recorder(graph, given) as recorder:
            self.first = function(*given)  # what the recorded call gave
        leaves, self._shape = tree_flatten(self.first)
        graph.output([recorder.node(leaf) for leaf in leaves])
        graph.eliminate_dead_code()
        self._program = GraphModule(recorder.constants, graph)

    def replay(self, *given: Tensor) -> Any:
        with torch.no_grad():
            return tree_unflatten(self._program(*given), self._shape)


class _Recorder(TorchDispatchMode):
    """Writes the operators called into a graph."""

    def __init__(self, graph: Graph, given: tuple[Tensor, ...]):
        super().__init__()
        self.graph = graph
        self.constants = torch.nn.Module()
        self._nodes: dict[Any, Node] = {}
        self._kept: list[Tensor] = []  # while it is kept, its memory is given to no other tensor
        for i, tensor in enumerate(given):
            self._add(tensor, graph.placeholder(f"given_{i}"))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        seen = tree_map(self._seen, (args, kwargs or {}))
        result = func(*args, **(kwargs or {}))
        if func in _SAME:
            return result
        node = self.graph.call_function(func, *seen)
        if isinstance(result, Tensor):
            self._add(result, node)
        else:
            for i, part in enumerate(result):
                self._add(part, self.graph.call_function(operator.getitem, (node, i)))
        return result

    def node(self, tensor: Tensor) -> Node:
        """Where it was given or computed; what was neither is a constant."""
        if _place(tensor) not in self._nodes:
            name = f"constant_{len(self._kept)}"
            self.constants.register_buffer(name, tensor.detach())
            self._add(tensor, self.graph.get_attr(name))
        return self._nodes[_place(tensor)]

    def _seen(self, value: Any) -> Any:
        return self.node(value) if isinstance(value, Tensor) else value

    def _add(self, tensor: Tensor | None, node: Node) -> None:
        if tensor is not None:
            self._nodes.setdefault(_place(tensor), node)
            self._kept.append(tensor)


def _place(tensor: Tensor) -> Any:
    """Which numbers it holds: autograd gives what it saved as another object of the same memory."""
    where = (tensor.untyped_storage().data_ptr(), tensor.storage_offset())
    return *where, tuple(tensor.shape), tensor.stride(), tensor.dtype
