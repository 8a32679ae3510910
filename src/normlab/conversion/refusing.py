"""Why a layer cannot be exchanged, whatever it is to become: something of it would be lost, or break."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import nn
from torch.jit import ScriptModule
from torch.nn.modules.lazy import LazyModuleMixin

from normlab.conversion.finding import Place, of_quantisation

_TENSORS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_FRAMEWORKS = frozenset(vars(nn.Module()))


class RefusedError(Exception):
    """Why one layer stays as it is."""


def check_whole(place: Place) -> None:
    """Refuse what cannot be changed in any way."""
    module = place.module
    within = (module, *place.above)
    if any(isinstance(holder, ScriptModule) for holder in within):
        raise RefusedError(
            "it is compiled by TorchScript, whose parts cannot be exchanged; convert the model before "
            "torch.jit.script or torch.jit.trace."
        )
    if holder := next((holder for holder in within if of_quantisation(holder)), None):
        part = "" if holder is module else "a part of "
        raise RefusedError(
            f"it is {part}the {type(holder).__name__} of torch.ao.quantization, which needs it as it is; "
            f"convert the model before it is prepared, fused or quantised."
        )
    if isinstance(module, LazyModuleMixin):
        raise RefusedError(
            f"{type(module).__name__} has seen no input yet, so that its size is not known; run the "
            f"model on one batch, then convert it."
        )
    if holder := next((holder for holder in place.above if _reads_statistics(holder)), None):
        raise RefusedError(
            f"the forward of {type(holder).__name__} reads running statistics itself, instead of "
            f"leaving that to the layer; call the layer there, or exchange it by hand."
        )


def _reads_statistics(module: nn.Module) -> bool:
    """Whether its forward names the running statistics of a layer, as F.batch_norm takes them."""
    forward = inspect.unwrap(type(module).forward)
    code = getattr(forward, "__code__", None)
    return code is not None and bool({"running_mean", "running_var"} & set(code.co_names))


def check_loss(model: nn.Module, place: Place) -> None:
    """Refuse what a new layer in the old one's place would lose."""
    layer: Any = place.module
    name = type(layer).__name__
    if "forward" in vars(layer):
        raise RefusedError(
            f"the forward of this {name} was replaced on the layer itself, and would be lost; undo that "
            f"first, or exchange it by hand."
        )
    if place.found is None or not place.found.exact:
        raise RefusedError(
            f"{name} has a forward of its own, which would be lost; exchange it by hand."
        )
    _check_tensors(layer, name)
    _check_children(place)
    if where := _held_elsewhere(model, layer):
        raise RefusedError(
            f"it is also held in {where}, outside the modules of the model, and would stay there as it "
            f"was; exchange it by hand."
        )


def _check_tensors(layer: Any, name: str) -> None:
    if "parametrizations" in layer._modules:
        first = next(iter(layer.parametrizations))
        raise RefusedError(
            f"its {first} is parametrised, which would be lost; call torch.nn.utils.parametrize."
            f"remove_parametrizations(layer, {first!r}) first."
        )
    held = [*layer._parameters, *layer._buffers]
    if pruned := next((n for n in _TENSORS if f"{n}_orig" in held and f"{n}_mask" in held), None):
        raise RefusedError(
            f"its {pruned} is pruned by a mask, which would be lost; make that permanent with "
            f"torch.nn.utils.prune.remove(layer, {pruned!r}) first."
        )
    if more := [n for n in held if n not in _TENSORS]:
        raise RefusedError(
            f"this {name} also holds {', '.join(more)}, which would be lost; exchange it by hand."
        )


def steps_after(place: Place) -> dict[str, nn.Module]:
    """The activation that follows a layer, and its modules that do nothing, by their names."""
    step = None if place.found is None else place.found.step
    after = None if step is None else step.module
    kept = {
        name: child
        for name, child in place.module.named_children()
        if child is after or type(child) is nn.Identity
    }
    if step is not None and after is None and step.words in _ACTIVATIONS:
        kept["act"] = _ACTIVATIONS[step.words]()
    return kept


# those that a forward may call as functions, by the words of `normlab.recognition.steps`
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "SiLU": nn.SiLU,
    "GELU": nn.GELU,
    "GELU (tanh)": partial(nn.GELU, approximate="tanh"),
    "leaky ReLU": nn.LeakyReLU,
    "ELU": nn.ELU,
    "hard swish": nn.Hardswish,
    "Mish": nn.Mish,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
}


def _check_children(place: Place) -> None:
    step = None if place.found is None else place.found.step
    kept = steps_after(place)
    if more := [n for n, _ in place.module.named_children() if n not in kept]:
        raise RefusedError(
            f"this {type(place.module).__name__} also has {', '.join(more)}, which would be lost; "
            f"exchange it by hand."
        )
    if step is not None and not any(type(child) is not nn.Identity for child in kept.values()):
        raise RefusedError(
            f"{step.words} follows in its own forward, which would be lost; exchange it by hand."
        )


def _held_elsewhere(model: nn.Module, layer: nn.Module) -> str:
    """Where a plain attribute, or a list in one, holds the layer: no exchange of modules reaches it."""
    for name, owner in model.named_modules():
        for attribute, value in vars(owner).items():
            if attribute not in _FRAMEWORKS and any(v is layer for v in _inside(value)):
                return f"{name}.{attribute}".strip(".")
    return ""


def _inside(value: Any, depth: int = 3) -> Iterator[Any]:
    yield value
    if depth and isinstance(value, list | tuple | set):
        for inner in value:
            yield from _inside(inner, depth - 1)
    elif depth and isinstance(value, dict):
        yield from _inside(list(value.values()), depth - 1)
