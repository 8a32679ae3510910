"""The graph of a model from torch.fx, or from what is seen while it runs on one batch."""

import copy
import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.jit import ScriptModule
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from normlab.doctor.graph import Graph, Kind, Node
from normlab.errors import one_line
from normlab.recalibration.batches import Batches, random_state_kept

_HOLDERS = (
    nn.Sequential,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.DataParallel,
    nn.parallel.DistributedDataParallel,
)
# what asks for no value of a tensor
_ABOUT = frozenset(
    """shape size dim ndim ndimension numel nelement stride dtype device is_cuda requires_grad layout
    is_contiguous get_device is_floating_point is_complex __len__ len is_sparse is_quantized
    is_nested element_size storage_offset names grad_fn is_leaf grad _assert_is_none""".split()  # noqa: SIM905
)


def graph_from(
    model: nn.Module, batches: Iterable[Any] | None, leaves: set[nn.Module], training: bool
) -> Graph:
    if any(isinstance(part, ScriptModule) for part in model.modules()):
        return Graph(why="a part of it is compiled by TorchScript")
    given = batches if batches is None or isinstance(batches, Batches) else Batches(batches)
    try:
        first = None if given is None else next(iter(given))
        own = Copy(model, leaves, training)
    except Exception as error:
        return Graph(why=f"it cannot be copied and run ({_said(error)})")
    try:
        return Graph(_traced(own, first), "traced")
    except Exception as error:
        why = f"torch.fx cannot trace it ({_said(error)})"
    if given is None:
        return Graph(why=f"{why}, and no batch was given to run it on")
    try:
        return Graph(_seen(Copy(model, leaves, training), given, first), "seen")
    except Exception as error:
        return Graph(why=f"{why}, and it does not run on the first batch ({_said(error)})")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(error, 120)}"


class Copy:
    """A copy of a model that shares its parameters, and the model's own parts by those of the copy."""

    def __init__(self, model: nn.Module, leaves: set[nn.Module], training: bool):
        shared = {id(p): p for p in model.parameters()}
        for module in model.modules():  # computed ones, which torch refuses to copy
            made = (v for v in vars(module).values() if isinstance(v, Tensor) and not v.is_leaf)
            shared |= {id(value): value.detach().clone() for value in made}
        self.model = copy.deepcopy(model, shared).train(training)
        named = dict(model.named_modules(remove_duplicate=False))
        copies = dict(self.model.named_modules(remove_duplicate=False))
        self.own = {copies[name]: (name, module) for name, module in reversed(named.items())}
        held = {**dict(model.named_buffers(remove_duplicate=False))}
        self.held: dict[int, tuple[str, Tensor]] = {
            id(p): (n, p) for n, p in reversed([*model.named_parameters()])
        }
        for name, buffer in self.model.named_buffers(remove_duplicate=False):
            self.held.setdefault(id(buffer), (name, held[name]))
        self.leaves = {copies[n] for n, module in named.items() if module in leaves}

    def whole(self, module: nn.Module) -> bool:
        """Whether a module is one step."""
        if module in self.leaves or not any(module.children()):
            return True
        of_torch = type(module).__module__.startswith("torch.nn.")
        return of_torch and not isinstance(module, _HOLDERS)

    def node(self, module: nn.Module) -> Node:
        name, original = self.own[module]
        return Node("module", name or "the model", original)


