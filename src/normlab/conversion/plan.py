"""What a conversion would do, layer by layer; nothing of the model is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import nn

from normlab.conversion.finding import Place, counted, places
from normlab.conversion.order import OURS, Order
from normlab.conversion.refusing import (
    RefusedError,
    check_loss,
    check_whole,
    steps_after,
)
from normlab.conversion.targets import Old, builder_for, by_class
from normlab.errors import CheckError, one_line
from normlab.nn import registry
from normlab.nn.activated import activated
from normlab.nn.scripting import Unscripted


@dataclass(frozen=True)
class Change:
    """What becomes of one layer; `names` are all the places it is used at, `was` is how it was shown.

    new: None where the layer stays as it is, `note` says why; left: because `skip` says so.
    """

    place: Place
    new: nn.Module | None
    note: str
    was: str
    left: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return self.place.names

    @property
    def old(self) -> nn.Module:
        return self.place.module

    @property
    def refused(self) -> bool:
        return self.new is None and not self.left


def in_question(model: nn.Module, order: Order) -> list[Place]:
    """The layers that an order speaks of, or CheckError where there is none."""
    found = [place for place in places(model, order.rules) if meant(place, order)]
    if not found:
        what = "layer of torch's that normlab has" if order.to == OURS else f"{order.source} layer"
        raise CheckError(
            f"convert: {type(model).__name__} holds no {what}; it has {counted(model)}."
        )
    order.check_skip([name for place in found for name in place.names])
    return found


def meant(place: Place, order: Order) -> bool:
    """Whether an order speaks of a layer."""
    if place.rule is not None:
        return True
    if order.to != OURS:
        return place.kind == order.source
    known = {*registry.layers(), "layer", "frozen"} - {"divisive", "gdn", "gdn1", "local_contrast"}
    return place.kind in known and not isinstance(place.module, Unscripted)


def planned(model: nn.Module, found: Sequence[Place], order: Order) -> tuple[Change, ...]:
    return tuple(_change(model, place, order) for place in found)


def check_refused(changes: Sequence[Change]) -> None:
    """CheckError for the first that is refused, or where nothing is left to change."""
    refused = [change for change in changes if change.refused]
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise CheckError(
            f"convert: {refused[0].names[0] or 'the model'}{more}: {refused[0].note} "
            f"To leave such layers as they are, skip='refused'."
        )
    if all(change.new is None for change in changes):
        raise CheckError(
            f"convert: nothing is left to convert. {changes[0].names[0] or 'The model'}: "
            f"{changes[0].note}"
        )


def _change(model: nn.Module, place: Place, order: Order) -> Change:
    was = repr(place.module)
    try:
        new, note = _made(model, place, order)
    except RefusedError as reason:
        left = order.leaves_refused or order.skips(place.names)
        return Change(place, None, str(reason), was, left)
    if order.skips(place.names):
        return Change(place, None, "left as it is, as asked.", was, left=True)
    return Change(place, new, note, was)


def _made(model: nn.Module, place: Place, order: Order) -> tuple[nn.Module, str]:
    check_whole(place)
    if place.rule is not None:
        return _by_rule(place)
    if order.own_class and (note := by_class(place.module, order)):
        return place.module, note
    check_loss(model, place)
    assert place.found is not None
    new, note = builder_for(order)(Old(place.module, place.found), order)
    return _dressed(new, place), note


def _by_rule(place: Place) -> tuple[nn.Module, str]:
    assert place.rule is not None
    name = getattr(place.rule, "__name__", "the rule")
    try:
        new = place.rule(place.module)
    except Exception as error:
        raise RefusedError(f"{name} raised {type(error).__name__}: {one_line(error)}") from error
    if not isinstance(new, nn.Module):
        raise RefusedError(
            f"{name} returned {new!r}; a rule must return the module to be put there."
        )
    if all(part is not place.module for part in new.modules()):  # else its hooks are still called
        new = _with_hooks(new, place.module)
    return new, f"as {name} made it"


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_HOOK_DICTS = (
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks_with_kwargs",
)
_STATE_HOOKS = ("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_post_hooks")


def _dressed(new: Any, place: Place) -> nn.Module:
    """With the activation, hooks, mode and further attributes of the old layer."""
    steps = steps_after(place)
    if steps:
        new = activated(new, steps)
    for name, value in vars(place.module).items():
        if not name.startswith("_") and name not in _usual() and not hasattr(new, name):
            setattr(new, name, value)
    return _with_hooks(new, place.module)


def _with_hooks(new: nn.Module, old: nn.Module) -> nn.Module:
    for name in (*_HOOKS, *_STATE_HOOKS, *_HOOK_DICTS):
        getattr(new, name).update(getattr(old, name))
    new._is_full_backward_hook = old._is_full_backward_hook
    return new.train(old.training)


@cache
def _usual() -> set[str]:
    """Attributes that torch's own layers have: settings, which the new layer has its own of."""
    made = (
        entry.make(2, kind=entry.torch[0]) for entry in registry.layers().values() if entry.torch
    )
    return {name for layer in made for name in vars(layer)} | {"process_group", "single"}
