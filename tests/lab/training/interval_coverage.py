"""How often the training laboratory's intervals hold the truth, by simulation: `make interval-coverage`.

Each row is a data model, the interval that the laboratory takes for it, and plain Student's beside it.

python tests/lab/training/interval_coverage.py            # writes docs/reference/intervals.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from normlab.lab.spreads import mean_and_spread
from normlab.lab.training.effects import difference, log10_or_less, ratio
from normlab.lab.training.faster import speed_up
from normlab.lab.training.initialisation import SCALES
from normlab.lab.training.initialisation import STEP as SCALE_STEP
from normlab.lab.training.rates import LRS, largest
from normlab.lab.training.rates import STEP as RATE_STEP
from normlab.system.files import write_all
from normlab.system.markdown import markdown

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "intervals.md"
REPETITIONS, SEEDS = 2000, (3, 8, 20)
LEAST = 0.938  # significantly below 95 % in 2,000 repetitions, one-sided at 1 %
TEST_SHARE = 0.5  # test over training examples of the laboratory's splits
GAP, STEPS = 20, 900.0  # of the experiment on speed
Interval = tuple[float, float]


@dataclass(frozen=True)
class Simulated:
    """What one repetition gives: the truth, the laboratory's interval and plain Student's."""

    truth: float
    ours: Interval
    plain: Interval


@dataclass(frozen=True)
class Model:
    words: str
    interval: str
    used: str
    draw: Callable[[np.random.Generator, int], Simulated]


def _shared(random: np.random.Generator, seeds: int) -> Simulated:
    alike = TEST_SHARE / (1 + TEST_SHARE)
    noise = np.sqrt(alike) * random.normal() + np.sqrt(1 - alike) * random.normal(size=seeds)
    values = 0.01 + 0.005 * noise
    zero = np.zeros(seeds)
    return Simulated(0.01, difference(values, zero, TEST_SHARE), difference(values, zero))


def _counts(random: np.random.Generator, seeds: int) -> Simulated:
    """Of 600 test examples each is got right by two networks, near the ceiling and with chance between."""
    chances = np.clip(np.array([[0.985], [0.965]]) + random.normal(0, 0.006, (2, seeds)), 0, 1)
    first, second = random.binomial(600, chances) / 600
    truth = _mean_of_clipped(0.985, 0.006) - _mean_of_clipped(0.965, 0.006)
    return Simulated(truth, difference(first, second, TEST_SHARE), difference(first, second))


def _mean_of_clipped(mean: float, spread: float) -> float:
    from scipy.stats import norm

    top = (1 - mean) / spread
    return float(mean * norm.cdf(top) - spread * norm.pdf(top) + norm.sf(top))


def _skewed(random: np.random.Generator, seeds: int) -> Simulated:
    values = 10 ** random.normal(-2, 0.4, seeds)
    plain, spread = mean_and_spread(values)
    mean = 10 ** (-2 + np.log(10) * 0.4**2 / 2)  # plain Student's is for the mean itself
    ours, half = mean_and_spread(log10_or_less(values))
    return Simulated(0.0, (ours + 2, half), (plain - mean, spread))


def _rates(random: np.random.Generator, seeds: int) -> Simulated:
    """Largest stable rates of two normalisers, somewhere between the places of the grid."""
    places, wide = np.log10(LRS), random.choice([0.02, 0.1, 0.3])
    means = random.uniform(places[2], places[4]), random.uniform(places[2], places[4])
    found = [_on_grid(random.normal(mean, wide, seeds), places) for mean in means]
    mean, spread = difference(*found)
    return Simulated(means[0] - means[1], (mean, spread + RATE_STEP), (mean, spread))


def _on_grid(thresholds: np.ndarray, places: np.ndarray) -> np.ndarray:
    stable = (places[:, None] <= thresholds).astype(float)
    return largest(stable, places, 1.0)


def _ranges(random: np.random.Generator, seeds: int) -> Simulated:
    """Decades between the smallest and the largest scale that work, of two normalisers."""
    places, wide = np.log10(SCALES), random.choice([0.02, 0.1, 0.3])
    ends = random.uniform(-1.5, -0.5, 2), random.uniform(0.0, 1.5, 2)
    low, high = (random.normal(end[:, None], wide, (2, seeds)) for end in ends)
    works = (places[:, None, None] >= low) & (places[:, None, None] <= high)
    mean, spread = difference(*(SCALE_STEP * works.sum(0)))
    truth = (ends[1][0] - ends[0][0]) - (ends[1][1] - ends[0][1])
    return Simulated(truth, (mean, spread + 2 * SCALE_STEP), (mean, spread))


def _speed(random: np.random.Generator, seeds: int) -> Simulated:
    """Steps to learn, rounded up to the next evaluation."""
    wide = random.choice([0.02, 0.1])
    means = random.uniform(2.3, 2.6), random.uniform(1.5, 2.0)
    slow, fast = (
        np.minimum(GAP * np.ceil(10 ** random.normal(mean, wide, seeds) / GAP), STEPS)
        for mean in means
    )
    mean, spread, _ = speed_up(slow, fast, STEPS, GAP)
    return Simulated(means[0] - means[1], (mean, spread), ratio(slow, fast))


def _bounded(random: np.random.Generator, seeds: int) -> Simulated:
    """Gini indices before and after a norm, each between 0 and 1, seed by seed."""
    first, second = random.beta(40, 20, seeds), random.beta(40, 25, seeds)
    found = difference(first, second)
    return Simulated(40 / 60 - 40 / 65, found, found)


def _two_ways(random: np.random.Generator, seeds: int) -> Simulated:
    """Seven in ten seeds train, the others stay at chance: no interval of so few seeds knows that."""
    values = np.where(random.random(seeds) < 0.7, 0.95, 0.1) + random.normal(0, 0.01, seeds)
    zero = np.zeros(seeds)
    truth = 0.7 * 0.95 + 0.3 * 0.1
    return Simulated(truth, difference(values, zero, TEST_SHARE), difference(values, zero))


MODELS = (
    Model(
        "differences of test accuracy that are normal, and alike between seeds by the share of test "
        "examples, since random splits of one data set overlap",
        "Student's with the variance (1/n + test/training) s² (Nadeau & Bengio 2003)",
        "test accuracy, test error, the gap of the loss",
        _shared,
    ),
    Model(
        "differences of two counts of right answers out of 600, near the ceiling, with networks that differ",
        "the same",
        "the same",
        _counts,
    ),
    Model(
        "log-normal quantities (sd 0.4 decades)",
        "Student's of the logarithms; the claim is about the geometric mean",
        "condition numbers, smoothness, gradient shift, changes by padding",
        _skewed,
    ),
    Model(
        f"largest stable rates, normal in decades (sd 0.02, 0.1 or 0.3), of which the grid of "
        f"{RATE_STEP:.2f} decades shows the place below",
        "Student's, widened by a step on either side",
        "learning-rate",
        _rates,
    ),
    Model(
        f"ranges of scales whose two ends are normal in decades (sd 0.02, 0.1 or 0.3), on a grid of "
        f"{SCALE_STEP:g} decades",
        "Student's of the differences, widened by two steps on either side",
        "initialisation",
        _ranges,
    ),
    Model(
        f"steps to learn, log-normal (sd 0.02 or 0.1 decades), rounded up to an evaluation every {GAP} steps",
        "Student's of the logarithms, widened by the mean effect of one such gap",
        "faster",
        _speed,
    ),
    Model(
        "differences of two indices between 0 and 1 (beta distributions)",
        "Student's",
        "the Gini index",
        _bounded,
    ),
    Model(
        "accuracy where seven in ten seeds train and the others stay at chance",
        "as for test accuracy",
        "initialisation and batch-size, at their extremes",
        _two_ways,
    ),
)


def coverage(model: Model, seeds: int, repetitions: int = REPETITIONS) -> tuple[float, float]:
    """Shares of repetitions in which our interval and plain Student's hold the truth."""
    random = np.random.default_rng([MODELS.index(model), seeds])
    found = []
    for _ in range(repetitions):
        one = model.draw(random, seeds)
        found.append([abs(m - one.truth) <= s for m, s in (one.ours, one.plain)])
    ours, plain = np.mean(found, axis=0)
    return float(ours), float(plain)


