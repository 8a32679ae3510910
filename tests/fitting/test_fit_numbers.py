"""What is fitted, against the truth that made the data, and against scipy on the written-out formula."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit, minimize
from scipy.stats import chi2, t
from simulated import CONTRAST, Population, covered, covered_pools, curve, neuron, session, shares

import normlab
from normlab.responses.curve import Curve
from normlab.responses.noise import KINDS
from normlab.responses.pool import Pool

NAMES = ("rmax", "c50", "n", "baseline")


@given(
    rmax=st.floats(5.0, 200.0), c50=st.floats(0.06, 0.5), n=st.floats(1.0, 4.0),
    baseline=st.floats(0.0, 20.0), unit=st.sampled_from([1.0, 100.0]),
)  # fmt: skip
def test_what_made_the_curve_is_found_again_in_any_unit(rmax, c50, n, baseline, unit):
    found = normlab.fit(CONTRAST * unit, curve(CONTRAST, rmax, c50, n, baseline), folds=2)
    got = [found.parameters[name].value for name in NAMES]
    np.testing.assert_allclose(got, [rmax, c50 * unit, n, baseline], rtol=1e-4, atol=1e-4)
    assert found.r_squared == pytest.approx(1)


def test_a_baseline_of_eight_no_longer_bends_the_exponent():
    """Without a baseline the fit makes of n = 2.2 an n of about 1.4, as naive fits do."""
    response = curve(CONTRAST, 40, 0.15, 2.2, 8)
    assert normlab.fit(CONTRAST, response).n.value == pytest.approx(2.2, rel=1e-5)
    assert normlab.fit(CONTRAST, response, baseline=False).n.value < 1.5


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_supersaturation_is_found_again(unit):
    truth = {"rmax": 30.0, "c50": 20.0, "n": 2.5, "baseline": 3.0, "s": 1.4}
    truth["rmax"], truth["c50"] = 30 * (0.2 * unit) ** (2.5 * 0.4), 0.2 * unit
    response = curve(CONTRAST * unit, **truth)
    found = normlab.fit(CONTRAST * unit, response, supersaturation=True)
    for name, value in truth.items():
        assert found.parameters[name].value == pytest.approx(value, rel=1e-4), name


def test_gaussian_estimates_and_their_first_order_errors_are_those_of_scipy():
    generator = np.random.default_rng(3)
    response = session(
        generator, {"rmax": 40, "c50": 0.2, "n": 2.2, "baseline": 5}, "gaussian", 200
    )
    x = np.repeat(CONTRAST, 200)
    found = normlab.fit(CONTRAST, response)
    best, covariance = curve_fit(curve, x, response.ravel(), [40, 0.2, 2, 5])
    reach = t.ppf(0.975, len(x) - 4) * np.sqrt(np.diag(covariance))
    for name, value, half in zip(NAMES, best, reach, strict=True):
        estimate = found.parameters[name]
        assert estimate.value == pytest.approx(value, rel=1e-4)
        assert (estimate.high - estimate.low) / 2 == pytest.approx(half, rel=0.05)


def test_an_end_of_an_interval_is_where_the_written_out_likelihood_says():
    """Poisson counts: with c50 at its upper end, minus twice the best log likelihood has risen by 3.84."""
    generator = np.random.default_rng(4)
    truth = {"rmax": 30, "c50": 0.2, "n": 2.0, "baseline": 4}
    counts = session(generator, truth, "poisson", 5)

    def lack(logs):
        rates = curve(CONTRAST, *np.exp(logs))[:, None]
        return 2 * np.sum(rates - counts * np.log(rates))

    def least(c50=None):
        def held(free):
            return lack(free if c50 is None else np.insert(free, 1, np.log(c50)))

        begin = np.log([30, 0.2, 2, 4]) if c50 is None else np.log([30, 2, 4])
        return minimize(
            held,
            begin,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-9, "maxfev": 9000},
        ).fun

    found = normlab.fit(CONTRAST, counts, noise="poisson").c50
    for end in (found.low, found.high):
        assert least(end) - least() == pytest.approx(chi2.ppf(0.95, 1), rel=5e-3)


def test_seconds_make_rates_of_counts():
    counts = session(
        np.random.default_rng(5), {"rmax": 30, "c50": 0.2, "n": 2.0, "baseline": 4}, "poisson"
    )
    whole = normlab.fit(CONTRAST, counts, noise="poisson")
    half = normlab.fit(CONTRAST, counts, noise="poisson", seconds=0.5)
    for name, factor in {"rmax": 2, "baseline": 2, "c50": 1, "n": 1}.items():
        one, other = whole.parameters[name], half.parameters[name]
        for end in ("value", "low", "high"):
            assert getattr(other, end) == pytest.approx(factor * getattr(one, end), rel=1e-4)
    assert half.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-9)


def test_trials_may_be_rows_or_repeated_contrasts_and_tensors():
    response = session(np.random.default_rng(6), neuron(np.random.default_rng(1)), "gaussian")
    rows = normlab.fit(CONTRAST, response)
    flat = normlab.fit(
        torch.from_numpy(np.repeat(CONTRAST, 20)), torch.from_numpy(response.ravel())
    )
    assert rows.parameters == flat.parameters
    assert rows.observations == flat.observations == 200


def test_an_s_that_may_be_1_is_told():
    generator = np.random.default_rng(2)
    plain, bent = (session(generator, neuron(generator, b), "gaussian") for b in (False, True))
    told, not_told = (
        normlab.fit(CONTRAST, r, supersaturation=True, folds=2) for r in (plain, bent)
    )
    assert told.s.low == 1 < not_told.s.low and not_told.notes == ()
    assert "such intervals contain it in 97.5 % of cases, not 95 %" in told.notes[0]


def test_a_start_is_found_among_many_contrasts():
    """Each of 20,000 contrasts shown once: the search begins from some of them and ends with all."""
    generator = np.random.default_rng(12)
    truth = {"rmax": 40.0, "c50": 0.15, "n": 2.2, "baseline": 8.0}
    contrast = generator.uniform(0, 1, 20_000)
    found = normlab.fit(contrast, generator.normal(curve(contrast, **truth), 6), folds=2)
    assert all(abs(found.parameters[n].value / value - 1) < 0.05 for n, value in truth.items())
    assert found.observations == 20_000


@pytest.mark.parametrize("noise", [*KINDS])
def test_intervals_hold_the_truth(noise):
    """30 cells, 4 parameters each: below 105 of 120 has a chance of 6e-4 if each is held in 95 %."""
    outcomes = [*covered(30, noise, seed=11)]
    assert None not in outcomes
    held = sum(sum(one.values()) for one in outcomes if one)
    assert 105 <= held <= 119


def test_intervals_of_populations_hold_the_truth():
    """Eight populations of 19 parameters: of the 24 shared ones fewer than 19 would have a chance of 1e-3 if
    each is held in 95 %, and of all 152, which hang together within a population, below 131 one of 1e-5.
    """
    outcomes = [one for one in covered_pools(8, "gaussian", seed=3) if one]
    assert len(outcomes) == 8
    shared = sum(one[name] for one in outcomes for name in ("sigma", "n", "kappa"))
    assert shared >= 19
    assert 131 <= sum(sum(one.values()) for one in outcomes) <= 151


@pytest.mark.slow
def test_intervals_hold_each_parameter_in_95_percent_of_1000_cells():
    for noise in ("gaussian", "poisson"):
        found, refused = shares([*covered(1000, noise, seed=21)])
        assert refused <= 5
        assert {name: share for name, share in found.items() if abs(share - 0.95) > 0.02} == {}


def test_poisson_intervals_say_that_overdispersed_counts_are_not_poisson():
    generator = np.random.default_rng(7)
    counts = session(generator, neuron(generator), "quasi-poisson")
    narrow, wide = (
        normlab.fit(CONTRAST, counts, noise=noise) for noise in ("poisson", "quasi-poisson")
    )
    assert any("times as much as Poisson counts would" in note for note in narrow.notes)
    assert wide.notes == ()
    assert narrow.c50.value == pytest.approx(wide.c50.value, rel=1e-6)
    ratio = (wide.c50.high - wide.c50.low) / (narrow.c50.high - narrow.c50.low)
    assert ratio == pytest.approx(np.sqrt(wide.dispersion), rel=0.05)


def test_held_out_likelihood_prefers_the_model_that_made_the_data():
    generator = np.random.default_rng(8)
    bent = session(generator, neuron(generator, bent=True), "gaussian")
    plain, with_s = (normlab.fit(CONTRAST, bent, supersaturation=s) for s in (False, True))
    assert with_s.cross_validated > plain.cross_validated > plain.cross_validated_constant


def test_the_normalisation_model_finds_what_made_the_responses():
    cells = Population()
    found = normlab.fit(cells.drive, cells.mean, "normalization", tuning=cells.tuning, folds=2)
    for name, value in cells.truth.items():
        assert found.parameters[name].value == pytest.approx(value, rel=1e-4), name
    np.testing.assert_allclose(found.predict(cells.drive), cells.mean, rtol=1e-5)


@pytest.mark.parametrize("noise", ["gaussian", "poisson"])
def test_the_normalisation_model_is_recovered_within_its_intervals(noise):
    """19 parameters, once: fewer than 15 within their intervals has a chance of 2e-3; more is no surprise."""
    cells, generator = Population(), np.random.default_rng(9)
    mean = np.repeat(cells.mean[..., None], 10, 2)
    response = generator.poisson(mean) if noise == "poisson" else generator.normal(mean, 4.0)
    found = normlab.fit(
        cells.drive, response, "normalization", tuning=cells.tuning, noise=noise, folds=2
    )
    held = [found.parameters[name].covers(value) for name, value in cells.truth.items()]
    assert sum(held) >= 15
    assert (
        found.parameters["sigma"].covers(cells.sigma)
        or abs(found.sigma.value / cells.sigma - 1) < 0.1
    )


def test_the_scale_is_fixed_by_the_weights():
    """Twice the drives is twice sigma and nothing else: the weights of a pool sum to 1."""
    cells = Population()
    settings = {"model": "normalization", "tuning": cells.tuning, "folds": 2}
    one, two = (normlab.fit(k * cells.drive, cells.mean, **settings) for k in (1, 2))
    assert two.sigma.value == pytest.approx(2 * one.sigma.value, rel=1e-4)
    assert two.parameters["gamma.0"].value == pytest.approx(
        one.parameters["gamma.0"].value, rel=1e-4
    )


def test_the_curve_is_the_divisive_row_and_so_is_the_pool():
    inner = [np.log(40.0), np.log(0.2), np.log(2.2), 0.0, 0.0]
    row = normlab.normalize(
        torch.from_numpy(CONTRAST)[:, None], "divisive", sigma=0.2, power=2.2,
        weight=torch.tensor([40.0], dtype=torch.float64),
    )  # fmt: skip
    np.testing.assert_allclose(
        Curve(CONTRAST, False, False).mean(np.array(inner))[0], row.y[:, 0], rtol=1e-12
    )
    cells = Population()
    angles = np.radians(2 * (cells.tuning[:, None] - cells.tuning))
    weights = np.exp(cells.kappa * np.cos(angles))
    expected = normlab.functional.divisive_norm(
        torch.from_numpy(cells.drive), sigma=cells.sigma, power=cells.n,
        pool_weight=torch.from_numpy(weights / weights.sum(1, keepdims=True)),
    )  # fmt: skip
    shares_, _ = Pool(cells.drive, cells.tuning, False).shares(
        np.log(cells.sigma), np.log(cells.n), cells.kappa
    )
    np.testing.assert_allclose(shares_, expected, rtol=1e-12)


@pytest.mark.parametrize("counts", [False, True])
def test_derivatives_are_those_of_differences(counts):
    cells = Population(cells=3)
    gains, bases = np.log([20.0, 30.0, 40.0]), [0.5, 1.0, 1.5]
    for model, inner in (
        (Curve(CONTRAST, counts, True), [3.0, -1.5, 0.8, 1.2, 0.5]),
        (Pool(cells.drive, cells.tuning, counts), [-2.0, 0.7, 1.0, *gains, *bases]),
    ):
        at, slopes = np.array(inner), model.mean(np.array(inner))[1]
        steps = 1e-6 * np.eye(len(at))
        numeric = np.stack(
            [(model.mean(at + e)[0] - model.mean(at - e)[0]) / 2e-6 for e in steps], 1
        )
        np.testing.assert_allclose(slopes, numeric, atol=1e-6)
