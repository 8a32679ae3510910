"""The report on one implementation: status, checks and score."""

from typing import Any

from normlab.grading.checks import CHECKS
from normlab.grading.judge.naming import Case
from normlab.grading.judge.plan import reasons
from normlab.grading.judge.work import Judgement
from normlab.grading.rows import inputs

# the mistakes seen without a model under which a check fails
_SEEN_IN = {
    "input": {"changes_input"},
    "output": {"wrong_shape", "wrong_dtype"},
    "running": {"graph_kept", "no_running_statistics"},
    "state": {"not_in_state_dict", "not_a_parameter", "statistics_are_parameters"},
}


def report(work: Judgement, status: str, mistakes: list[dict[str, Any]]) -> dict[str, Any]:
    checks = _checks(work)
    points = sum(c["points"] for c in checks if c["outcome"] == "passed")
    most = sum(c["points"] for c in checks if c["outcome"] != "does not apply")
    return {
        "name": work.offer.name,
        "row": work.row.name,
        "status": status,
        "score": round(100 * points / most) if most else 0,
        "points": points,
        "of": most,
        "mistakes": mistakes,
        "notes": work.notes,
        "unfinished": work.unfinished,
        "checks": checks,
    }


def _checks(work: Judgement) -> list[dict[str, Any]]:
    tried = inputs(work.row)
    excused = reasons(work.row, work.offer, work.forms or list(tried.shapes)[:1])
    words = {"sigma": work.row.sigma.setting, "constant": tried.constant}
    found = []
    for key, (title, points) in CHECKS.items():
        outcome, why = ("does not apply", excused[key]) if key in excused else _outcome(work, key)
        title = title.replace("{sigma}", words["sigma"]).replace("{constant}", words["constant"])
        found.append(
            {"check": key, "title": title, "points": points, "outcome": outcome, "why": why}
        )
    return found


def _outcome(work: Judgement, key: str) -> tuple[str, str]:
    """What came of a check; where it is right but for the mistakes of other phases, these."""
    mine = [c for c in work.cases if c.scenario.check == key]
    if work.unfinished or (work.stopped and not mine):
        return "not reached", ""
    if at_once := [name for name in work.seen if name in _SEEN_IN.get(key, ())]:
        return "failed", ", ".join(at_once)
    if all(c.passed() for c in mine):
        return "passed", ""
    base = work.named.bases.get(mine[0].phase, work.right)
    if base == work.right or any(c.barred or not c.given_by(base) for c in mine):
        return "failed", _because(work, mine)
    others = [m.name for why in work.named.found for m in why.mistakes if m.phase != mine[0].phase]
    return "passed", f"but for {', '.join(dict.fromkeys(others))}"


def _because(work: Judgement, mine: list[Case]) -> str:
    """The mistakes that explain why these cases fail, or the error in which one ends."""
    failed = [c for c in mine if not c.passed()]
    if any(c.barred for c in failed):
        return "forbidden"
    names = [m.name for why in work.named.found if _in(failed, why.cases) for m in why.mistakes]
    errors = (c.seen[-1].get("error", "") for c in failed)
    return ", ".join(dict.fromkeys(names)) or next(filter(None, errors), "")


def _in(some: list[Case], cases: list[Case]) -> bool:
    return any(one is other for one in some for other in cases)
