"""The mistakes of an implementation: those seen at once, and those whose recipes explain the rest."""

from collections.abc import Sequence
from typing import Any

from normlab.grading.judge.compare import Seen, agrees
from normlab.grading.judge.mistakes import SEEN, Mistake, possible
from normlab.grading.judge.naming import Case, Explanation, combined, explain
from normlab.grading.judge.scenario import Scenario
from normlab.grading.judge.showing import Found, example, shrunk, shrunk_error, shrunk_flag
from normlab.grading.judge.work import Judgement


def findings(work: Judgement) -> list[dict[str, Any]]:
    """What was found, as plain data; nothing where all is right."""
    if work.stopped:
        return [_told(work, Found(SEEN[work.stopped.name], None, work.stopped.detail))]
    found = [
        Found(SEEN[name], shrunk_flag(work, name, scenario), detail)
        for name, (scenario, detail) in work.seen.items()
    ]
    if "wrong_shape" not in work.seen:
        found += _explained(work)
    return [_told(work, one) for one in found]


def _explained(work: Judgement) -> list[Found]:
    """The mistakes with a model that explain all cases, or else those of the main form and what is left."""
    cases = [c for c in work.cases if not _spoilt(work, c)]
    if all(c.passed() for c in cases):
        return []
    mistakes = possible(work.row, set(work.offer.offers), work.offer.defaults)
    if why := explain(work.right, mistakes, cases):
        return _named(work, why, cases)
    for kept in (_trained(cases), _without_errors(cases), _of_one_rank(cases)):
        left = [c for c in cases if c not in kept and not c.passed()]
        if left and all(c.passed() for c in kept):
            return _unexplained(work, left)
        if left and (why := explain(work.right, mistakes, kept)):
            return _named(work, why, kept) + _unexplained(work, left)
    return _unexplained(work, [c for c in cases if not c.passed()])


def _spoilt(work: Judgement, case: Case) -> bool:
    """An x that was changed in place cannot be differentiated any more."""
    return (
        "changes_input" in work.seen
        and case.scenario.check == "gradient"
        and "error" in case.seen[-1]
    )


def _trained(cases: Sequence[Case]) -> list[Case]:
    """All but the layer as it is made, whose weights nobody has set."""
    return [c for c in cases if c.scenario.check != "fresh"]


def _without_errors(cases: Sequence[Case]) -> list[Case]:
    return [c for c in cases if "error" not in c.seen[-1]]


def _of_one_rank(cases: Sequence[Case]) -> list[Case]:
    rank = len(cases[0].scenario.shape)
    return [c for c in cases if len(c.scenario.shape) == rank]


def _named(work: Judgement, why: Explanation, cases: list[Case]) -> list[Found]:
    failed = [c for c in cases if not c.passed()]
    return [_showing(work, mistake, why, failed) for mistake in why.mistakes]


def _unexplained(work: Judgement, failed: list[Case]) -> list[Found]:
    """An error if there is one, and the plainest difference that is none."""
    found: list[Found] = []
    errors = [c for c in failed if "error" in c.seen[-1]]
    others = [c for c in failed if "error" not in c.seen[-1]]
    if errors:
        scenario = shrunk_error(work, errors[0].scenario)
        found.append(Found(SEEN["raises"], scenario, errors[0].seen[-1]["error"]))
    if others and not errors:
        name = "other_start" if not _trained(others) else "unknown"
        case = min(others, key=lambda c: c.scenario.numbers)
        found.append(Found(SEEN[name], shrunk(work, case, lambda scenario, seen: True)))
    return found


def _showing(work: Judgement, mistake: Mistake, why: Explanation, failed: list[Case]) -> Found:
    """The smallest scenario where this mistake, and if possible no other, makes the difference."""
    rest = [m for m in why.mistakes if m is not mistake]
    without = combined(work.right, rest) if rest else work.right
    assert without is not None

    def alone(scenario: Scenario, seen: Seen, share: float = 1e-4) -> bool:
        predicted, other = why.recipe.predict(scenario), without.predict(scenario)
        return agrees(scenario, seen, predicted, share) and not agrees(scenario, seen, other, share)

    cases = [c for c in failed if alone(c.scenario, c.seen, c.share)]
    case = min(
        cases or failed,
        key=lambda c: ("error" in c.seen[-1], c.scenario.square, c.scenario.numbers),
    )
    return Found(mistake, shrunk(work, case, alone), "", without)


def _told(work: Judgement, found: Found) -> dict[str, Any]:
    mistake, detail = found.mistake, found.detail
    return {
        "name": mistake.name,
        "sentence": mistake.sentence + (f": {detail}" if detail else ""),
        "hint": mistake.hint,
        "solution": mistake.solution.replace("{row}", work.row.name),
        "shown": None if found.scenario is None else example(work, found, found.scenario),
    }
