"""The mistakes of an implementation: those seen at once, and those whose recipes explain the rest."""

from dataclasses import replace
from typing import Any

from normlab.grading.checks import CHECKS
from normlab.grading.judge.blame import ERRORS, blame
from normlab.grading.judge.compare import Seen, agrees
from normlab.grading.judge.mistakes import SEEN, Mistake, possible
from normlab.grading.judge.naming import Case, Explanation, combined, named
from normlab.grading.judge.places import places
from normlab.grading.judge.scenario import Scenario
from normlab.grading.judge.showing import Found, example, plain, shrunk, shrunk_error, shrunk_flag
from normlab.grading.judge.tables import apart
from normlab.grading.judge.work import Judgement, misshapen

_SHARE = 1e-4  # how closely the numbers that are shown must agree with those that are predicted
_COARSE = 2e-2  # and where a half dtype is predicted


def findings(work: Judgement) -> list[dict[str, Any]]:
    """What was found, as plain data; nothing where all is right."""
    found = _found(work)
    blame(work, found)
    return [_told(work, one) for one in found]


def _found(work: Judgement) -> list[Found]:
    """The mistakes, each with the scenario that shows it."""
    if work.stopped:
        return [Found(SEEN[work.stopped.name], None, work.stopped.detail)]
    shaped = "wrong_shape" not in work.seen
    if shaped:
        _name(work)
    found = [
        Found(
            SEEN[name],
            # which function is called is seen in the code, in no input
            shrunk_flag(work, name, scenario) if scenario and name != "forbidden" else None,
            detail,
        )
        for name, (scenario, detail) in work.seen.items()
    ]
    return found + _explained(work) if shaped else found


def _name(work: Judgement) -> None:
    """Which mistakes explain the cases."""
    cases = [c for c in work.cases if not (c.barred or _spoilt(work, c) or _misshapen(c))]
    offers = {*work.offer.offers, *(["backward"] if work.offer.backward else [])}
    mistakes = possible(work.right, offers, work.offer.defaults)
    whole = named(work.right, mistakes, cases)
    tables = apart(work, mistakes, cases, whole)
    if tables:
        work.seen.pop("running_shape", None)  # which (N, C, L) alone shows
    work.named = tables or whole


def _explained(work: Judgement) -> list[Found]:
    """The mistakes with a model that explain the cases, and what they leave."""
    found: list[Found] = []
    for why in work.named.found:
        failed = [c for c in why.cases if not c.passed()]
        found += [_showing(work, mistake, why, failed) for mistake in why.mistakes]
    if work.offer.lacking:
        found = _lacking(work, found)
    return found + _unexplained(work, work.named.left)


def _lacking(work: Judgement, found: list[Found]) -> list[Found]:
    """A layer without running statistics, told as such, with the input that shows it in evaluation."""
    evaluated = [c for c in work.cases if c.phase == "evaluation"]
    if evaluated and all(c.passed() for c in evaluated):  # it keeps them under other names
        return found
    lacking = SEEN["no_running_statistics"]
    work.seen[lacking.name] = (None, "")
    told = [one for one in found if one.mistake.name != "eval_uses_batch"]
    failed = min(
        (c for c in evaluated if not c.passed()), key=lambda c: c.scenario.numbers, default=None
    )
    shown = shrunk(work, failed, lambda scenario, seen: True) if failed else None
    return [*told, Found(lacking, shown)]


def _spoilt(work: Judgement, case: Case) -> bool:
    """An x that was changed in place cannot be differentiated any more."""
    return (
        "changes_input" in work.seen
        and case.scenario.check == "gradient"
        and "error" in case.seen[-1]
    )


def _misshapen(case: Case) -> bool:
    """It is reported on its own, and no recipe gives such numbers."""
    kept = case.phase in ("running", "evaluation")
    return kept and any(misshapen(case.scenario, step) for step in case.seen)


def _unexplained(work: Judgement, left: list[Case]) -> list[Found]:
    """Each kind of error once, and for each phase the plainest difference that is none."""
    found: dict[str, Found] = {}
    for case in left:
        if "error" not in case.seen[-1]:
            continue
        name = ERRORS.get(case.seen[-1]["kind"], "raises")
        if name not in found:
            scenario = shrunk_error(work, case.scenario, case.seen[-1]["kind"])
            found[name] = Found(_worded(SEEN[name], left), scenario)
    others = [c for c in left if "error" not in c.seen[-1]]
    if not found or any(c.phase != "training" for c in others):
        for phase in dict.fromkeys(c.phase for c in others):
            one = _differing(work, [c for c in others if c.phase == phase])
            found.setdefault(one.mistake.name, one)
    return list(found.values())


def _worded(mistake: Mistake, left: list[Case]) -> Mistake:
    """Of a call that returns nothing, the words of its error, and whether that is in evaluation alone."""
    if mistake.name != "returns_nothing":
        return mistake
    failed = [c for c in left if c.seen[-1].get("kind") == "NothingError"]
    trained = any(c.scenario.steps[len(c.seen) - 1].train for c in failed)
    words = failed[0].seen[-1]["error"].removeprefix("it ")
    return replace(mistake, sentence=words if trained else f"{words} in evaluation")


def _differing(work: Judgement, cases: list[Case], mistake: Mistake | None = None) -> Found:
    fresh = all(c.scenario.check == "fresh" for c in cases)
    case = min(cases, key=lambda c: ("error" in c.seen[-1], c.scenario.numbers))
    told = mistake or SEEN["other_start" if fresh else "unknown"]
    return Found(told, shrunk(work, case, lambda scenario, seen: True))


def _showing(work: Judgement, mistake: Mistake, why: Explanation, failed: list[Case]) -> Found:
    """The smallest scenario where this mistake, and if possible no other, makes the difference."""
    if mistake.change is None:
        return _differing(work, failed, mistake)
    rest = [m for m in why.mistakes if m is not mistake]
    without = combined(why.base, rest)
    assert without is not None
    close = max(_COARSE if why.recipe.half else _SHARE, why.recipe.loose)

    def alone(scenario: Scenario, seen: Seen, share: float = close) -> bool:
        predicted, other = (r.predict(scenario, seen) for r in (why.recipe, without))
        return agrees(scenario, seen, predicted, share) and not agrees(scenario, seen, other, share)

    cases = [c for c in failed if alone(c.scenario, c.seen, c.share_of(why.recipe))]
    case = min(
        cases or failed,
        key=lambda c: (
            *("error" in c.seen[-1], c.scenario.check == "constant", not plain(c, why.base)),
            *(c.scenario.square, c.scenario.numbers),
        ),
    )
    where = places(why, without) if mistake.placed else ""
    return Found(mistake, shrunk(work, case, alone), "", without, where)


def _told(work: Judgement, found: Found) -> dict[str, Any]:
    mistake = found.mistake
    shown = None if found.scenario is None else example(work, found, found.scenario)
    quoted = shown is not None and mistake.name != "returns_nothing" and mistake.change is None
    detail = found.detail or (shown["error"] if shown and quoted else "")
    where = f", which is wrong {found.where}" if found.where else ""
    return {
        "name": mistake.name,
        "sentence": mistake.sentence + where + (f": {detail}" if detail else ""),
        "detail": detail,
        "hint": mistake.hint,
        "solution": mistake.solution.replace("{row}", work.row.name),
        "shown": shown,
        "breaks": [key for key in CHECKS if key in found.breaks],
        "costs": [key for key in CHECKS if key in found.costs],
    }
