"""What feeds what in a model, and how often each module is called."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

Kind = Literal["input", "module", "function", "held", "output"]


@dataclass(eq=False)
class Node:
    """One step of a model: a call of a module or a function, an input, a held tensor, the output.

    name: the path of the module, or the name of the function, of the input or of the tensor; module: the
    model's own; held: the parameter or buffer that is read; inputs: what gives its tensors, in the order
    of its arguments; users: what takes its output, those aside that ask for its shape or dtype alone.
    """

    kind: Kind
    name: str
    module: nn.Module | None = None
    held: Tensor | None = None
    inputs: tuple["Node", ...] = ()
    users: list["Node"] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def passes(self) -> bool:
        """Whether it gives what it was given."""
        return type(self.module) is nn.Identity


@dataclass(frozen=True)
class Graph:
    """The steps of a model in the order in which they are done.

    how: "traced" by torch.fx, "seen" in one run, or "" where nothing is known; then `why` says why.

    >>> conv, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    >>> graph = graph_of(nn.Sequential(conv, norm, nn.ReLU()))
    >>> graph.source(norm) is conv, graph.users(norm), graph.calls(conv)
    (True, (module 2,), 1)
    """

    nodes: tuple[Node, ...] = ()
    how: Literal["traced", "seen", ""] = ""
    why: str = ""

    @property
    def known(self) -> bool:
        return bool(self.how)

    def of(self, module: nn.Module) -> tuple[Node, ...]:
        """The calls of a module, in order."""
        return tuple(n for n in self.nodes if n.kind == "module" and n.module is module)

    def calls(self, module: nn.Module) -> int:
        """How often one run of the model calls a module."""
        return len(self.of(module))

    def feeders(self, module: nn.Module) -> tuple[Node, ...]:
        """For each call of a module, what gives its first tensor; an Identity is passed over."""
        return tuple(back(call.inputs[0]) for call in self.of(module) if call.inputs)

    def users(self, module: nn.Module) -> tuple[Node, ...]:
        """What takes the output of a module, over all its calls; an Identity is passed over."""
        return tuple(user for call in self.of(module) for user in onward(call))

    def read(self, module: nn.Module) -> bool:
        """Whether other code than its own call reads the parameters or buffers of a module."""
        own = {id(t) for t in (*module.parameters(), *module.buffers())}
        return any(node.kind == "held" and id(node.held) in own for node in self.nodes)

    def source(self, module: nn.Module) -> nn.Module | None:
        """The module that alone feeds this one and feeds nothing else, both called once; else None."""
        return None if self.obstacle(module) else self.feeders(module)[0].module

    def obstacle(self, module: nn.Module) -> str:
        """Why there is no such `source`, in words; "" where there is one."""
        if not self.known:
            return f"what feeds it is not known, because {self.why}"
        calls, feeders = self.calls(module), self.feeders(module)
        if calls != 1:
            return "it is not called" if not calls else f"it is called {calls} times in one run"
        if not feeders or feeders[0].module is None or feeders[0].kind != "module":
            given = str(feeders[0]) if feeders else "nothing that is known"
            return f"{given} gives its input, not a module"
        one = feeders[0]
        if (times := self.calls(one.module)) > 1:  # pyright: ignore[reportArgumentType]
            return f"{one.name}, which feeds it, is called {times} times in one run"
        if (users := len(onward(one))) > 1:
            return f"{one.name} feeds {users} steps, not this one alone"
        for layer, what in ((one.module, one.name), (module, "it")):
            if layer is not None and self.read(layer):
                return f"other code reads the numbers that {what} holds"
        return ""


def back(node: Node) -> Node:
    """The node itself, or behind every Identity what that was given.

    >>> back(Node("module", "id", nn.Identity(), inputs=(Node("input", "x"),)))
    input x
    """
    while node.passes and node.inputs:
        node = node.inputs[0]
    return node


def onward(node: Node) -> list[Node]:
    """What uses the output of a node, behind every Identity."""
    return [further for user in node.users for further in (onward(user) if user.passes else [user])]


def graph_of(
    model: nn.Module,
    batches: Iterable[Any] | None = None,
    leaves: Iterable[nn.Module] = (),
    training: bool = False,
) -> Graph:
    """The graph of a model: traced by torch.fx, or where that cannot be, seen in a run on the first batch.

    A copy is traced or run, whose parameters are the model's own: the model stays as it is. Modules
    without children are one step each, and so are those of torch.nn that are no mere container, and
    those of `leaves`, such as a norm with its activation inside.

    Args: batches: see `normlab.recalibration.batches`; without them only tracing is tried. training: the
        mode that the copy is in. A run is on random numbers of its own.
    Limits: a run shows the branches that this batch takes; a tensor that is handed on past torch (numpy,
        attributes read later) is lost from sight.

    >>> graph_of(nn.Linear(2, 2)).how
    'traced'
    """
    from normlab.doctor.tracing import graph_from

    return graph_from(model, batches, set(leaves), training)
