"""The normalisers of a model, each with all the names it goes by."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.jit import ScriptModule
from torch.nn.modules.lazy import LazyModuleMixin

from normlab.nn import registry
from normlab.recognition import Recognised
from normlab.recognition.alike import Recogniser

Rule = Callable[[Any], nn.Module | None]
KINDS = ("batch", "instance", "group", "layer", "frozen")
_OF_ROW = {"positional": "layer"}  # layer norm over the channels of each place


@dataclass(frozen=True)
class Place:
    """A module of a model; `kind` is None where only a rule of the caller speaks of it.

    above: the modules that it is in.
    """

    names: tuple[str, ...]
    module: nn.Module
    above: tuple[nn.Module, ...]
    kind: str | None
    found: Recognised | None = None
    rule: Rule | None = None


def places(model: nn.Module, rules: Mapping[type[nn.Module], Rule] | None = None) -> list[Place]:
    """In the order of the model; where one holds another, the inner one.

    What is a normaliser by its class, or has a rule, is one whole, whatever it holds.
    """
    by_name = dict(model.named_modules(remove_duplicate=False))  # a scripted one finds none by name
    named: dict[nn.Module, list[str]] = {}
    for name, module in by_name.items():
        named.setdefault(module, []).append(name)
    ruled = {name: _rule(module, rules or {}) for name, module in by_name.items()}
    whole = {n for n, m in by_name.items() if ruled[n] or registry.entry_of(m) is not None}
    holding: set[str] = set()
    out: list[Place] = []
    recognise = Recogniser()
    for module, names in reversed(named.items()):
        if names[0] not in whole and holding & set(names):
            continue
        rule = ruled[names[0]]
        found = None if rule or _by_class_alone(module) else recognise(module)
        kind = None if rule else kind_of(module, found)
        if rule or kind:
            above = dict.fromkeys(outer for name in names for outer in _above(name))
            held_in = tuple(by_name[outer] for outer in above)
            out.append(Place(tuple(names), module, held_in, kind, found, rule))
            holding |= set(above)
    return [place for place in out[::-1] if not any(whole & set(_above(n)) for n in place.names)]


def _rule(module: nn.Module, rules: Mapping[type[nn.Module], Rule]) -> Rule | None:
    """That of its class, or of the nearest class above."""
    return next((rules[kind] for kind in type(module).__mro__ if kind in rules), None)


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:number]) for number in range(len(parts))] if name else []


def _by_class_alone(module: nn.Module) -> bool:
    """What cannot be run, or need not be: it is no normaliser, or stays what its class says."""
    return isinstance(module, ScriptModule | LazyModuleMixin) or of_quantisation(module)


def of_quantisation(module: nn.Module) -> bool:
    return any(kind.__module__.startswith("torch.ao.") for kind in type(module).__mro__)


def kind_of(module: nn.Module, found: Recognised | None) -> str | None:
    """What was recognised, or what the class promises where nothing was."""
    if found is not None and found.exact:
        kind = _OF_ROW.get(found.row.name, found.row.name)
        return "frozen" if found.frozen else kind
    if isinstance(module, ScriptModule):
        return _of_script(module)
    entry = registry.entry_of(module)
    return None if entry is None else entry.row.name


def _of_script(module: ScriptModule) -> str | None:
    """By the name of the class that was compiled, of the part itself."""
    name = getattr(module, "original_name", "")
    classes = {
        kind.__name__: row for row, entry in registry.layers().items() for kind in entry.torch
    }
    return classes.get(name)


def counted(model: nn.Module) -> str:
    """What a model has, in words: "2 × batch, 1 × layer"."""
    has = Counter(place.kind for place in places(model) if place.kind in KINDS)
    return (
        ", ".join(f"{has[kind]} × {kind}" for kind in KINDS if has[kind])
        or "no normaliser known here"
    )
