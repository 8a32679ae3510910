"""The normalisers of a model or of a state_dict, each with all its paths; and what was not looked at."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.jit import ScriptModule
from torch.nn.parameter import is_lazy

from normlab.doctor.case import USUAL_EPS, Layer
from normlab.equation.spellings import BIAS, MEAN, VAR, WEIGHT
from normlab.errors import CheckError
from normlab.nn import registry
from normlab.recognition import Recognised, why_not
from normlab.recognition.alike import Recogniser
from normlab.recognition.by_type import by_type


def layers_of(model: nn.Module) -> tuple[list[Layer], dict[str, str]]:
    """The layers in the order of the model, and why modules that look like normalisers are none of them."""
    named: dict[nn.Module, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        named.setdefault(module, []).append(name)
    whole = {part for module in named if registry.entry_of(module) for part in _within(module)}
    recognise, holding = Recogniser(), set[nn.Module]()
    found, unknown = [], {}
    for module, names in reversed(named.items()):  # of two that hold each other, the inner one
        if module in whole or holding & set(_within(module)):
            continue
        one = _recognised(module, recognise)
        if one is not None:
            found.append(_layer(module, names, one))
            holding.add(module)
        elif looks_like_one(module):
            unknown[names[0] or "(the model)"] = _reason(module)
    return found[::-1], dict(reversed(unknown.items()))


def _within(module: nn.Module) -> list[nn.Module]:
    return [part for part in module.modules() if part is not module]


def _recognised(module: nn.Module, recognise: Recogniser) -> Recognised | None:
    if isinstance(module, ScriptModule) or _lazy(module):
        return None
    try:
        return by_type(module) or recognise(module)
    except CheckError:  # it cannot be copied
        return None


def _lazy(module: nn.Module) -> bool:
    return any(map(is_lazy, [*module.parameters(), *module.buffers()]))


def looks_like_one(module: nn.Module) -> bool:
    """By its class name, or by the statistics that it holds itself."""
    name = getattr(module, "original_name", type(module).__name__)
    own = {*module._parameters, *module._buffers} if not isinstance(module, ScriptModule) else set()
    named = "norm" in name.lower() and not any(module.children())
    return named or registry.entry_of(module) is not None or bool(own & {*MEAN})


def _reason(module: nn.Module) -> str:
    if isinstance(module, ScriptModule):
        return "it was compiled by torch.jit; examine the model before that"
    return why_not(module).rstrip(".")


def _layer(module: nn.Module, names: list[str], found: Recognised) -> Layer:
    eps = found.settings.get("eps", USUAL_EPS)
    return Layer(
        tuple(names),
        module,
        found,
        found.mean,
        found.var,
        found.weight,
        found.bias,
        float(eps) if isinstance(eps, int | float) else USUAL_EPS,
    )


def layers_in(state: Mapping[str, Any]) -> list[Layer]:
    """What a state_dict holds of batch norms: wherever a running mean and variance have one prefix."""
    prefixes = dict.fromkeys(
        key.rpartition(".")[0] for key, value in state.items() if _is(key, MEAN, value)
    )
    found = []
    for prefix in prefixes:
        mean, var, weight, bias = (
            _held(state, prefix, words) for words in (MEAN, VAR, WEIGHT, BIAS)
        )
        if mean is not None and var is not None and mean.shape == var.shape:
            found.append(Layer((prefix,), mean=mean, var=var, weight=weight, bias=bias))
    return found


def _is(key: str, words: tuple[str, ...], value: Any) -> bool:
    numbers = isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 0
    return numbers and key.rpartition(".")[2] in words


def _held(state: Mapping[str, Any], prefix: str, words: tuple[str, ...]) -> Tensor | None:
    dot = f"{prefix}." if prefix else ""
    keys = (f"{dot}{word}" for word in words)
    found = next((state[key] for key in keys if _is(key, words, state.get(key))), None)
    return found if found is None else torch.as_tensor(found)
