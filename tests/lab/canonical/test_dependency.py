"""Information, kurtosis and the bow tie of data whose values are known."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import kurtosis
from sklearn.feature_selection import mutual_info_regression

from normlab.lab.canonical.dependency import bow_tie, excess_kurtosis, mutual_information


def gaussians(rho, count=100_000, seed=0):
    a, b = torch.from_numpy(np.random.default_rng(seed).standard_normal((2, count)))
    return a, rho * a + (1 - rho**2) ** 0.5 * b


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.6, 0.8])
def test_information_of_gaussians(rho):
    """−½ log₂(1 − ρ²); sixteen bins lose a few hundredths of it where it is much."""
    exact = -0.5 * math.log2(1 - rho**2)
    found = mutual_information(*gaussians(rho))
    assert 0.93 * exact - 2e-3 <= found <= exact + 2e-3


def test_information_of_dependent_uncorrelated_data_is_that_of_nearest_neighbours():
    u = np.random.default_rng(1).standard_normal((4000, 2))
    x = np.sqrt(np.random.default_rng(2).exponential(size=(4000, 1))) * u
    nats = mutual_info_regression(x[:, :1], x[:, 1], n_neighbors=5, random_state=0)[0]
    found = mutual_information(*torch.from_numpy(x.T.copy()), bins=8)
    assert found == pytest.approx(nats / math.log(2), abs=0.02)


def test_information_depends_on_no_scale_and_order():
    a, b = gaussians(0.5, 5000)
    found = mutual_information(a, b)
    assert mutual_information(a.exp(), b**3) == found == pytest.approx(mutual_information(b, a))


def test_kurtosis_is_scipys():
    x = np.random.default_rng(0).laplace(3.0, 2.0, 10_000)
    assert excess_kurtosis(torch.from_numpy(x)) == pytest.approx(kurtosis(x), rel=1e-12)


def test_bow_tie():
    a, b = gaussians(0.0)
    assert bow_tie(a, b) == pytest.approx(1.0, abs=0.03)
    assert bow_tie(a, a.abs() * b) > 5
    assert bow_tie(a, b / (0.1 + a.abs())) < 0.5