def _linked(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """With the users of each."""
    nodes = tuple(nodes)
    for node in nodes:
        for given in dict.fromkeys(node.inputs):
            given.users.append(node)
    return nodes


class _Tracer(fx.Tracer):
    def __init__(self, own: Copy):
        super().__init__()
        self.copy = own

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return self.copy.whole(m)


def _traced(own: Copy, batch: Any) -> tuple[Node, ...]:
    whole = own.whole(own.model)
    root = nn.Sequential(own.model) if whole else own.model
    with random_state_kept(own.model):
        graph = _Tracer(own).trace(root, None if whole else _fixed(own.model, batch))
    nodes: dict[fx.Node, Node] = {}
    for one in graph.nodes:
        if not _about(one):
            given = [nodes[i] for i in one.all_input_nodes if i in nodes]
            nodes[one] = _of_fx(one, root, own)
            nodes[one].inputs = tuple(given)
    return _linked(nodes.values())


def _fixed(model: nn.Module, batch: Any) -> dict[str, Any]:
    """The defaults of what the model may be given and is not."""
    named = set(batch) if isinstance(batch, Mapping) else set()
    parameters = list(inspect.signature(model.forward).parameters.values())
    return {
        p.name: p.default
        for number, p in enumerate(parameters)
        if p.default is not p.empty and p.name not in named and (number or named)
    }


def _about(one: fx.Node) -> bool:
    """Whether a step asks for a shape or a dtype, or makes something of such."""
    if one.op == "call_function" and one.target in (getattr, torch._assert):
        return one.target is torch._assert or one.args[1] in _ABOUT
    name = one.target if isinstance(one.target, str) else getattr(one.target, "__name__", "")
    return one.op in ("call_method", "call_function") and name in _ABOUT


def _of_fx(one: fx.Node, root: nn.Module, own: Copy) -> Node:
    if one.op == "call_module":
        return own.node(root.get_submodule(str(one.target)))
    if one.op == "get_attr":
        value: Any = root
        for part in str(one.target).split("."):
            value = getattr(value, part)
        if isinstance(value, nn.Module):
            return own.node(value)
        name, original = own.held.get(id(value), (str(one.target), value))
        return Node("held", name, held=original)
    kinds: dict[str, Kind] = {"placeholder": "input", "output": "output"}
    name = one.target if isinstance(one.target, str) else getattr(one.target, "__name__", "")
    return Node(kinds.get(one.op, "function"), name or str(one.target))


def _seen(own: Copy, batches: Batches, batch: Any) -> tuple[Node, ...]:
    watch = _Watch(own)
    with random_state_kept(own.model), torch.no_grad(), watch.hooked():
        watch.begin(batch)
        with watch:
            output = batches.run(own.model, batch)
        watch.add(Node("output", "output"), output, ())
    return _linked(watch.nodes)


class _Watch(TorchFunctionMode):
    """Notes each step with the steps that gave its tensors, known again as objects."""

    def __init__(self, own: Copy):
        super().__init__()
        self.own, self.nodes = own, list[Node]()
        self.made = WeakTensorKeyDictionary()  # a tensor -> the step that gave it, its version then
        self.within = 0
        self.given: list[tuple[Node, ...]] = []

    def begin(self, batch: Any) -> None:
        """Begin with the inputs."""
        for number, x in enumerate(_all(batch)):
            self.note(Node("input", f"input {number}"), x)

    def note(self, node: Node, output: Any) -> None:
        self.nodes.append(node)
        for y in _all(output):
            self.made[y] = node, _version(y)

    def add(self, node: Node, given: Any, output: Any) -> None:
        node.inputs = self.sources(given)
        self.note(node, output)

    def sources(self, given: Any) -> tuple[Node, ...]:
        return tuple(filter(None, map(self.source, _all(given))))

    def source(self, x: Tensor) -> Node | None:
        """What gave a tensor: a step, a held tensor, or what changed it in place since."""
        known: Any = self.made.get(x)
        node, version = known or (None, 0)
        if node is not None and version != _version(x):
            changed = Node("function", "a change in place", inputs=(node,))
            self.note(changed, x)
            return changed
        if node is None and id(x) in self.own.held:
            name, original = self.own.held[id(x)]
            node = Node("held", name, held=original)
            self.note(node, x)
        return node

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if name == "__get__":  # of an attribute, as shape
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        if self.within or name in _ABOUT:
            return func(*args, **kwargs)
        given = self.sources((args, kwargs))
        before = [(x, _version(x)) for x in _all((args, kwargs))]
        output = func(*args, **kwargs)
        same = any(output is x and version == _version(x) for x, version in before)
        if given and not same:  # as x.to(its own device) is
            changed = args[0] if name == "__setitem__" else output
            self.note(Node("function", name.strip("_"), inputs=given), changed)
        return output

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Modules that are one step count as one, whatever they do inside."""
        whole = [module for module in self.own.model.modules() if self.own.whole(module)]
        handles = []
        for module in whole:
            handles += [
                module.register_forward_pre_hook(self._enter, with_kwargs=True, prepend=True),
                module.register_forward_hook(self._leave, with_kwargs=True),
            ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self.within += 1  # before anything is asked of a tensor, which would be noted too
        self.given.append(() if self.within > 1 else self.sources((args, kwargs)))

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        given = self.given.pop()
        if self.within == 1:
            node = self.own.node(module)
            node.inputs = given
            self.note(node, output)
        self.within -= 1


def _version(x: Tensor) -> int:
    return -1 if x.is_inference() else x._version


def _all(value: Any) -> Iterator[Tensor]:
    """Every tensor in what is given or returned."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from (x for one in value.values() for x in _all(one))
    elif isinstance(value, list | tuple | set):
        yield from (x for one in value for x in _all(one))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        yield from (x for one in vars(value).values() for x in _all(one))
