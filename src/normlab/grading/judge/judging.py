"""Grades one implementation: asks its process, and compares what it gives with what is right."""

from dataclasses import fields, replace
from typing import Any

from normlab.equation.table import TABLE
from normlab.errors import DataError
from normlab.grading.judge.compare import Seen
from normlab.grading.judge.findings import findings
from normlab.grading.judge.forms import drop_forms
from normlab.grading.judge.naming import case
from normlab.grading.judge.plan import Offer, scenarios, trials
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.report import report
from normlab.grading.judge.scenario import Scenario
from normlab.grading.judge.settling import note_shape, settle_convention, settle_eps, settle_shape
from normlab.grading.judge.work import Ask, Judgement, StoppedError, state_flags
from normlab.grading.names import rank_in
from normlab.grading.rows import inputs

_STATISTICS = ("running_mean", "running_var")
_RANKS = {"table": 2, "sequence": 3, "image": 4, "volume": 5, "several": 3}


def judge(offered: dict[str, Any], ask: Ask, convention: str = "") -> dict[str, Any]:
    """The report on one file, as plain data."""
    work = observed(offered, ask, convention)
    if work.unfinished:
        return report(work, "not finished", [])
    found = findings(work)
    return report(work, "mistakes" if found else "right", found)


def observed(offered: dict[str, Any], ask: Ask, convention: str) -> Judgement:
    """All that an implementation was seen to do, and what would be right by what it may choose."""
    row = TABLE[offered["row"]]
    held: dict[str, Any] = {f.name: offered[f.name] for f in fields(Offer) if f.name in offered}
    held["offers"] = frozenset(offered["offers"])
    offer = Offer(**held)
    if row.running and offer.kind == "class" and not offer.has(*_STATISTICS):
        # a class must keep them; a function need not
        offer = replace(offer, offers=offer.offers | set(_STATISTICS), lacking=True)
    work = Judgement(row, offer, ask, Recipe(row))
    try:
        _observe(work)
    except StoppedError as error:
        work.stopped = error
    note_shape(work)
    if offer.renamed:
        told = (f"{name} as {role}" for role, name in offer.renamed.items())
        work.notes.append(f"recognised by their first values: {', '.join(told)}")
    if not work.unfinished:
        settle_eps(work)
        settle_convention(work, convention)
    if work.calls and "forbidden" not in work.seen:
        work.notes.append(f"it calls {', '.join(sorted(work.calls))}, which normalises by itself")
    return work


def _observe(work: Judgement) -> None:
    """Find the forms that are offered, and run every scenario of them."""
    settle_shape(work)
    tried = [(scenario, work.run(scenario)) for scenario in trials(work.row, work.offer)]
    works = _running(work, tried)
    whole = [s.check for s, seen in tried if seen[-1].get("shape") == list(s.shape)]
    works = [form for form in works if form in whole] or works
    promised = rank_in(work.offer.name)
    if not promised or not promised & {len(s.shape) for s, _ in tried}:
        promised = None
    work.forms = [
        form for form in inputs(work.row).shapes
        if form in works and (promised is None or _RANKS[form] in promised)
    ]  # fmt: skip
    if not works:
        work.unfinished = next(
            (seen[-1]["unfinished"] for _, seen in tried if "unfinished" in seen[-1]), ""
        )
        if work.unfinished:
            return
    if not work.forms:
        raise DataError(_no_forward(tried, promised))
    plain = [(s, seen) for s, seen in tried if s.check in work.forms]
    work.cases = [case(s, seen, work.right) for s, seen in plain]
    if promised is None:
        drop_forms(work)
    work.seen = {k: v for k, v in work.seen.items() if v[0] and v[0].check in work.forms}
    work.cases = [c for c in work.cases if c.scenario.check in work.forms]
    for scenario in scenarios(work.row, work.offer, work.forms):
        work.cases.append(work.case(scenario))
    for name, detail in state_flags(work.row, work.offer):
        work.seen[name] = (None, detail)


def _running(work: Judgement, tried: list[tuple[Scenario, Seen]]) -> list[str]:
    """The forms in which it runs. What runs by chance, as all sizes are alike, does not count where one
    with more axes runs by itself: unless the batch is pooled, where images and tables are alike.
    """
    ran = [s for s, seen in tried if "error" not in seen[-1]]
    most = max((len(s.shape) for s in ran if not s.square), default=0)
    alone = {s.check for s in ran if not s.square}
    return [
        s.check for s in ran
        if s.check in alone or work.row.uses_batch or len(s.shape) >= most
    ]  # fmt: skip


def _no_forward(tried: list[tuple[Scenario, Seen]], promised: set[int] | None) -> str:
    told = [
        (s.shape, seen[-1]["error"]) for s, seen in tried if not s.square and "error" in seen[-1]
    ]
    told.sort(key=lambda shape_error: promised is not None and len(shape_error[0]) not in promised)
    shape, error = told[0]
    if any(seen[-1].get("kind") == "WrongSignatureError" for _, seen in tried):
        return f"{error}."
    others = f", nor on {', '.join(str(shape) for shape, _ in told[1:])}" if told[1:] else ""
    return f"it runs on no input: on x of shape {shape} it ends in {error}{others}; fix that first."
