"""The table of mistakes by itself: each is told apart from all others by some scenario."""

import pytest
import torch

from normlab import table
from normlab.grading.judge.compare import agrees, tolerance
from normlab.grading.judge.mistakes import possible
from normlab.grading.judge.naming import Case, case, combined
from normlab.grading.judge.plan import Offer, scenarios, trials
from normlab.grading.judge.recipe import Recipe
from normlab.grading.rows import aliases


def offer_of(row):
    roles = frozenset(aliases(row)) - {"sigma_raised"}
    return Offer("class", "it", row.name, roles, dict(row.defaults), True, True)


def all_scenarios(row):
    offer = offer_of(row)
    tried = trials(row, offer)
    forms = list(dict.fromkeys(s.check for s in tried))
    return [*tried, *scenarios(row, offer, forms)]


def measured(predicted, dtype="float32"):
    """As a learner's code would give it, in float32 or a half dtype."""

    def rounded(value):
        narrow = getattr(torch, dtype)
        return value.to(narrow).double() if isinstance(value, torch.Tensor) else value

    return [{key: rounded(value) for key, value in step.items()} for step in predicted]


def cancelled(step):
    return step | {"y": torch.full((1,), 3.0)} if isinstance(step.get("y"), str) else step


ROWS = [pytest.param(row, id=name) for name, row in table.items()]


@pytest.mark.parametrize("row", ROWS)
def test_each_mistake_is_seen_and_told_apart_from_all_others(row):
    right, offer = Recipe(row), offer_of(row)
    mistakes = possible(right, set(offer.offers), offer.defaults)
    assert len(mistakes) > 4
    tried = all_scenarios(row)
    recipes = [combined(right, [mistake]) for mistake in mistakes]
    given = [[recipe.predict(s) for s in tried] for recipe in recipes]
    shares = [tolerance(row, s) for s in tried]
    for mistake, recipe, predicted in zip(mistakes, recipes, given, strict=True):
        dtype = recipe.half or "float32"
        seen = [[cancelled(step) for step in measured(steps, dtype)] for steps in predicted]
        cases = [
            Case(s, steps, right.predict(s, steps), share)
            for s, steps, share in zip(tried, seen, shares, strict=True)
        ]
        order = sorted(range(len(cases)), key=lambda i: cases[i].passed())  # rules most out at once
        assert not cases[order[0]].passed(), mistake.sentence
        found = next(
            (m for m, r, p in zip(mistakes, recipes, given, strict=True)
             if all(gives(cases[i], r, p[i]) for i in order)),
            None,
        )  # fmt: skip
        assert found is not None, mistake.sentence
        assert found.name == mistake.name, (found.sentence, mistake.sentence)


def gives(case, recipe, predicted):
    return agrees(case.scenario, case.seen, predicted, case.share_of(recipe))


@pytest.mark.parametrize("row", ROWS)
def test_the_right_recipe_passes(row):
    right = Recipe(row)
    assert all(case(s, measured(right.predict(s)), right).passed() for s in all_scenarios(row))


@pytest.mark.parametrize("row", ROWS)
def test_axes_cannot_hide(row):
    """The sizes of a form that is no square all differ."""
    for scenario in all_scenarios(row):
        if not scenario.square:
            assert len(set(scenario.shape)) == len(scenario.shape)
