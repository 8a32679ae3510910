"""Which scenarios an implementation is given, by what its signature offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from normlab.equation.pools import Axes
from normlab.equation.row import Norm
from normlab.grading.checks import CHECKS
from normlab.grading.judge.scenario import (
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
    slopes: bool  # a gradient can be asked for
    modes: bool
    state: Mapping[str, Mapping[str, Any]] | None = None  # role → what a saved model keeps of it
    renamed: Mapping[str, str] = field(default_factory=dict)  # role → a name that tells nothing
    convention: str = ""  # that its signature tells
    lacking: bool = False  # a class that must keep running statistics shows none
    backward: bool = False  # the gradient is computed by a function of the learner's own
    shaped: bool = False  # numbers of a channel are passed in the shape (1, C, 1, …)

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
        found["gradient"] = "numpy arrays have none, and no function named …_backward computes it"
    if not row.running or not offer.has("running_mean"):
        words = "none are kept" if row.running else "the row has none"
        found |= {"running": words, "evaluation": words}
    elif not offer.modes:
        found["evaluation"] = "it has no mode to switch"
    if not offer.state:
        found["state"] = "it keeps nothing" if offer.state == {} else "it is no nn.Module"
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
        lacking=offer.lacking,
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
    found = [
        *_values(row, offer, forms[0]),
        *_affine(row, offer, forms),
        *_modes(row, offer, forms),
    ]
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
        _sloped(weighted(plain, row) if offer.backward and row.affine else plain, towards),
        replace(base(row, main, 2), check="fresh"),
    ]


def _sloped(scenario: Scenario, towards: Tensor) -> Scenario:
    return replace(scenario, check="gradient", steps=(Call(scenario.steps[0].x, slope=towards),))


def _affine(row: Norm, offer: Offer, forms: list[str]) -> list[Scenario]:
    if row.affine is None:
        return []
    plain = [base(row, form, 4, square) for form in forms for square in (False, True)]
    return [weighted(scenario, row) for scenario in plain]


def _modes(row: Norm, offer: Offer, forms: list[str]) -> list[Scenario]:
    if not row.running:
        return []
    main, last = forms[0], forms[-1]
    train = tuple(Call(x) for x in _batches(row, main, 3))
    evaluated = tuple(Call(x, train=False) for x in _batches(row, main, 4)[3:0:-2])
    plain = base(row, main)
    large = {**plain.settings, **inputs(row).sigma}
    found = [
        replace(plain, check="running", steps=train),
        replace(plain, check="evaluation", steps=(*train[:2], *evaluated)),
        replace(plain, check="evaluation", steps=evaluated[:1]),
        *(_given(row, form) for form in forms),
        _small(row, offer, main),
    ]
    if offer.has(row.sigma.setting):
        found.append(replace(plain, check="running", steps=train, settings=large))
    others = tuple(Call(x) for x in _batches(row, last, 2))
    begun = _statistics(plain.channels, -3.5, 2.25)
    return [*found, replace(base(row, last), check="running", steps=others, start=begun)]


def _statistics(channels: int, mean: float, var: float) -> tuple[Tensor, Tensor]:
    return graded((channels,), mean), graded((channels,), var)


def _batches(row: Norm, form: str, count: int) -> list[Tensor]:
    scales = (1.0, 3.0, 2.0, 0.5)
    return [base(row, form, 5 + i).steps[0].x * scales[i] for i in range(count)]


def _given(row: Norm, form: str) -> Scenario:
    """Evaluation with weights, and with running statistics that it is given."""
    plain = weighted(base(row, form, 9), row)
    steps = (replace(plain.steps[0], train=False),)
    start = _statistics(plain.channels, -3.5, 2.25)
    return replace(plain, check="evaluation", steps=steps, start=start)


def _small(row: Norm, offer: Offer, form: str) -> Scenario:
    """Evaluation where σ matters: a large one, or a running variance as small as it."""
    tried, plain = inputs(row), base(row, form, 10)
    given = offer.has(row.sigma.setting)
    factor = 1.0 if given else tried.tiny
    mean, var = _statistics(plain.channels, -1.25, 8.0)
    return replace(
        plain,
        check="evaluation",
        steps=(Call(plain.steps[0].x * factor, train=False),),
        settings={**plain.settings, **(tried.sigma if given else {})},
        start=(mean * factor, var * factor**2),
    )
