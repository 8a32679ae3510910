"""Which forms of input an implementation offers, where its name does not promise any."""

from dataclasses import replace

import torch

from normlab.equation.row import Norm
from normlab.grading.judge.naming import Case
from normlab.grading.judge.plan import adapted
from normlab.grading.judge.request import request
from normlab.grading.judge.scenario import Call
from normlab.grading.judge.work import Judgement

_FORM = {
    "table": "(N, C)",
    "sequence": "(N, C, L)",
    "image": "(N, C, H, W)",
    "volume": "(N, C, D, H, W)",
    "several": "(N, T, C)",
}


def drop_forms(work: Judgement) -> None:
    """Without a promise in the name, a form that another one shows not to be meant is not offered."""
    by_form = {f: work.cases_of(f) for f in work.forms}
    if len(by_form) == 1:
        return
    as_features: list[str] = []
    for form, cases in by_form.items():
        rest = [f for f in work.forms if f != form]
        if not rest or all(c.passed() for c in cases):
            continue
        if work.row.uses_batch and "table" in rest and all(_as_features(work, c) for c in cases):
            as_features.append(_FORM[form])
        elif right := _not_meant(work.row, by_form, form, rest):
            work.notes.append(
                f"{_FORM[form]} is not graded: only the results for {_FORM[right]} are right, so that it "
                "seems not to be meant"
            )
        else:
            continue
        work.forms = rest
        work.cases = [c for c in work.cases if c.scenario.check != form]
    if as_features:
        verb = "is" if len(as_features) == 1 else "are"
        work.notes.append(
            f"{' and '.join(as_features)} {verb} not offered: every axis but the batch is taken for features"
        )


def _not_meant(row: Norm, by_form: dict[str, list[Case]], form: str, rest: list[str]) -> str:
    """A right form that shows this one not to be meant: it ends in errors or in other shapes, or has
    fewer axes.

    One that has more axes, runs and is wrong is a mistake: a table is no sign that images are not meant.
    So is a wrong table where the batch is pooled, for which images and tables are alike.
    """
    fails = all(_fails(c) for c in by_form[form] if not c.scenario.square)
    rank = len(by_form[form][0].scenario.shape)
    for other in rest:
        more = not row.uses_batch and len(by_form[other][0].scenario.shape) > rank
        if (fails or more) and all(c.passed() for c in by_form[other]):
            return other
    return ""


def _fails(case: Case) -> bool:
    last = case.seen[-1]
    return "error" in last or last["shape"] != list(case.scenario.shape)


def _as_features(work: Judgement, case: Case) -> bool:
    """Whether (N, C, L) gives an error, or what the table (N, C·L) gives."""
    mine, x = case.seen[-1], case.scenario.steps[0].x
    if "error" in mine:
        return True
    table = replace(
        case.scenario, check="table", steps=(Call(x.flatten(1)),), weight=None, bias=None
    )
    flat = work.ask(request(adapted(table, work.row, work.offer), work.offer))["steps"][-1]
    if "error" in flat or None in (flat["y"], mine["y"]):
        return False
    one, other = (torch.tensor(step["y"]).flatten() for step in (flat, mine))
    return one.shape == other.shape and one.allclose(other, 1e-4, 1e-5, equal_nan=True)
