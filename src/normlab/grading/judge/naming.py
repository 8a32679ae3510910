"""Which mistake, or which two, explain everything that was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from normlab.grading.judge.compare import Seen, agrees, tolerance
from normlab.grading.judge.mistakes import Mistake
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.scenario import Scenario


@dataclass(eq=False)
class Case:
    """A scenario with what was seen, what is right, and how closely they must agree."""

    scenario: Scenario
    seen: Seen
    right: Seen
    share: float

    def passed(self) -> bool:
        return agrees(self.scenario, self.seen, self.right, self.share)


@dataclass
class Explanation:
    """The mistakes that together give what was seen, and the recipe that has them."""

    mistakes: tuple[Mistake, ...]
    recipe: Recipe


def case(scenario: Scenario, seen: Seen, right: Recipe) -> Case:
    return Case(scenario, seen, right.predict(scenario), tolerance(right.row, scenario))


def explain(
    right: Recipe, mistakes: Sequence[Mistake], cases: list[Case], most: int = 2
) -> Explanation | None:
    """The first single mistake, or else the first pair, whose recipe gives all that was seen."""
    # what differs from the right result rules out most recipes at once
    cases = sorted(cases, key=Case.passed)
    models = [m for m in mistakes if m.change is not None]
    for count in range(1, most + 1):
        for chosen in combinations(models, count):
            recipe = combined(right, chosen)
            if recipe is not None and gives(recipe, cases):
                return Explanation(chosen, recipe)
    return None


def combined(right: Recipe, mistakes: Sequence[Mistake]) -> Recipe | None:
    """The recipe with all these mistakes, or None where they exclude each other."""
    recipe: Any = right
    for mistake in mistakes:
        assert mistake.change is not None
        try:
            recipe = mistake.change(recipe)
        except ValueError:  # a row that would break its own laws
            return None
    return recipe


def gives(recipe: Recipe, cases: list[Case]) -> bool:
    return all(agrees(c.scenario, c.seen, recipe.predict(c.scenario), c.share) for c in cases)
