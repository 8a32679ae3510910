"""The report on one implementation: status and checks; the points follow from them and the mistakes."""

from typing import Any

from normlab.grading.checks import CHECKS
from normlab.grading.judge.naming import PHASES
from normlab.grading.judge.plan import reasons
from normlab.grading.judge.work import Judgement
from normlab.grading.rows import inputs


def report(work: Judgement, status: str, mistakes: list[dict[str, Any]]) -> dict[str, Any]:
    checks = _checks(work, mistakes)
    asked = {c["check"] for c in checks if c["outcome"] != "does not apply"}
    for mistake in mistakes:
        for kind in ("breaks", "costs"):
            mistake[kind] = [key for key in mistake[kind] if key in asked]
    return {
        "name": work.offer.name,
        "row": work.row.name,
        "status": status,
        "mistakes": mistakes,
        "notes": work.notes,
        "unfinished": work.unfinished,
        "checks": checks,
    }


def _checks(work: Judgement, mistakes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tried = inputs(work.row)
    excused = reasons(work.row, work.offer, work.forms or list(tried.shapes)[:1])
    words = {"sigma": work.row.sigma.setting, "constant": tried.constant}
    broken = {key for mistake in mistakes for key in mistake["breaks"]}
    found = []
    for key, (title, points) in CHECKS.items():
        outcome, why = (
            ("does not apply", excused[key]) if key in excused else _outcome(work, key, broken)
        )
        title = title.replace("{sigma}", words["sigma"]).replace("{constant}", words["constant"])
        found.append(
            {"check": key, "title": title, "points": points, "outcome": outcome, "why": why}
        )
    return found


def _outcome(work: Judgement, key: str, broken: set[str]) -> tuple[str, str]:
    """What came of a check; where it is right but for the mistakes of other phases, these."""
    mine = work.cases_of(key)
    if work.unfinished or (work.stopped and not mine):
        return "not reached", ""
    if key in broken:
        return "failed", ""
    if all(c.passed() for c in mine):
        return "passed", ""
    phase = key if key in PHASES else "training"
    others = [m.name for why in work.named.found for m in why.mistakes if m.phase != phase]
    return "passed", f"but for {', '.join(dict.fromkeys(others))}"
