"""Which checks fail by which mistake: what decides over the points."""

from collections.abc import Iterator

from normlab.grading.checks import CHECKS
from normlab.grading.judge.compare import agrees
from normlab.grading.judge.mistakes import Mistake
from normlab.grading.judge.naming import Case, Explanation, combined
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.showing import Found
from normlab.grading.judge.work import Judgement, misshapen

# the check that a mistake without a model fails by itself
_SEEN_IN = {
    "changes_input": "input",
    "wrong_shape": "output",
    "wrong_dtype": "output",
    "graph_kept": "running",
    "no_running_statistics": "running",
    "not_in_state_dict": "state",
    "not_a_parameter": "state",
    "statistics_are_parameters": "state",
}
# of the errors that a call may end in, which mistake each is
ERRORS = {"NothingError": "returns_nothing", "MisfitError": "weight_shape"}


def failing(work: Judgement, key: str) -> list[Case]:
    """The cases of a check that are wrong by more than the mistakes of other phases."""
    return [c for c in work.cases_of(key) if not c.passed() and not _excused(work, c)]


def _excused(work: Judgement, case: Case) -> bool:
    """Whether a case is right but for the mistakes of other phases, none of them a basic one."""
    base = work.named.bases.get(case.phase, work.right)
    held = base != work.right and not case.barred and not _basic(work, case)
    return held and case.given_by(base)


def blame(work: Judgement, found: list[Found]) -> None:
    """Note at each mistake which checks it breaks, and which of them it costs whatever else it costs."""
    for one in found:
        if one.mistake.name in _SEEN_IN and one.mistake.change is None:
            one.breaks.add(_SEEN_IN[one.mistake.name])
            one.costs.add(_SEEN_IN[one.mistake.name])
    for key in CHECKS:
        for case in failing(work, key):
            for one, whole in _blamed(work, found, case):
                one.breaks.add(key)
                one.costs |= {key} if whole else set()
    if work.stopped:
        lost = {key for key in CHECKS if not _held(work, key)}
        found[0].breaks |= lost
        found[0].costs |= lost


def _held(work: Judgement, key: str) -> bool:
    """Whether a check was right until the code was stopped."""
    cases = work.cases_of(key)
    return bool(cases) and all(c.passed() for c in cases)


def _blamed(work: Judgement, found: list[Found], case: Case) -> list[tuple[Found, bool]]:
    """The mistakes by which a case is wrong, each with whether that costs the check in any case."""
    mistakes = _explaining(work, case)
    ends = "error" in case.seen[-1]
    explained = [
        (one, one.mistake.basic or (ends and one.mistake.change is not None))
        for one in found
        if any(one.mistake is m for m in mistakes)
    ]
    if explained:
        return explained
    known = [one for name in _names(work, case) for one in found if one.mistake.name == name]
    return [(one, one.mistake.name != "changes_input") for one in known[:1] or found]


def _names(work: Judgement, case: Case) -> Iterator[str]:
    """What a case that no model explains may be named as, the likeliest first."""
    if case.barred:
        yield "forbidden"
    if work.offer.lacking and case.phase == "evaluation":
        yield "no_running_statistics"
    if any(misshapen(case.scenario, step) for step in case.seen):
        yield "running_shape"
    if "error" in case.seen[-1]:
        if case.phase == "gradient":
            yield "changes_input"
        yield ERRORS.get(case.seen[-1].get("kind", ""), "raises")
    if case.scenario.check == "fresh":
        yield "other_start"
    yield from ("unknown", "wrong_shape", "raises", *ERRORS.values())


def _explaining(work: Judgement, case: Case) -> list[Mistake]:
    """The mistakes whose models give a case that is wrong; of two, those that touch it."""
    if case.barred or _in(case, work.named.left):
        return []
    why = next((why for why in reversed(work.named.found) if _explains(why, case)), None)
    if why is None:
        return _basic(work, case)
    if len(why.mistakes) == 1:
        return list(why.mistakes)
    return [m for m in why.mistakes if _touches(m, why.base, case)] or list(why.mistakes)


def _basic(work: Judgement, case: Case) -> list[Mistake]:
    """The mistakes by which a gradient is that of another function, and so is not right but for them."""
    if case.phase != "gradient":
        return []
    every = [m for why in work.named.found for m in why.mistakes]
    basic = [m for m in every if m.basic and m.phase == "training"]
    return [m for m in basic if _touches(m, work.right, case)]


def _explains(why: Explanation, case: Case) -> bool:
    modelled = why.mistakes[0].change is not None
    return why.mistakes[0].phase == case.phase if modelled else _in(case, why.cases)


def _in(case: Case, cases: list[Case]) -> bool:
    return any(case is other for other in cases)


def _touches(mistake: Mistake, base: Recipe, case: Case) -> bool:
    """Whether a mistake changes a case by itself; where it ends in an error, whether by this mistake."""
    alone = combined(base, [mistake])
    if alone is None:
        return True
    mine, other = (recipe.predict(case.scenario, case.seen) for recipe in (alone, base))
    if "error" in case.seen[-1]:
        return "error" in mine[-1]
    return not agrees(case.scenario, mine, other, case.share)
