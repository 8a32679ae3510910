"""Intervals contain the true value as often as they say under their data model; plain Student's need not."""

import numpy as np
import pytest
from interval_coverage import LEAST, MODELS, coverage

from normlab.lab.experiment import Claim
from normlab.lab.many import corrected, holm
from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.plan import Plan
from normlab.lab.training.rates import at_best
from normlab.lab.training.settings import Settings

COVERING = MODELS[:-1]  # the last shows where no interval of few seeds covers


@pytest.mark.parametrize("model", COVERING, ids=lambda model: model.draw.__name__)
def test_an_interval_covers(model):
    """300 repetitions: three standard errors below 95 % are 91.2 %."""
    ours, _ = coverage(model, 8, 300)
    assert ours >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)


def test_the_warning_is_needed():
    """Of three seeds all are of one kind in 37 % of the repetitions."""
    ours, plain = coverage(MODELS[-1], 3, 300)
    assert max(ours, plain) < LEAST


def test_overlapping_splits_widen_an_interval():
    """(1/n + overlap) for 1/n: of four values and half, √(0.75 / 0.25) = √3 times."""
    values = [1.0, 2.0, 3.0, 4.0]
    assert mean_and_spread(values, overlap=0.5)[1] == pytest.approx(
        3**0.5 * mean_and_spread(values)[1]
    )
    assert Plan.of(Settings()).overlap == Plan.of(Settings(seeds=3)).overlap == 0
    many = Plan.of(Settings(seeds=200))  # the smallest of the digits' classes has 174 examples
    assert many.folds == 87 and many.overlap == pytest.approx(1 / 86)


def test_of_training_sets_alone_the_variance_is_the_jackknifes():
    """Four values and four folds: (4 − 1)²/4 s², nine times Student's s²/4."""
    plan, values = Plan.of(Settings(seeds=4)), [1.0, 2.0, 3.0, 4.0]
    overlap = plan.held_out(plan.data)
    assert mean_and_spread(values, overlap=overlap)[1] == pytest.approx(
        3 * mean_and_spread(values)[1]
    )


def test_the_best_rate_is_judged_on_data_that_did_not_choose_it():
    validation = np.array([[0.9], [0.9], [0.8], [0.8]])  # two rates of two seeds
    test = np.array([[0.6], [0.7], [0.95], [0.95]])
    found = at_best({"validation_accuracy": validation, "test_accuracy": test}, 2)
    assert found.tolist() == [0.6, 0.7]


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == [] and holm([0.6, 0.6]) == [1.0, 1.0]


def test_many_claims_decide_less_than_one():
    """t = 2.5 with 7 degrees of freedom: p = 0.041 alone, and 0.41 as the least of ten."""
    claim = Claim("x", "words", 0.0, ">=")
    near, far = claim.judge(2.5, 2.365, seeds=8), claim.judge(100.0, 1.0, seeds=8)
    without = claim.judge(2.5, 2.365)
    assert near.outcome == without.outcome == "holds"
    found = corrected([*[near] * 10, far, without])
    assert [v.outcome for v in found] == ["inconclusive"] * 10 + ["holds"] * 2
    assert found[0].adjusted == pytest.approx(0.41, abs=0.01) and found[-1].adjusted is None
    assert corrected([near])[0].outcome == "holds"


def test_what_is_rounding_is_no_chance():
    """5 ± (0.1 of chance and 2 of a grid): 3 of 0.1 beyond, not 5 of 2.1; within the grid, nothing."""
    claim = Claim("x", "words", 0.0, ">=")

    def adjusted(*given, slack=0.0):
        return corrected([claim.judge(*given, seeds=8, slack=slack)])[0].adjusted

    assert adjusted(5.0, 2.1, slack=2.0) == pytest.approx(adjusted(3.0, 0.1))
    assert adjusted(1.5, 2.1, slack=2.0) == 1.0
    assert adjusted(2.5, 2.0, slack=2.0) == 0.0
