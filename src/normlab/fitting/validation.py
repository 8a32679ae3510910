"""How well the model predicts responses that it was not fitted to."""

import math
from dataclasses import replace

import numpy as np

from normlab.fitting.inputs import Asked, Given
from normlab.fitting.telling import constant
from normlab.responses.parameters import Array, Places
from normlab.responses.search import Problem, minimised

_SEED = 0


def cross_validated(
    asked: Asked, given: Given, problem: Problem, best: Array, free: Places, folds: int
) -> tuple[float, float]:
    """Log likelihood of held-out observations, nats for each: of the model, and of a constant.

    NaN where a part of the observations leaves too few to fit to.
    """
    fold = _folds(given.places, folds)
    own, none = np.empty(len(fold)), np.empty(len(fold))
    for k in range(fold.max() + 1):
        out, kept = fold == k, fold != k
        used = np.unique(given.places[kept])
        if len(used) < len(free) or kept.sum() <= len(free):
            return math.nan, math.nan
        seen = given.seen(kept)
        inner, _ = minimised(replace(problem, seen=seen), best, free)
        for into, mu, count in (
            (own, problem.mean(inner)[0], len(free)),
            (none, constant(given, seen), len(np.unique(given.groups))),
        ):
            lack = float(np.sum(asked.noise.residuals(seen, mu)[0] ** 2))
            scale = asked.noise.scale(seen, mu, lack, count)
            into[out] = asked.noise.log_likelihood(
                given.response[out], mu[given.places[out]], given.seconds, scale
            )
    return float(own.mean()), float(none.mean())


def _folds(places: Places, folds: int) -> Places:
    """Parts of equal size in which the trials of each place are shared out as evenly as can be."""
    order = np.random.default_rng(_SEED).permutation(len(places))
    order = order[np.argsort(places[order], kind="stable")]
    fold = np.empty(len(places), int)
    fold[order] = np.arange(len(places)) % min(folds, len(places))
    return fold
