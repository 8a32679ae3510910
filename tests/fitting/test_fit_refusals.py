"""Data that cannot tell, and what cannot be fitted: refused in words."""

import numpy as np
import pytest
from simulated import CONTRAST, Population, curve

import normlab
from normlab.errors import DataError, SettingError
from normlab.responses.parameters import Estimate

RESPONSE = curve(CONTRAST, 40, 0.15, 2.2, 8)
NOISE = np.random.default_rng(0).normal(0, 1, 10)

CANNOT_TELL = {
    "a straight line": (3 * CONTRAST, "do not saturate at the contrasts shown .up to 1."),
    "a noisy line": (10 + 30 * CONTRAST + 0.3 * NOISE, "do not saturate"),
    "noise alone": (NOISE, "a constant fits the responses as well"),
    "falling": (RESPONSE[::-1] + NOISE, "a constant fits the responses as well"),
    "a step": (
        np.where(CONTRAST > 0.1, 40.0, 8.0) + 0.1 * NOISE,
        "jump from their lowest to their highest",
    ),
    "saturated at once": (
        8 + 40 * (CONTRAST > 0) + 0.5 * NOISE,
        "saturated at the lowest contrast shown",
    ),
}


@pytest.mark.parametrize(("response", "message"), CANNOT_TELL.values(), ids=CANNOT_TELL)
def test_data_that_cannot_tell_are_refused(response, message):
    with pytest.raises(DataError, match=f"the data cannot tell: .*{message}"):
        normlab.fit(CONTRAST, response)


def test_what_is_known_may_be_fixed():
    line = 10 + 30 * CONTRAST**1.5 + 0.1 * NOISE
    with pytest.raises(DataError, match="fix c50 or rmax"):
        normlab.fit(CONTRAST, line)
    found = normlab.fit(CONTRAST, line, fix={"c50": 2.0})
    assert found.c50 == Estimate(2.0, 2.0, 2.0, fixed=True)
    assert found.n.covers(1.6) or found.n.value > 1.3


def test_a_pool_that_nothing_tells_of_is_refused():
    cells = Population()
    same = np.repeat(np.array([0, 0.05, 0.1, 0.2, 0.4, 0.8])[:, None], 8, 1)
    response = (
        3 + 40 * same**2 / (0.12**2 + same**2) + np.random.default_rng(1).normal(0, 0.5, same.shape)
    )
    with pytest.raises(DataError, match="do not show how narrow the pool is"):
        normlab.fit(same, response, "normalization", tuning=cells.tuning)
    fixed = normlab.fit(
        same, response, "normalization", tuning=cells.tuning, fix={"kappa": 0}, folds=2
    )
    assert fixed.sigma.covers(0.12)


DATA = {
    "too few": ((CONTRAST[:4], RESPONSE[:4]), {}, "give at least 5 different contrasts"),
    "shapes": ((CONTRAST, RESPONSE[:5]), {}, r"has shape \(10,\) and response \(5,\)"),
    "negative": ((-CONTRAST, RESPONSE), {}, "contrast holds -1; it must be 0 or more"),
    "NaN": ((CONTRAST, np.where(CONTRAST == 0.1, np.nan, RESPONSE)), {}, "response holds nan at place 3"),
    "infinite": ((CONTRAST, np.inf + RESPONSE), {}, "response holds inf at place 0 .* 10 such"),
    "empty": (([], []), {}, "contrast is empty"),
    "words": ((["a"], [1]), {}, "contrast is not an array of numbers"),
    "all alike": ((CONTRAST, np.full(10, 3.0)), {}, "every response is 3"),
    "no contrast": ((0 * CONTRAST, RESPONSE), {}, "every contrast is 0"),
    "rates as counts": ((CONTRAST, RESPONSE), {"noise": "poisson"}, "no count of spikes; give the counts"),
    "negative counts": ((CONTRAST, -np.rint(RESPONSE)), {"noise": "poisson"}, "counts of spikes are 0"),
    "spikes out of nothing": ((CONTRAST, np.rint(RESPONSE)), {"noise": "poisson", "baseline": False},
                              "a baseline of 0 rules out; fit the baseline"),
    "drive of one cell": ((np.ones((5, 1)), np.ones((5, 1))), {"model": "normalization", "tuning": [0.0]},
                          "has one cell; a pool needs two"),
    "drive's shape": ((np.ones((5, 2)), np.ones((5, 3))), {"model": "normalization", "tuning": [0.0, 1.0]},
                      r"drive has shape \(5, 2\), response \(5, 3\)"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "settings", "message"), DATA.values(), ids=DATA)
def test_data_that_are_none(given, settings, message):
    with pytest.raises(DataError, match=message):
        normlab.fit(*given, **settings)


SETTINGS = {
    "model": (
        {"model": "naka-rushtn"},
        "it must be naka-rushton or normalization. Did you mean 'naka-rushton'",
    ),
    "noise": ({"noise": "poison"}, "Did you mean 'poisson'"),
    "level": ({"level": 95}, "level=95 given; it must be between 0 and 1"),
    "seconds": ({"seconds": 0.5}, "says nothing about gaussian noise"),
    "no seconds": ({"seconds": 0, "noise": "poisson"}, "seconds=0 given"),
    "fix": ({"fix": {"m": 2}}, "fix names 'm'; naka-rushton has rmax, c50, n"),
    "fix below": ({"fix": {"c50": -2}}, "fix c50=-2 given; it must be from 0 to inf"),
    "folds": ({"folds": 1}, "folds=1 given"),
    "tuning": ({"tuning": [1]}, "tuning given, which is of normalization"),
    "no tuning": ({"model": "normalization"}, "normalization needs tuning"),
    "s": ({"model": "normalization", "supersaturation": True}, "which is of naka-rushton"),
}


@pytest.mark.parametrize(("settings", "message"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_are_none(settings, message):
    with pytest.raises(SettingError, match=message):
        normlab.fit(CONTRAST, RESPONSE, **settings)


def test_an_exponent_without_an_upper_end_is_told_and_not_refused():
    response = curve(CONTRAST, 32, 0.18, 6, 8) + 3 * NOISE
    found = normlab.fit(CONTRAST, response)
    assert found.n.high == np.inf
    assert found.notes == ("The data do not bound n from above.",)
    assert found.json()["parameters"]["n"]["high"] is None
    assert "∞" in str(found)
