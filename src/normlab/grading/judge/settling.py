"""What an implementation may choose: its constant ε, its convention, the shape that it takes weights in."""

from collections.abc import Mapping
from dataclasses import replace

from normlab.grading.judge import keeping
from normlab.grading.judge.mistakes import possible
from normlab.grading.judge.naming import explain, gives
from normlab.grading.judge.plan import adapted
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.request import request
from normlab.grading.judge.scenario import base
from normlab.grading.judge.work import Judgement
from normlab.grading.rows import inputs

# constants in use elsewhere, which are no mistake where ε is no setting
_EPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
_FORMS = ("image", "sequence")  # on which a weight of shape (C,) cannot be broadcast


def settle_eps(work: Judgement) -> None:
    """Where ε is written into the code, any of the usual values is right."""
    if work.row.sigma.setting != "eps" or work.offer.has("eps"):
        return
    cases = [c for c in work.cases if c.scenario.check in ("sigma", "constant")]
    recipes = {eps: work.right.setting("eps", lambda old, values, e=eps: e) for eps in _EPS}
    fits = next((eps for eps, recipe in recipes.items() if cases and gives(recipe, cases)), None)
    if fits is None:
        fits = _with_a_mistake(work, recipes)
    if fits is not None:
        work.notes.append(f"eps is no setting; {fits:g} is written into it")
        _expect(work, recipes[fits])


def _with_a_mistake(work: Judgement, recipes: Mapping[float, Recipe]) -> float | None:
    """The ε with which one mistake explains all that is compared in training."""
    cases = [c for c in work.cases if c.phase == "training"]
    for eps, recipe in recipes.items():
        mistakes = possible(recipe, set(work.offer.offers), work.offer.defaults)
        known = [m for m in mistakes if m.phase == "training"]
        if explain(recipe, known, cases, most=1):
            return eps
    return None


def settle_convention(work: Judgement, asked: str) -> None:
    """Whose running statistics are right: torch's, or Keras's, which keep either variance."""
    name = asked or work.offer.convention or "torch"
    if not work.row.running or not work.offer.has("running_mean"):
        return
    if name == "torch":
        _note_keras(work)
        return
    keras = replace(work.right, blends=(keeping.KERAS, keeping.KERAS))
    biased = replace(keras, kept="biased")
    cases = work.cases_of("running")
    ways = [replace(keras, blends=(blend, blend)) for blend in (keeping.KERAS, keeping.TORCH)]
    chosen = keras if cases and any(gives(way, cases) for way in ways) else biased
    words = "unbiased" if chosen is keras else "biased"
    work.notes.append(
        f"graded by the convention of {name}: momentum is the share of the old average; "
        f"the {words} variance is kept"
    )
    _expect(work, chosen)


def _note_keras(work: Judgement) -> None:
    """That a momentum of 0.9 is hardly meant as torch's."""
    momentum = work.offer.defaults.get("momentum")
    if isinstance(momentum, int | float) and momentum > 0.5:
        work.notes.append(
            f"momentum is {momentum:g} by default, which is usual where it is the share of the old average; "
            f"grade it with --convention keras where that is meant"
        )


def _expect(work: Judgement, right: Recipe) -> None:
    work.right = right
    for case in work.cases:
        case.right = right.predict(case.scenario, case.seen)


def note_shape(work: Judgement) -> None:
    if work.offer.shaped and set(_FORMS) & set(work.forms):
        work.notes.append("for images, weight and bias are taken in the shape (1, C, 1, 1)")


def settle_shape(work: Judgement) -> None:
    """Whether a function takes the numbers of a channel as (C,), or as (1, C, 1, 1), as D2L's does."""
    offer, row = work.offer, work.row
    if (
        offer.kind != "function"
        or row.affine != "channel"
        or not offer.has("weight", "running_mean")
    ):
        return
    shaped = replace(offer, shaped=True)
    for form in _FORMS:
        if form not in inputs(row).shapes:
            continue
        scenario = adapted(base(row, form), row, offer)
        flat, wide = (work.ask(request(scenario, way))["steps"][-1] for way in (offer, shaped))
        if "error" in flat and "error" not in wide:
            work.offer = shaped
            return
