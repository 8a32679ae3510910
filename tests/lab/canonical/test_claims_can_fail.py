"""Every claim of the family fails on made-up data or another model: none is true by construction."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from normlab.lab.canonical import (
    attention,
    catalogue,
    fly,
    gratings,
    lateral,
    mixture,
    redundancy,
    retina,
    saturation,
)

FAILS = {}


def fails(member, *claims):
    """A case: the claims that must not hold when the member measures what the function returns."""

    def listed(case):
        FAILS[f"{member}-{case.__name__}"] = member, claims, case
        return case

    return listed


@fails("saturation", "shared", "shift")
def a_population_of_loners(monkeypatch):
    return {"pooled": saturation.alone, "sessions": 2}


@fails("saturation", "alone")
def loners_that_pool(monkeypatch):
    return {"lone": saturation.population, "sessions": 2}


@fails("saturation", "steepest", "slope", "covers")
def another_cell(monkeypatch):
    return {"cell": lambda c: 115 * c**2 / (30.0**2 + c**2), "sessions": 40}


@fails("retina", "weber", "dark", "shift")
def a_receptor_with_an_odd_background(monkeypatch):
    def odd(light, background):
        power = 1 + background / (1 + background)
        return light**power / ((1 + 10 * background) ** (0.5 * power) + light**power)

    return {"adapting": odd}


@fails("retina", "invariant", "contrast", "shadow")
def a_retina_that_passes_light_on(monkeypatch):
    return {"near": lambda light: light / 1e5}


@fails("fly", "half_points", "kept", "apart", "balanced")
def a_glomerulus_without_lateral_input(monkeypatch):
    return {"model": fly.private}


@fails("fly", "input_gain", "half_points")
def a_ceiling_that_falls(monkeypatch):
    return {"model": lambda rate, total: fly.private(rate, total) / (1 + total / 500)}


@fails("gratings", "average", "weak_loses")
def a_sum(monkeypatch):
    return {"model": gratings.linear}


@fails("gratings", "strong_stays", "explained")
def a_population_that_multiplies(monkeypatch):
    def product(contrast, power):
        first, second = (
            contrast.T[..., None] * torch.stack([gratings.tuning(a) for a in (0.0, 90.0)])[:, None]
        )
        return (
            first + second - 40 * (first * second).sqrt() - 0.5 * first * (second.amax(1, True) > 0)
        )

    return {"model": product}


@fails("gratings", "needs_pool")
def loners_that_look_at_contrast(monkeypatch):
    return {"control": gratings.population}


@fails("attention", "contrast_gain_numbers", "contrast_gain", "rmax_stays", "response_gain_numbers")
def attention_after_the_division(monkeypatch):
    def late(stimulus, field, contrast):
        response = contrast / (contrast + 1e-3)
        return 2 * response, response

    return {"model": late}


@fails("attention", "response_gain", "contrast_gain_numbers")
def attention_to_nothing(monkeypatch):
    def none(stimulus, field, contrast):
        response = contrast / (contrast + 1e-3)
        return response, response

    return {"model": none}


def noise():
    draw = np.random.default_rng(0).uniform(0.2, 0.8, (4, 256, 384))
    return {f"noise{i}": torch.from_numpy(image).float() for i, image in enumerate(draw)}


@fails("redundancy", "bow_tie", "heavy", "information")
def photographs_of_noise(monkeypatch):
    return {"images": noise()}


@fails("redundancy", "flat", "gaussian", "information", "pair_alone", "other_photograph")
def division_by_nothing(monkeypatch):
    monkeypatch.setattr(redundancy, "normalised", lambda unit: unit.drive)
    monkeypatch.setattr(redundancy, "together", lambda pair, pool: pair)
    return {}


@fails("mixture", "cancels", "student", "independent")
def a_mixture_left_alone(monkeypatch):
    return {"divide": lambda drive, pool, sigma: drive, "samples": 40_000}


@fails("mixture", "sigma_keeps")
def a_division_without_sigma(monkeypatch):
    return {
        "divide": lambda drive, pool, sigma: mixture.divided(drive, pool, 0.0),
        "samples": 40_000,
    }


@fails("mixture", "dependent", "degree")
def a_mixture_of_one_scale(monkeypatch):
    draw = mixture.mixture(0, 40_000)[1]
    monkeypatch.setattr(mixture, "mixture", lambda seed, samples: (2 * draw.roll(1, 0), draw))
    return {}


@fails("lateral", "same", "inhibits", "overshoot", "undershoot", "literal")
def a_layer_that_does_nothing(monkeypatch):
    return {"layer": lambda x, **settings: replace(lateral.layer(x, **settings), y=x)}


@fails("lateral", "reach", "same")
def a_layer_of_wider_windows(monkeypatch):
    return {
        "layer": lambda x, **s: lateral.layer(x, **{**s, "size": 9, "alpha": s["alpha"] * 9 / 5})
    }


@fails("lateral", "fifth", "same")
def a_layer_that_squares_alpha(monkeypatch):
    return {"layer": lambda x, **s: lateral.layer(x, **{**s, "alpha": s["alpha"] ** 2 * 100})}


@fails("lateral", "converted")
def a_table_that_is_not_used(monkeypatch):
    monkeypatch.setattr(lateral, "converted", lateral.typed)
    return {}


@pytest.mark.parametrize(("member", "claims", "case"), FAILS.values(), ids=FAILS)
def test_a_claim_that_is_not_so_does_not_hold(judged, monkeypatch, member, claims, case):
    module = {m.__name__.rpartition(".")[2]: m for m in MODULES}[member]
    outcomes = judged(member, module.measure, **case(monkeypatch))
    assert {name: outcomes[name] for name in claims} == dict.fromkeys(claims, "does not hold")


MODULES = (attention, fly, gratings, lateral, mixture, redundancy, retina, saturation)


def test_every_claim_is_among_those_that_failed():
    failed = {(member, claim) for member, claims, _ in FAILS.values() for claim in claims}
    stated = {(m.name, claim.name) for m in catalogue.MEMBERS.values() for claim in m.claims}
    assert stated - failed == set()
