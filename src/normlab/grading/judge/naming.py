"""Which mistakes explain what was seen: one for everything, or else one or two for each phase."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import torch

from normlab.errors import NormlabError
from normlab.grading.judge.compare import Seen, agrees, tolerance
from normlab.grading.judge.mistakes import Mistake
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.scenario import FORMS, Scenario

PHASES = ("training", "running", "evaluation", "gradient")


@dataclass(eq=False)
class Case:
    """A scenario with what was seen, what is right, and how closely they must agree."""

    scenario: Scenario
    seen: Seen
    right: Seen
    share: float

    @property
    def phase(self) -> str:
        return self.scenario.check if self.scenario.check in PHASES else "training"

    @property
    def barred(self) -> bool:
        """Whether a forbidden function computed it."""
        return any("barred" in step for step in self.seen)

    def passed(self) -> bool:
        return not self.barred and agrees(self.scenario, self.seen, self.right, self.share)

    def given_by(self, recipe: Recipe) -> bool:
        predicted = recipe.predict(self.scenario, self.seen)
        return agrees(self.scenario, self.seen, predicted, self.share_of(recipe))

    def share_of(self, recipe: Recipe) -> float:
        """How closely numbers must agree; nothing is close enough that a half dtype could not hold."""
        if not recipe.half:
            return max(self.share, recipe.loose)
        dtype = getattr(torch, recipe.half)
        y = self.seen[-1].get("y")
        if self.scenario.check in FORMS and y is not None:
            held = torch.as_tensor(y, dtype=torch.float64)
            if not held.to(dtype).double().allclose(held, 0.0, 0.0, equal_nan=True):
                return -1.0
        return tolerance(recipe.row, self.scenario, dtype)


@dataclass
class Explanation:
    """The mistakes that together give what was seen, the recipe that has them, and the one without."""

    mistakes: tuple[Mistake, ...]
    recipe: Recipe
    base: Recipe
    cases: list[Case] = field(default_factory=list)


@dataclass
class Named:
    """What explains each phase, the cases that nothing explains, and for each phase the others' mistakes."""

    found: list[Explanation] = field(default_factory=list)
    left: list[Case] = field(default_factory=list)
    bases: dict[str, Recipe] = field(default_factory=dict)
    recipes: dict[str, Recipe] = field(default_factory=dict)  # phase → all that explains it


def case(scenario: Scenario, seen: Seen, right: Recipe) -> Case:
    return Case(scenario, seen, right.predict(scenario, seen), tolerance(right.row, scenario))


def explain(
    right: Recipe, mistakes: Sequence[Mistake], cases: Iterable[Case], most: int = 2
) -> Explanation | None:
    """The first mistake whose recipe gives all that was seen; of two at most, the first pair."""
    # what differs from the right result rules out most recipes at once
    cases = sorted(cases, key=Case.passed)
    if all("error" in c.seen[-1] for c in cases if not c.passed()):
        return None  # an error by itself tells no mistake from another
    alone = [(m, recipe) for m in mistakes if (recipe := combined(right, [m])) is not None]
    if most == 1:
        found = next((one for one in alone if gives(one[1], cases)), None)
        return Explanation((found[0],), found[1], right, cases) if found else None
    # coarse rounding hides much, so a half dtype explains nothing together with another mistake
    effects = [
        _Effects(m, recipe, right, cases)
        for m, recipe in alone
        if not (m.rare or recipe.half or recipe.loose)
    ]
    for one, other in combinations(effects, 2):
        if _together(one, other, cases):
            chosen = (one.mistake, other.mistake)
            recipe = combined(right, chosen)
            if recipe is not None and gives(recipe, cases):
                return Explanation(chosen, recipe, right, cases)
    return None


class _Effects:
    """What a mistake does to each case by itself, looked at when it is asked for."""

    def __init__(self, mistake: Mistake, recipe: Recipe, right: Recipe, cases: list[Case]):
        self.mistake, self.recipe, self.right, self.cases = mistake, recipe, right, cases
        self.known: dict[int, bool | None] = {}

    def on(self, place: int) -> bool | None:
        """None: it changes nothing there; else whether it gives what was seen."""
        if place not in self.known:
            c = self.cases[place]
            mine, right = (r.predict(c.scenario, c.seen) for r in (self.recipe, self.right))
            touches = not agrees(c.scenario, mine, right, c.share)
            self.known[place] = agrees(c.scenario, c.seen, mine, c.share) if touches else None
        return self.known[place]


