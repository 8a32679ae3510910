"""The smallest input that shows a mistake, with the numbers expected and given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from normlab.grading.judge.compare import Seen, difference, shown
from normlab.grading.judge.mistakes import Mistake
from normlab.grading.judge.naming import Case
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.request import request
from normlab.grading.judge.scenario import Scenario
from normlab.grading.judge.shrink import smallest
from normlab.grading.judge.work import Judgement, StoppedError, flags

# what is shown of a mistake that is seen without a model
_QUANTITY = {"changes_input": "after", "graph_kept": "", "wrong_shape": "", "wrong_dtype": ""}


@dataclass
class Found:
    """A mistake, the scenario that shows it, and the recipe that has all the others.

    breaks, costs: the checks that are wrong by it, and those of them that it costs in any case.
    """

    mistake: Mistake
    scenario: Scenario | None
    detail: str = ""
    without: Recipe | None = None
    where: str = ""  # for which shapes it is wrong
    breaks: set[str] = field(default_factory=set)
    costs: set[str] = field(default_factory=set)


def plain(case: Case, right: Recipe) -> bool:
    """Whether a reader sees the difference at once in the numbers shown."""
    predicted = right.predict(case.scenario, case.seen)
    return difference(case.scenario, case.seen, predicted, 1e-2) is not None


def shrunk(work: Judgement, case: Case, alone: Callable[[Scenario, Seen], bool]) -> Scenario:
    least = 1e-2 if plain(case, work.right) else 1e-5  # or in the digits of those that have it

    def shows(scenario: Scenario, seen: Seen) -> bool:
        if "error" in seen[-1] and "error" not in case.seen[-1]:
            return False
        right = work.right.predict(scenario, seen)
        return difference(scenario, seen, right, least) is not None and alone(scenario, seen)

    return _smallest(work, case.scenario, shows)


def shrunk_flag(work: Judgement, name: str, scenario: Scenario) -> Scenario:
    def shows(candidate: Scenario, seen: Seen) -> bool:
        return name in [flag for step in seen for flag, _ in flags(candidate, step)]

    return _smallest(work, scenario, shows)


def shrunk_error(work: Judgement, scenario: Scenario, kind: str) -> Scenario:
    """kind: that of the error, which must not become another one on the way."""
    return _smallest(
        work, scenario, lambda candidate, seen: seen[-1].get("kind") == kind and "error" in seen[-1]
    )


def _smallest(
    work: Judgement, scenario: Scenario, shows: Callable[[Scenario, Seen], bool]
) -> Scenario:
    """The smallest that has a right result and shows it, as far as there is time to look."""

    def accepted(candidate: Scenario) -> bool:
        if not work.ask.spare or "error" in work.right.predict(candidate)[-1]:
            return False
        if _lone(work, candidate):
            return False
        try:
            return shows(candidate, work.ask(request(candidate, work.offer))["steps"])
        except StoppedError:
            return False

    return smallest(scenario, work.row, accepted)


def _lone(work: Judgement, scenario: Scenario) -> bool:
    """Whether a variance would be of one number, which is no fair example."""
    trains = any(step.train for step in scenario.steps)
    return work.row.center and trains and work.right.pooled(scenario) < 2


def example(work: Judgement, found: Found, scenario: Scenario) -> dict[str, Any]:
    """Input, settings, expected and given numbers of the scenario that shows a mistake."""
    try:
        seen = work.ask(request(scenario, work.offer))["steps"]
    except StoppedError as error:
        seen = [{"error": error.detail}]
    right = work.right.predict(scenario, seen)
    other = (found.without or work.right).predict(scenario, seen)
    where = difference(scenario, seen, other, 1e-4) or difference(scenario, seen, right, 1e-4)
    index, quantity = where or (len(seen) - 1, "y")
    last, expected = seen[min(index, len(seen) - 1)], right[min(index, len(right) - 1)]
    quantity = _QUANTITY.get(found.mistake.name, "y" if quantity == "error" else quantity)
    if quantity == "after":
        expected = {"after": scenario.steps[0].x}
    told = request(scenario, work.offer)["given"]
    several = {"normalized_shape": told["normalized_shape"]} if (scenario.last or 1) > 1 else {}
    return {
        "check": scenario.check,
        "numbers": scenario.numbers,
        "shape": list(scenario.shape),
        "settings": {k: shown(scenario.cut(v)) for k, v in scenario.settings.items()} | several,
        "weight": told.get("weight"),
        "bias": told.get("bias"),
        "start": [a.tolist() for a in scenario.start] if scenario.start else None,
        "steps": [
            {"mode": "training" if s.train else "evaluation", "x": s.x.tolist()}
            | ({} if s.slope is None else {"slope": s.slope.tolist()})
            for s in scenario.steps[: index + 1]
        ],
        "quantity": quantity,
        "expected": shown(expected.get(quantity)),
        "given": last.get(quantity) if "error" not in last else None,
        "error": last.get("error", ""),
    }
