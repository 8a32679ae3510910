"""The fit against scipy's own on the written-out formula, and what it says of data that tell little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit
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


def test_estimates_and_intervals_are_those_of_scipy():
    noise = np.random.default_rng(3).normal(0, 2, len(CONTRAST))
    response = np.abs(formula(CONTRAST, 100, 20, 2) + noise)
    best, covariance = curve_fit(formula, CONTRAST, response, [100, 20, 2])
    found = fit(CONTRAST, response)
    estimates = (found.rmax, found.c50, found.power)
    np.testing.assert_allclose([e.value for e in estimates], best, rtol=1e-5)
    # to first order the interval of a logarithm is the value's, relative to it
    relative = t.ppf(0.975, len(CONTRAST) - 3) * np.sqrt(np.diag(covariance)) / best
    np.testing.assert_allclose([np.log(e.high / e.value) for e in estimates], relative, rtol=1e-4)
    np.testing.assert_allclose(found.curve(CONTRAST), formula(CONTRAST, *best), rtol=1e-5)


def test_a_known_variance_weighs_and_tells_the_interval():
    response = formula(CONTRAST, 100, 20, 2) * np.array([1, 1.2, 0.9, 1.1, 0.95, 1.02, 1])
    truth = fit(CONTRAST, response, lambda rate: np.full_like(rate, 4.0))
    _, covariance = curve_fit(
        formula, CONTRAST, response, [100, 20, 2], sigma=np.full(7, 2.0), absolute_sigma=True
    )
    expected = 1.959964 * np.sqrt(covariance[1, 1]) / truth.c50.value
    assert np.log(truth.c50.high / truth.c50.value) == pytest.approx(expected, rel=1e-4)
    assert truth.c50.covers(truth.c50.value)
    assert not truth.c50.covers(truth.c50.high * 1.01)
    assert truth.c50.spread == (truth.c50.high - truth.c50.low) / 2


def test_data_that_never_saturate_leave_c50_open():
    found = fit(CONTRAST, 0.01 * CONTRAST**1.0)
    assert not found.c50.high < 1e3  # wide, endless or NaN


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
