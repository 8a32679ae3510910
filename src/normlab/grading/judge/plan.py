"""Which scenarios an implementation is given, by what its signature offers."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from normlab.equation.pools import Axes
from normlab.equation.row import Norm
from normlab.grading.judge.scenario import (
    CHECKS,
    FORMS,
    Call,
    Scenario,
    base,
    graded,
    weighted,
    whole_numbers,
    with_x,
)
from normlab.grading.names import rank_in
from normlab.grading.rows import inputs, sized

_NO_SHAPE = "the row has no such shape"
_RARE = ("volume", "several")


@dataclass(frozen=True)
class Offer:
    """What the learner's code can be asked for, as its process said."""

    kind: str
    name: str
    row: str
    offers: frozenset[str]
    defaults: dict[str, Any]
    slopes: bool
    modes: bool

    def has(self, *roles: str) -> bool:
        return any(role in self.offers for role in roles)


def reasons(row: Norm, offer: Offer, forms: list[str]) -> dict[str, str]:
    """check → why it does not apply."""
    found = {
        form: "not offered" if form in inputs(row).shapes and form not in _RARE else _NO_SHAPE
        for form in FORMS
        if form not in forms
    }
    if not offer.has(*inputs(row).others):
        found["settings"] = "no such settings are offered"
    if row.affine is None:
        found["affine"] = "the row has none"
    elif not offer.has("weight", "bias"):
        found["affine"] = "none are offered"
    if offer.kind != "class" or "affine" in found:
        found["fresh"] = "a plain function" if offer.kind != "class" else "nothing to start with"
    if not row.center or not isinstance(row.pool, Axes):
        found["offset"] = "no variance is computed"
    if not offer.slopes:
        found["gradient"] = "numpy arrays have none"
    if not row.running or not offer.has("running_mean"):
        words = "none are kept" if row.running else "the row has none"
        found |= {"running": words, "evaluation": words}
    elif not offer.modes:
        found["evaluation"] = "it has no mode to switch"
    return found


def adapted(scenario: Scenario, row: Norm, offer: Offer) -> Scenario:
    """With those settings alone that the learner's code takes, and 1 and 0 for weight and bias."""
    taken = set(offer.offers) | ({"sigma"} if offer.has("sigma_raised") else set())
    settings = {name: value for name, value in scenario.settings.items() if name in taken}
    affine = row.affine is not None and offer.has("weight", "bias")
    held = replace(
        scenario,
        settings=settings,
        affine=affine,
        tracked=row.running and offer.has("running_mean"),
    )
    if affine and held.check != "fresh" and held.weight is None:
        size = held.normalized_shape if row.affine == "shape" else (held.channels,)
        ones = torch.ones(size, dtype=torch.float64)
        held = replace(held, weight=ones, bias=torch.zeros_like(ones))
    return replace(
        held,
        weight=held.weight if offer.has("weight") else None,
        bias=held.bias if offer.has("bias") else None,
    )


def trials(row: Norm, offer: Offer) -> list[Scenario]:
    """One scenario for each form that an implementation may offer, and its square."""
    shapes = inputs(row).shapes
    forms = [form for form in shapes if form != "several" or offer.has("normalized_shape")]
    promised = rank_in(offer.name) or set()
    forms = [form for form in forms if form != "volume" or 5 in promised]
    if sized(row) and not _sized(offer):
        forms = ["table"]  # alone does not ask whether one axis or all but the batch are meant
    return [
        adapted(base(row, form, square=square), row, offer)
        for form in forms
        for square in (False, True)
    ]


def _sized(offer: Offer) -> bool:
    return offer.has("normalized_shape") or (offer.kind == "class" and offer.has("weight"))


def scenarios(row: Norm, offer: Offer, forms: list[str]) -> list[Scenario]:
    """All others, for the forms that are offered."""
    found = [*_values(row, offer, forms[0]), *_affine(row, offer, forms), *_modes(row, forms[0])]
    excused = reasons(row, offer, forms)
    kept = [adapted(s, row, offer) for s in found if s.check not in excused]
    return sorted(kept, key=lambda s: list(CHECKS).index(s.check))


def _values(row: Norm, offer: Offer, main: str) -> list[Scenario]:
    tried, plain = inputs(row), base(row, main, 1)
    x = plain.steps[0].x
    at = row.sigma.setting
    given = offer.has(at, *(("sigma_raised",) if at == "sigma" else ()))
    large = replace(plain, check="sigma", settings={**plain.settings, **tried.sigma})
    small = with_x(plain, x * tried.tiny, check="sigma")
    shift = 16384.0 + whole_numbers(plain.shape, replace(tried, low=-4, high=4, offset=1), 3)
    # halves as well: one sample of a channel may have to be odd and the other even
    towards = graded(plain.shape, -3.0) * torch.where(x % 2 == 0, 1.0, -0.5)
    constant = torch.full_like(x, 5.0 if row.center else 0.0)
    return [
        replace(plain, check="settings", settings={**plain.settings, **tried.others}),
        large if given else small,
        with_x(plain, constant, check="constant"),
        with_x(plain, shift, check="offset", delicate=True),
        replace(plain, check="gradient", steps=(Call(x, slope=towards),)),
        replace(base(row, main, 2), check="fresh"),
    ]


def _affine(row: Norm, offer: Offer, forms: list[str]) -> list[Scenario]:
    if row.affine is None:
        return []
    plain = [base(row, form, 4, square) for form in forms for square in (False, True)]
    return [weighted(scenario, row) for scenario in plain]


def _modes(row: Norm, main: str) -> list[Scenario]:
    if not row.running:
        return []
    xs = [
        base(row, main, seed).steps[0].x * scale
        for seed, scale in ((5, 1.0), (6, 3.0), (7, 2.0), (8, 0.5))
    ]
    plain = base(row, main)
    train = tuple(Call(x) for x in xs[:3])
    last = tuple(Call(x, train=False) for x in (xs[3], xs[1]))
    unseen = (Call(xs[0], train=False),)
    return [
        replace(plain, check="running", steps=train),
        replace(plain, check="evaluation", steps=(*train[:2], *last)),
        replace(plain, check="evaluation", steps=unseen),
    ]