def page() -> str:
    rows = []
    for model in MODELS:
        shares = [coverage(model, seeds) for seeds in SEEDS]
        ours, plain = (", ".join(f"{100 * s[i]:.1f}" for s in shares) for i in (0, 1))
        rows.append((model.words, model.interval, model.used, ours, plain))
    day = date.today()
    seeds = f"{', '.join(map(str, SEEDS[:-1]))} and {SEEDS[-1]} seeds, %"
    header = (
        "data model",
        "interval",
        "used for",
        f"contains the true value: {seeds}",
        "plain Student's",
    )
    return f"""# Intervals of the training laboratory

`make interval-coverage` printed this on {day.day} {day:%B %Y}: how often each 95 % interval contains the true
value, in {REPETITIONS:,} repetitions for each number of seeds. Fewer than {100 * LEAST:.1f} % are
significantly too few.
Intervals that are widened for a grid contain it more often than 95 %, because it is not known how far between
two places of the grid the true value lies.

{markdown(header, rows)}
The last row is a warning. Where some seeds train and others do not, a few seeds may all be of one kind,
and the interval is too narrow: such a claim needs many seeds.

Verdicts of the whole table are also corrected for the number of its claims (Holm 1979). Two limits remain:
training sets of different seeds overlap too, and the correction for that is an approximation; and everything
holds only for these data sets.
"""


if __name__ == "__main__":
    write_all(PAGE.parent, {PAGE.name: page().encode()})
    print(PAGE.read_text(encoding="utf-8"))
