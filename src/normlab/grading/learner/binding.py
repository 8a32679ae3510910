"""What a learner's class or function takes, and how it calls the settings of a row.

Runs in the learner's process. Names are matched, first come first served, against `grading.rows.aliases`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, get_type_hints

from normlab.equation.spellings import BIAS, WEIGHT
from normlab.grading.rows import aliases, learned

CHANNELS = {
    *("num_features", "num_channels", "channels", "n_features", "features", "in_channels", "dim"),
    *("n_channels", "d", "c", "C", "d_model", "hidden_size", "ndim", "size", "num_feature"),
}
AFFINE = ("affine", "elementwise_affine")
RANK = ("num_dims", "n_dims", "num_dim", "rank")  # how many dimensions x has, which some are told


class WrongSignatureError(Exception):
    """The learner's class or function cannot be called as its row asks."""


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise WrongSignatureError(f"its parameters cannot be read ({error})") from error
    starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [parameter for parameter in found if parameter.kind not in starred]


def configuration(
    function: Callable[..., Any], params: list[inspect.Parameter]
) -> tuple[str, Any] | None:
    """The parameter that takes all settings as a dataclass, by its annotation, and the dataclass."""
    try:
        hints = get_type_hints(function)
    except Exception:  # an annotation that cannot be read says nothing
        return None
    held = ((p.name, hints.get(p.name)) for p in params)
    return next(((name, kind) for name, kind in held if is_dataclass(kind)), None)


def roles(row: str, names: list[str]) -> dict[str, str]:
    """role → the learner's name for it."""
    found: dict[str, str] = {}
    for role, names_of in aliases(row).items():
        left = [name for name in names if name not in found.values()]
        name = next((alias for alias in names_of if alias in left), None)
        if name is not None:
            found[role] = name
    return found


def dictionary(params: list[inspect.Parameter]) -> str | None:
    """The parameter that takes all settings in a dictionary, as CS231n's bn_param does."""
    return next((p.name for p in params if p.name.endswith("_param")), None)


def arguments(
    row: str,
    given: Mapping[str, Any],
    params: list[inspect.Parameter],
    what: str,
    whole: str | None = None,
) -> dict[str, Any]:
    """The learner's arguments by name, for those roles that it has and that are given; `whole` as it is."""
    found = roles(row, [parameter.name for parameter in params])
    held = {name: given[role] for role, name in found.items() if given.get(role) is not None}
    held |= {whole: given[whole]} if whole else {}
    lost = [
        p.name
        for p in params
        if p.default is inspect.Parameter.empty and p.name not in held
    ]  # fmt: skip
    if lost:
        known = ", ".join(aliases(row))
        raise WrongSignatureError(
            f"{what} has the parameter {lost[0]!r} without a default, and no setting of {row} is called "
            f"so; give it a default, or one of the names {known}"
        )
    return held


def constructor_arguments(
    row: str, given: Mapping[str, Any], params: list[inspect.Parameter], what: str
) -> dict[str, Any]:
    """As `arguments`, with the number of channels (or the shape) for what asks for it."""
    given = {role: value for role, value in given.items() if role not in learned(row)}
    switches = {p.name for p in params if p.name in AFFINE or _is_switch(row, p)}
    taken = {name for role, name in roles(row, [p.name for p in params]).items() if role in given}
    free = [p for p in params if p.name not in taken | switches]
    sized = [p.name for p in free if p.name in CHANNELS]
    sized = sized or [
        p.name for p in free if p.default is inspect.Parameter.empty and p.name not in RANK
    ]
    held: dict[str, Any] = dict.fromkeys(switches, True)
    held |= dict.fromkeys(sized[:1], given["extent"])
    held |= {p.name: given["rank"] for p in free if p.name in RANK}
    return held | arguments(row, given, [p for p in params if p.name not in held], what)


def _is_switch(row: str, parameter: inspect.Parameter) -> bool:
    """A constructor's weight or bias says whether there is one, as in torch."""
    shared = {*WEIGHT, *BIAS} if "weight" in aliases(row) else set()
    return parameter.name in shared and parameter.default in (inspect.Parameter.empty, True, False)
