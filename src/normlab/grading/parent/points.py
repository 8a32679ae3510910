"""The points of a report: which checks its mistakes cost, and the score that follows."""

from collections.abc import Iterable, Mapping
from typing import Any

from normlab.grading.parent.rubric import Rubric

Check = Mapping[str, Any]


def score(report: dict[str, Any], rubric: Rubric) -> None:
    """Give the checks of a report their points, its mistakes what they cost, and it the score."""
    if "checks" not in report:
        return
    counted = [check for check in report["checks"] if check["outcome"] != "does not apply"]
    of = _weigh(report["checks"], counted, rubric)
    _charge(report["mistakes"], counted)
    got = sum(map(earned, counted))
    report["score"] = round(100 * got / of) if of else 0
    report["points"], report["of"] = _rounded(got), of
    if not of:
        report["notes"].append("no check that has points applies to it")


def earned(check: Check) -> float:
    return check["points"] if check["outcome"] == "passed" else 0


def _weigh(
    checks: Iterable[dict[str, Any]], counted: list[dict[str, Any]], rubric: Rubric
) -> float:
    """The rubric's points, scaled to its total; returns their sum."""
    for check in checks:
        check["points"] = rubric.points.get(check["check"], check["points"])
    of = sum(check["points"] for check in counted)
    if rubric.total is None or not of:
        return of
    before = after = 0.0
    for check in counted:  # so rounded that they still add up to the total
        before += check["points"]
        check["points"] = _rounded(round(before * rubric.total / of, 2) - after)
        after = round(before * rubric.total / of, 2)
    return rubric.total


def _charge(mistakes: list[dict[str, Any]], counted: list[dict[str, Any]]) -> None:
    """Leave failed those checks that a mistake costs; the others are right but for the mistakes."""
    failed = [check for check in counted if check["outcome"] == "failed"]
    for key, mistake in _one_each(mistakes, failed).items():
        mistake["costs"].append(key)
    paid: set[str] = set()
    for mistake in mistakes:
        own = [check for check in counted if check["check"] in {*mistake["costs"]} - paid]
        mistake["points"] = _rounded(sum(check["points"] for check in own))
        paid |= {*mistake["costs"]}
    for check in failed:
        if check["check"] in paid:
            check["why"] = ", ".join(_names(mistakes, "costs", check))
        else:
            names = _names(mistakes, "breaks", check)
            check |= {"outcome": "passed", "why": f"but for {', '.join(names)}"}


def _names(mistakes: list[dict[str, Any]], kind: str, check: Check) -> Iterable[str]:
    return dict.fromkeys(m["name"] for m in mistakes if check["check"] in m[kind])


def _one_each(mistakes: list[dict[str, Any]], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """The check that each mistake costs which has none yet: those that are worth most together.

    Checks are taken by their worth; one that is broken by mistakes with a check already is taken if one
    of these can have another check instead.
    """
    lost = {key for mistake in mistakes for key in mistake["costs"]}
    slips = [mistake for mistake in mistakes if not mistake["costs"]]
    held: dict[int, str] = {}  # place of a slip → its check

    def place(key: str, tried: set[int]) -> bool:
        for number, slip in enumerate(slips):
            if key in slip["breaks"] and number not in tried:
                tried.add(number)
                if number not in held or place(held[number], tried):
                    held[number] = key
                    return True
        return False

    for check in sorted(failed, key=lambda check: -check["points"]):
        if check["check"] not in lost and check["points"]:
            place(check["check"], set())
    return {key: slips[number] for number, key in held.items()}


def _rounded(points: float) -> float:
    """To two digits; a whole number as one."""
    near = round(points, 2)
    return int(near) if near == int(near) else near
