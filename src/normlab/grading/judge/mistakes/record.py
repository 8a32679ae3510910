"""What is known of one mistake, and the ways to say which part of the recipe it replaces."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from normlab.equation.row import Norm, Sigma
from normlab.grading.judge import kinds
from normlab.grading.judge.recipe import Change, Recipe

When = Callable[[Norm], bool]  # whether a row can have a mistake, by its columns
Replace = Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Mistake:
    """One mistake: its name, what is wrong, a hint that does not give it away, and the solution.

    `change` turns the right recipe into the one with this mistake; without it the mistake is seen at once
    and needs no model. `needs` names what the signature must offer for it to be possible, `phase` which
    part of the grading it belongs to. A `rare` one is not tried together with others, which takes long; a
    `placed` one says for which shapes it is wrong. With a `basic` one, what is computed is not this
    normaliser any more, or a part is missing: it costs all that it breaks, where others cost one check.
    """

    name: str
    sentence: str
    hint: str
    solution: str
    when: When = kinds.always
    change: Replace | None = None
    needs: str = ""
    phase: str = "training"
    rare: bool = False
    placed: bool = False
    basic: bool = False


def setting(name: str, change: Change) -> Replace:
    return lambda recipe: recipe.setting(name, change)


def parts(**fields: Any) -> Replace:
    return lambda recipe: replace(recipe, **fields)


def columns(**of_row: Any) -> Replace:
    return lambda recipe: recipe.with_row(**of_row)


def element(which: str) -> Replace:
    """Another element pooled; the pool must be one that can be taken of it."""

    def change(recipe: Recipe) -> Recipe:
        recipe.with_row(n=1.0, p=1.0, center=False)
        return replace(recipe, element=which)

    return change


def without_sigma(recipe: Recipe) -> Recipe:
    return recipe.setting(recipe.row.sigma.setting, lambda value, values: value * 0.0)


def sigma_at(placement: str, squared: bool = False) -> Replace:
    def change(recipe: Recipe) -> Recipe:
        held = Sigma(recipe.row.sigma.setting, placement, raised=squared)  # type: ignore[arg-type]
        return recipe.with_row(sigma=held)

    return change


def diagonal(value: Any, values: Any) -> Any:
    return torch.diag(torch.diagonal(torch.as_tensor(value)))
