"""The fit against scipy's own on the written-out formula, and what it says of data that tell little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit, minimize
from scipy.stats import t

from normlab.errors import DataError
from normlab.lab.canonical.fitting import fit

CONTRAST = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0])


def formula(c, rmax, c50, n):
    return rmax * c**n / (c50**n + c**n)


@given(rmax=st.floats(1.0, 300.0), c50=st.floats(5.0, 50.0), power=st.floats(1.0, 4.0))
def test_what_made_the_curve_is_found_again(rmax, c50, power):
    found = fit(CONTRAST, formula(CONTRAST, rmax, c50, power))
    got = [found.rmax.value, found.c50.value, found.power.value]
    np.testing.assert_allclose(got, [rmax, c50, power], rtol=1e-5)


def held(response, c50):
    """The least sum of squares that scipy finds with this c50."""
    best, _ = curve_fit(lambda c, rmax, n: formula(c, rmax, c50, n), CONTRAST, response, [100, 2])
    return np.sum((response - formula(CONTRAST, best[0], c50, best[1])) ** 2)


def test_estimates_and_intervals_are_those_of_scipy():
    noise = np.random.default_rng(3).normal(0, 2, len(CONTRAST))
    response = np.abs(formula(CONTRAST, 100, 20, 2) + noise)
    best, _ = curve_fit(formula, CONTRAST, response, [100, 20, 2])
    found = fit(CONTRAST, response)
    estimates = (found.rmax, found.c50, found.power)
    np.testing.assert_allclose([e.value for e in estimates], best, rtol=1e-5)
    np.testing.assert_allclose(found.curve(CONTRAST), formula(CONTRAST, *best), rtol=1e-5)
    # at an end the sum of squares is worse by t² times the variance that the best fit leaves
    freedom = len(CONTRAST) - 3
    least = np.sum((response - formula(CONTRAST, *best)) ** 2)
    for end in (found.c50.low, found.c50.high):
        root = np.sqrt((held(response, end) - least) / (least / freedom))
        assert root == pytest.approx(t.ppf(0.975, freedom), rel=1e-3)


def test_counts_are_fitted_by_their_likelihood():
    seconds = 2.0
    counts = np.random.default_rng(4).poisson(seconds * formula(CONTRAST, 60, 20, 2))
    found = fit(CONTRAST, counts / seconds, seconds)

    def lack(rmax, c50, n):
        expected = seconds * formula(CONTRAST, rmax, c50, n)
        return 2 * np.sum(expected - counts * np.log(expected))

    best = [found.rmax.value, found.c50.value, found.power.value]
    least = minimize(lambda p: lack(*p), best, method="Nelder-Mead", options={"xatol": 1e-8}).fun
    assert lack(*best) == pytest.approx(least, abs=1e-6)
    for end in (found.c50.low, found.c50.high):
        rest = minimize(lambda p, c50=end: lack(p[0], c50, p[1]), best[::2], method="Nelder-Mead")
        assert np.sqrt(rest.fun - least) == pytest.approx(1.959964, rel=1e-3)


def test_data_that_hardly_saturate_leave_c50_open():
    noise = np.random.default_rng(1).normal(0, 6, len(CONTRAST))
    found = fit(CONTRAST, (formula(CONTRAST, 100, 60, 1.5) + noise).clip(0), intervals=("c50",))
    assert found.c50.low < 60 < found.c50.high == np.inf
    assert np.isnan(found.rmax.high)


def test_a_straight_line_has_no_best_curve():
    with pytest.raises(DataError, match="no best parameters"):
        fit(CONTRAST, 0.01 * CONTRAST)


@pytest.mark.parametrize(
    ("contrast", "response", "message"),
    [
        ([1, 2, 3], [1, 2, 3], "four different contrasts"),
        ([1, 2, 3, 3], [1, 2, 3, 3], "four different contrasts"),
        ([1, 2, 3, 4], [1, 2, 3], r"shape \(4,\) and response \(3,\)"),
        ([1, 2, 3, np.nan], [1, 2, 3, 4], "negative or not finite"),
        ([1, 2, 3, 4], [1, 2, 3, -1], "negative or not finite"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "every response is 0"),
    ],
)
def test_what_cannot_be_fitted_is_told(contrast, response, message):
    with pytest.raises(DataError, match=message):
        fit(contrast, response)
