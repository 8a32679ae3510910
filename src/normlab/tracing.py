"""In what way torch is running this call: plainly, traced, under a transform, or again for backward."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, fx, nn
from torch.autograd import forward_ad
from torch.overrides import has_torch_function

_jit_tracing = torch.jit.is_tracing  # pyright: ignore[reportPrivateImportUsage]
_functorch = torch._C._functorch  # pyright: ignore[reportAttributeAccessIssue]
# by one name: looking up three costs as much as the call. What exports without Dynamo gives no plain tensors.
_compiling, _tracing, _level = (
    torch.compiler.is_dynamo_compiling,
    torch._C._is_tracing,
    _functorch.maybe_current_level,
)
_PROXY = torch._C._TorchDispatchModeKey.PROXY
_mode = torch._C._get_dispatch_mode
_mode_before = torch._ops._get_dispatch_mode_pre_dispatch
Given = ParamSpec("Given")
Result = TypeVar("Result")
Layer = TypeVar("Layer", bound=nn.Module)


def values_known(x: Tensor) -> bool:
    """Whether code may branch on the values of x: not when compiled, traced, transformed, fake or on meta."""
    known = not (in_tracer() or x.is_meta or in_transform() or hasattr(x, "fake_mode"))
    return known and not in_make_fx()


def fake(x: Tensor) -> bool:
    """Whether x has no values: what is computed of ordinary tensors while a FakeTensorMode is active."""
    return type(x) is not Tensor and hasattr(x, "fake_mode")


def plain(x: object) -> bool:
    """Whether x is an ordinary tensor on the CPU in an ordinary call: the short test of the common case."""
    return (
        not _compiling()
        and type(x) is Tensor
        and x.is_cpu
        and not _tracing()
        and forward_ad._current_level < 0
        and _level() is None
    )


def in_make_fx() -> bool:
    """Whether make_fx is writing down operators, on tensors that look ordinary and may not be looked into."""
    return _mode(_PROXY) is not None or _mode_before(_PROXY) is not None


def in_tracer() -> bool:
    """Whether torch.compile, torch.export or torch.jit.trace is writing down what is done."""
    return torch.compiler.is_compiling() or _jit_tracing()


def in_transform() -> bool:
    """Whether a transform of torch.func (vmap, grad, jacrev …) is active."""
    return _functorch.maybe_current_level() is not None


def in_forward_mode() -> bool:
    """Whether derivatives are taken in forward mode (jvp, jacfwd, hessian, dual numbers)."""
    return forward_ad._current_level >= 0


def wants_operators() -> bool:
    """Whether torch's own operators must do the work: in forward mode, and under torch.jit.trace."""
    return in_forward_mode() or _jit_tracing()


def in_backward() -> bool:
    """Whether autograd is running a backward pass, as when a checkpoint computes its forward again."""
    return not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1


def batched(g: Tensor) -> bool:
    """In a backward pass: whether g is several gradients at once, as torch.func or is_grads_batched give."""
    return in_transform() or _functorch.is_legacy_batchedtensor(g)


watching: list[list[list[str]]] = []  # for whom, the calls so far and what computed each


@contextmanager
def watched() -> Iterator[list[list[str]]]:
    """The calls of the functions of normlab while this lasts: [name, what computed it …] of each."""
    seen: list[list[str]] = []
    watching.append(seen)
    try:
        yield seen
    finally:
        watching.remove(seen)


def begun(name: str) -> None:
    """Note for who watches that a function of normlab begins, where it is not `recorded`."""
    for seen in watching:
        seen.append([name])


def observed(what: str) -> None:
    """Note for who watches what computes the call that has begun."""
    for seen in watching:
        if seen:
            seen[-1].append(what)


def recorded(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """A function that torch.fx records as one call, as it does torch's own."""

    @wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        if _overridden(args, kwargs) and (tracer := _tracer(args, kwargs)):
            args, kwargs = named(args, kwargs)
            return tracer.create_proxy("call_function", call, args, kwargs)
        for seen in watching:
            seen.append([function.__name__])
        return function(*args, **kwargs)

    named = _seen_by_place(call, function)
    return call


def recorded_layer(
    forward: Callable[Concatenate[Layer, Given], Result],
) -> Callable[Concatenate[Layer, Given], Result]:
    """A layer's forward, of which torch.fx records the layer: what was traced obeys train() and eval()."""

    @wraps(forward)
    def call(layer: Layer, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        if _overridden(args, kwargs) and (tracer := _tracer(args, kwargs)):
            return _called(tracer, layer, *named((layer, *args), kwargs))
        return forward(layer, *args, **kwargs)

    named = _seen_by_place(call, forward)
    return call


def _seen_by_place(call: Any, function: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Show torch.fx a function without keyword-only arguments; what it then gives by place, by name again.

    Of a root that has such arguments fx changes the code, so that a wrapper would be called wrongly.
    """
    code, only = function.__code__, function.__code__.co_kwonlyargcount
    if not only:
        return lambda args, kwargs: (args, kwargs)
    places, total = code.co_argcount, code.co_argcount + only
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    shown = FunctionType(
        code.replace(co_argcount=total, co_kwonlyargcount=0),
        function.__globals__,
        function.__name__,
        defaults,
        function.__closure__,
    )
    call.__signature__, call.__wrapped__ = inspect.signature(function), shown
    names = code.co_varnames[places:total]

    def named(args: Any, kwargs: Any) -> tuple[Any, Any]:
        return args[:places], dict(zip(names, args[places:], strict=False)) | dict(kwargs)

    return named


def _overridden(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an argument takes torch's functions over, as a proxy of torch.fx does."""
    # len, since the compiler of torch 2.10 cannot follow bool of a dict
    return has_torch_function(args) or (len(kwargs) > 0 and has_torch_function((*kwargs.values(),)))


def _tracer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The tracer of torch.fx whose proxies are among the arguments, if there are any."""
    given = (*args, *kwargs.values())
    return next((a.tracer for a in given if isinstance(a, fx.Proxy)), None)


def _called(tracer: Any, layer: nn.Module, given: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args = given[1:]
    if layer is tracer.root:  # a graph cannot call the module it belongs to
        tracer.root = nn.ModuleDict({"layer": layer})
        path = "layer"
    else:
        path = tracer.path_of_module(layer)
    if layer._forward_hooks or layer._forward_pre_hooks:
        # torch is running these around this call, so that they are in the graph already
        held = tracer.create_proxy("get_attr", path, (), {})
        return tracer.create_proxy("call_method", "forward", (held, *args), kwargs)
    return tracer.create_proxy("call_module", path, args, kwargs)