def _together(one: _Effects, other: _Effects, cases: list[Case]) -> bool:
    """Whether two mistakes can explain the cases: where one alone plays a part, it must explain it."""
    for place, case in enumerate(cases):
        effects = (one.on(place), other.on(place))
        if effects == (None, None):
            if not case.given_by(one.right):
                return False
        elif None in effects and False in effects:
            return False
    return True


def combined(right: Recipe, mistakes: Sequence[Mistake]) -> Recipe | None:
    """The recipe with all these mistakes, or None where they exclude each other."""
    recipe: Any = right
    for mistake in mistakes:
        assert mistake.change is not None
        try:
            recipe = mistake.change(recipe)
        except (ValueError, NormlabError):  # a row that would break its own laws
            return None
    return recipe


def gives(recipe: Recipe, cases: Iterable[Case]) -> bool:
    return all(c.given_by(recipe) for c in cases)


def named(right: Recipe, mistakes: Sequence[Mistake], cases: list[Case]) -> Named:
    """One mistake for all, or else the least for each phase, given those of the phases before."""
    if all(c.passed() for c in cases):
        same: dict[str, Recipe] = dict.fromkeys(PHASES, right)
        return Named(bases=same, recipes=same)
    if why := explain(right, mistakes, cases, most=1):
        phase = why.mistakes[0].phase
        others: dict[str, Recipe] = {p: right if p == phase else why.recipe for p in PHASES}
        return Named([why], [], others, dict.fromkeys(PHASES, why.recipe))
    found, before = Named(), right
    for phase in PHASES:
        own = [c for c in cases if c.phase == phase]
        known = [m for m in mistakes if m.phase == phase]
        bases = [before]
        for base in (right, *_of_branches(found, before, right)):
            bases += [base] if base not in bases else []
        why, left = _settled(bases, known, own)
        found.left += left
        found.bases[phase] = why.base if why else before
        found.recipes |= {phase: why.recipe} if why else {}
        if why and why.mistakes:
            found.found.append(why)
        if why and phase in ("training", "running"):
            before = why.recipe if why.base == before else _after(before, why)
    return found


def _after(before: Recipe, why: Explanation) -> Recipe:
    """The mistakes of an explanation on top of those before."""
    return combined(before, why.mistakes) or before


def _of_branches(found: Named, before: Recipe, right: Recipe) -> Iterator[Recipe]:
    """What evaluation may be besides: right itself, where training has mistakes and keeps wrong averages."""
    running = [m for why in found.found for m in why.mistakes if m.phase == "running"]
    branch = combined(right, running)
    if branch is not None:
        yield replace(before, evaluation=branch)


def _settled(
    bases: Sequence[Recipe], mistakes: Sequence[Mistake], cases: list[Case]
) -> tuple[Explanation | None, list[Case]]:
    """What explains the cases, or else most of them, and those that it does not."""
    for kept in (cases, *_parts(cases)):
        for base in bases:
            if gives(base, kept):
                return Explanation((), base, base, kept), _left(base, cases)
        for most in (1, 2):
            for base in bases if most == 1 else bases[:1]:
                if why := explain(base, mistakes, kept, most):
                    return why, _left(why.recipe, cases)
    return None, [c for c in cases if not c.passed()]


def _left(recipe: Recipe, cases: list[Case]) -> list[Case]:
    return [c for c in cases if not (c.given_by(recipe) or c.passed())]


def _parts(cases: list[Case]) -> Iterator[list[Case]]:
    """Most of the cases, some of which may be wrong in another way."""
    ranks = dict.fromkeys(len(c.scenario.shape) for c in cases if not c.passed())
    one_rank = ([c for c in cases if len(c.scenario.shape) == rank] for rank in ranks)
    for part in (_trained(cases), _without_errors(cases), *one_rank):
        if part and len(part) < len(cases):
            yield part


def _trained(cases: Sequence[Case]) -> list[Case]:
    """All but the layer as it is made, whose weights nobody has set."""
    return [c for c in cases if c.scenario.check != "fresh"]


def _without_errors(cases: Sequence[Case]) -> list[Case]:
    return [c for c in cases if not any("error" in step for step in c.seen)]
