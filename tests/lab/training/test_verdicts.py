"""Verdicts on made-up curves: those that must pass, those that must not, those that cannot tell."""

import numpy as np
import pytest
from made_up import judged

from normlab.lab.experiment import Claim
from normlab.lab.training.effects import difference, factor, ratio
from normlab.lab.training.experiment import outcome
from normlab.lab.training.initialisation import SCALES
from normlab.lab.training.inputs import best
from normlab.lab.training.rates import LRS, largest

CHAPTER = Claim("x.first", "", 1.0, ">=")
CONDITION = Claim("x.also.second", "", 1.0, ">=")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ((2, 0.5), (2, 0.5), "holds"),
        ((2, 0.5), (0, 0.5), "holds with conditions"),
        ((2, 0.5), (1, 0.5), "holds with conditions"),
        ((0, 0.5), (2, 0.5), "does not hold"),
        ((1.2, 0.5), (2, 0.5), "inconclusive"),
        ((2, float("nan")), (2, 0.5), "inconclusive"),
    ],
)
def test_a_trials_outcome(first, second, words):
    assert outcome([CHAPTER.judge(*first), CONDITION.judge(*second)]) == words


def curve(cells, works, noise=0.01):
    """Accuracy 0.95 where works(norm, place) and 0.1 elsewhere, with a little noise over seeds."""
    random = np.random.default_rng(0)
    found = {}
    for norm, cell in cells.items():
        places = [m.lr * m.scale for m in cell.replicas]
        accuracy = np.array([0.95 if works(norm, place) else 0.1 for place in places])
        accuracy += noise * random.uniform(-1, 1, len(places))
        found[norm] = {
            "test_accuracy": accuracy[:, None],
            "diverged": np.where(accuracy > 0.5, -1, 3),
            "loss": np.zeros((len(places), cell.steps)),
        }
    return found


def below(limits):
    return lambda norm, place: place <= limits.get(norm, 0.4)


def test_learning_rates_that_are_three_times_as_high():
    found, study = judged("learning-rate", lambda c: curve(c, below({"batch": 10, "layer": 0.7})))
    assert found == {"batch": "holds", "also.own": "holds", "accuracy": "inconclusive"}
    assert study.record.numbers["learning-rate.largest.none"] == pytest.approx(LRS[1])
    assert study.record.numbers["learning-rate.largest.batch"] == pytest.approx(LRS[7])


def test_learning_rates_that_are_alike_and_lower():
    found, _ = judged("learning-rate", lambda c: curve(c, below({})))
    assert found["batch"] == "does not hold" or found["batch"] == "inconclusive"
    found, _ = judged("learning-rate", lambda c: curve(c, below({"none": 10})))
    assert found["batch"] == "does not hold"


def test_one_step_of_the_grid_more_proves_nothing_of_a_factor_of_two():
    """One step is 0.25 decades, known to ± 0.25: the bound of 0.3 lies within."""
    found, _ = judged("learning-rate", lambda c: curve(c, below({"batch": 0.7})))
    assert found["batch"] == "inconclusive"


def test_a_normaliser_that_learns_nothing_has_no_stable_rate():
    found, _ = judged("learning-rate", lambda c: curve(c, below({"batch": 0.0})))
    assert found["batch"] == "inconclusive" and found["accuracy"] == "does not hold"


def span(low, high):
    return lambda norm, place: (
        low <= place / 0.1 <= high if norm == "batch" else 0.5 < place / 0.1 < 2
    )


def test_scales_of_first_weights():
    found, study = judged("initialisation", lambda c: curve(c, span(0.001, 1000)))
    assert found == {"batch": "holds", "also.small": "holds", "also.large": "holds"}
    assert study.record.numbers["initialisation.decades.batch"] == pytest.approx(4.5)
    found, _ = judged("initialisation", lambda c: curve(c, span(0.02, 20)))
    assert found == {"batch": "holds", "also.small": "does not hold", "also.large": "does not hold"}
    found, _ = judged("initialisation", lambda c: curve(c, span(5, 4)))
    assert found["batch"] == "does not hold"
    assert SCALES[0] == 0.01 and SCALES[-1] == 100


def descents(cells, raw):
    """Every one arrives: with standardised inputs after 10 steps, with raw ones after `raw` of them."""
    found = {}
    for (optimizer, inputs), cell in cells.items():
        n = len(cell.seeds) * max(1, len(cell.lrs))
        steps = raw if inputs == "raw" else 10.0
        found[optimizer, inputs] = {
            "reached": np.full(n, steps) + np.arange(n) % 2,
            "loss": np.tile(np.linspace(0.7, 0.1, 5), (n, 1)),
            "places": np.arange(1, 6),
            "condition": np.full(len(cell.seeds), 5000.0 if inputs == "raw" else 50.0),
        }
    return found


def test_inputs():
    found, _ = judged("inputs", lambda c: descents(c, 2000.0))
    assert found == {"condition": "holds", "descent": "holds", "also.adam": "holds"}
    found, study = judged("inputs", lambda c: descents(c, 15.0))
    assert found == {"condition": "holds", "descent": "does not hold", "also.adam": "does not hold"}
    assert "×1.4" in study.found
    found, _ = judged("inputs", lambda c: descents(c, np.inf))  # counts as the limit
    assert found["descent"] == "holds"


def test_the_best_rate_is_that_of_the_middle_seed():
    assert best(np.array([[np.inf, np.inf, 3.0], [9.0, 9.0, 9.0], [10.0, 8.5, 8.9]])) == 2


def test_effects():
    assert difference([1.0, 2.0], [1.0, 2.0]) == (0.0, 0.0)
    mean, spread = ratio([10.0, 1000.0], [1.0, 10.0])
    assert mean == pytest.approx(1.5) and spread == pytest.approx(12.706 * 0.5, rel=1e-3)
    assert factor(3.42, 0.0) == "×2,630 (×2,630 to ×2,630)"
    assert largest(np.array([[0.9, 0.2], [0.95, 0.3]]), np.array([0.0, 1.0]), 0.8)[0] == 1.0
    assert np.isnan(largest(np.array([[0.2]]), np.array([0.0]), 0.8)[0])
