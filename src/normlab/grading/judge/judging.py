"""Grades one implementation: asks its process, and compares what it gives with what is right."""

from typing import Any

from normlab.equation.table import TABLE
from normlab.errors import DataError
from normlab.grading.judge.compare import Seen
from normlab.grading.judge.findings import findings
from normlab.grading.judge.forms import drop_forms
from normlab.grading.judge.naming import case, gives
from normlab.grading.judge.plan import Offer, scenarios, trials
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.report import report
from normlab.grading.judge.scenario import Scenario
from normlab.grading.judge.work import Ask, Judgement, StoppedError
from normlab.grading.names import rank_in
from normlab.grading.rows import inputs

_RANKS = {"table": 2, "sequence": 3, "image": 4, "volume": 5, "several": 3}
# constants in use elsewhere, which are no mistake where ε is no setting
_EPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)


def judge(offered: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """The report on one file, as plain data."""
    row = TABLE[offered["row"]]
    keys = ("kind", "name", "row", "defaults", "slopes", "modes")
    offer = Offer(offers=frozenset(offered["offers"]), **{key: offered[key] for key in keys})
    work = Judgement(row, offer, ask, Recipe(row))
    try:
        _observe(work)
    except StoppedError as error:
        work.stopped = error
    if work.unfinished:
        return report(work, "not finished", [])
    _settle_eps(work)
    found = findings(work)
    return report(work, "mistakes" if found else "right", found)


def _observe(work: Judgement) -> None:
    """Find the forms that are offered, and run every scenario of them."""
    tried = [(scenario, work.run(scenario)) for scenario in trials(work.row, work.offer)]
    if work.unfinished:
        return
    works = [s.check for s, seen in tried if "error" not in seen[-1]]
    whole = [s.check for s, seen in tried if seen[-1].get("shape") == list(s.shape)]
    works = whole or works
    promised = rank_in(work.offer.name)
    if not promised or not promised & {len(s.shape) for s, _ in tried}:
        promised = None
    work.forms = [
        form for form in inputs(work.row).shapes
        if form in works and (promised is None or _RANKS[form] in promised)
    ]  # fmt: skip
    if not work.forms:
        raise DataError(_no_forward(tried, promised))
    plain = [(s, seen) for s, seen in tried if s.check in work.forms]
    work.cases = [case(s, seen, work.right) for s, seen in plain]
    if promised is None:
        drop_forms(work)
    work.seen = {k: v for k, v in work.seen.items() if v[0].check in work.forms}
    work.cases = [c for c in work.cases if c.scenario.check in work.forms]
    for scenario in scenarios(work.row, work.offer, work.forms):
        work.cases.append(work.case(scenario))


def _no_forward(tried: list[tuple[Scenario, Seen]], promised: set[int] | None) -> str:
    told = [
        (s.shape, seen[-1]["error"]) for s, seen in tried if not s.square and "error" in seen[-1]
    ]
    told.sort(key=lambda shape_error: promised is not None and len(shape_error[0]) not in promised)
    shape, error = told[0]
    if any(seen[-1].get("signature") for _, seen in tried):
        return f"{error}."
    others = f", nor on {', '.join(str(shape) for shape, _ in told[1:])}" if told[1:] else ""
    return (
        f"it runs on no input: on x of shape {shape} it ends in {error}{others}; mend that first."
    )


def _settle_eps(work: Judgement) -> None:
    """Where ε is written into the code, any of the usual values is right."""
    if work.row.sigma.setting != "eps" or work.offer.has("eps"):
        return
    cases = [c for c in work.cases if c.scenario.check in ("sigma", "constant")]
    for eps in _EPS:
        recipe = work.right.setting("eps", lambda old, values, e=eps: e)
        if cases and gives(recipe, cases):
            work.right = recipe
            work.notes.append(f"eps is no setting; {eps:g} is written into it")
            for c in work.cases:
                c.right = recipe.predict(c.scenario)
            return
