"""normlab.fit: a contrast response, or the normalisation model, fitted to one's own data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.errors import DataError, SettingError, need
from normlab.fitting import telling
from normlab.fitting.inputs import Asked, Given, Model, check_enough, given
from normlab.fitting.validation import cross_validated
from normlab.responses.noise import Observed, dispersion
from normlab.responses.parameters import Array, Estimate, Parameter
from normlab.responses.search import Problem, profiled


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """What `normlab.fit` found.

    parameters: name → `Estimate` (value, low, high, fixed); each is also an attribute (`fit.c50.value`).
    level: of the intervals. r_squared: of the mean responses, weighted by trials, the share of their
    variance that the model explains. log_likelihood: nats, of all observations. cross_validated:
    nats for each observation that was held out, and cross_validated_constant the same of a model that knows
    no stimulus: NaN where a part of the data is too small to fit to. dispersion: of counts, their variance
    relative to that of Poisson counts; NaN for gaussian noise. notes: warnings, each a sentence.
    """

    model: str
    noise: str
    level: float
    parameters: Mapping[str, Estimate]
    observations: int
    r_squared: float
    log_likelihood: float
    cross_validated: float
    cross_validated_constant: float
    dispersion: float
    notes: tuple[str, ...]
    source: "Source" = field(repr=False)

    def __getattr__(self, name: str) -> Estimate:
        parameters = self.__dict__.get("parameters", {})
        if name not in parameters:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return parameters[name]

    def predict(self, stimulus: ArrayLike) -> Array:
        """The model's response to contrasts of any shape; of `normalization`, to drives (stimuli, cells).

        Units: those of the response; spikes/s of counts.
        """
        return self.source.response(np.asarray(stimulus, dtype=np.float64))

    def json(self) -> dict[str, Any]:
        """Plain data: an infinite end of an interval and what is NaN are None."""
        from normlab.fitting.words import as_json

        return as_json(self)

    def html(self) -> str:
        """One page that needs no other file: the figure, the numbers, what they mean."""
        from normlab.fitting.page import page

        return page([self]).html()

    @property
    def figure(self) -> Any:
        """The data and the model, a `Figure`: shown in a notebook; `.render()` has `.svg` and `.png`."""
        from normlab.fitting.page import figure

        return figure([self])

    def __str__(self) -> str:
        from normlab.fitting.words import table

        return table(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from normlab.fitting.page import page

        return page([self]).fragment()


@dataclass(frozen=True)
class Source:
    """What the fit was made of, for figures and predictions."""

    model: Model
    seen: Observed
    inner: Array

    def response(self, stimulus: Array) -> Array:
        other = self.model.elsewhere(stimulus)
        return other.mean(self.inner)[0].reshape(stimulus.shape)


def _silent(done: int, total: int) -> None:
    """Nobody is told how far it is."""


def fit(
    contrast: ArrayLike,
    response: ArrayLike,
    model: str = "naka-rushton",
    *,
    baseline: bool = True,
    supersaturation: bool = False,
    noise: str = "gaussian",
    seconds: float = 1.0,
    tuning: ArrayLike | None = None,
    fix: Mapping[str, float] | None = None,
    level: float = 0.95,
    folds: int = 10,
    progress: Callable[[int, int], None] = _silent,
) -> Fit:
    """Fit a model of contrast responses to data by maximum likelihood, with intervals, or refuse.

        naka-rushton:   R = baseline + rmax · cⁿ / (c50^(s·n) + c^(s·n))
        normalization:  R_j = baseline_j + γ_j · D_jⁿ / (σⁿ + Σ_k w_jk D_kⁿ),
                        w_jk ∝ exp(κ cos 2(θ_j − θ_k)),  Σ_k w_jk = 1

    Shapes: contrast (N,) with response (N,), or (N, trials); contrasts may repeat, which are trials too.
        Of `normalization`, contrast is the drive D (stimuli, cells) of every cell by every stimulus,
        response (stimuli, cells) or (stimuli, cells, trials), tuning θ (cells,).
    Units: c50 in those of contrast, whatever they are; rmax and baseline in those of response, spikes/s of
        counts; σ in those of the drive; θ in degrees, of period 180.
    Scale: γ, σⁿ and w have a common factor that no response can tell, so the weights of each pool sum to 1.
    baseline: fitted, or 0. supersaturation: s is fitted (1 or more), or 1.
    noise: gaussian, of one unknown variance; poisson, for counts of spikes in `seconds`; quasi-poisson,
        counts whose variance is a multiple of their mean, as it mostly is in cortex.
    fix: values of parameters that are known, by name, such as {"n": 2}.
    Intervals: of profile likelihood, with Student's t where the noise's size is estimated; `make
        fit-coverage` prints how often they contain the true value. An end that the data do not bound is
        infinite, or the end of the domain.
    progress: called with how much of the work is done, and of how much.
    Errors: DataError for data that cannot be used, and for data that cannot tell the parameters (responses
        that do not saturate, or as well fitted by a constant): it says what is lacking. SettingError.
    Limits: trials are taken to be independent. Of data without noise the intervals have almost no width.
    Source: Naka & Rushton 1966; Albrecht & Hamilton 1982; Peirce 2007 for s; Carandini & Heeger 2012, eq. 10.

    >>> c = np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0])
    >>> found = fit(c, 8 + 40 * c**2.2 / (0.15**2.2 + c**2.2))
    >>> {name: round(e.value, 3) for name, e in found.parameters.items()}
    {'rmax': 40.0, 'c50': 0.15, 'n': 2.2, 'baseline': 8.0, 's': 1.0}
    >>> fit(c, 3 * c)
    Traceback (most recent call last):
    normlab.errors.DataError: the data cannot tell: the responses do not saturate at the contrasts shown (up \
to 1), so that rmax and c50 can be arbitrarily large; show higher contrasts, or fix c50 or rmax.
    """
    need("fit", "lab")
    asked = Asked.of(
        model=model, baseline=baseline, supersaturation=supersaturation, noise=noise, seconds=seconds,
        fix=fix, level=level,
    )  # fmt: skip
    if not isinstance(folds, int) or folds < 2:
        raise SettingError(f"folds={folds!r} given; it must be a whole number, 2 or more.")
    data = given(asked, contrast, response, tuning)
    try:
        with np.errstate(all="ignore"):  # the search goes as far as floating point does
            return _fitted(asked, data, folds, progress)
    except DataError as error:
        if not data.doubt:
            raise
        raise DataError(f"{error} {data.doubt}") from error


def _fitted(asked: Asked, data: Given, folds: int, progress: Callable[[int, int], None]) -> Fit:
    seen = data.seen()
    parameters = data.model.parameters(seen.mean)
    fixed = asked.fixed(parameters)
    free = np.flatnonzero(np.isnan(fixed))
    check_enough(asked, seen, len(free))
    problem = Problem(data.model.mean, parameters, seen, asked.noise)
    start = data.model.start(seen, asked.noise, fixed)
    telling.refuse_impossible(asked, problem, start)

    def check(inner: Array, deviance: float) -> None:
        telling.refuse_constant(asked, data, problem, inner, deviance, len(free))
        telling.refuse_limits(data, problem, inner, free)

    best, deviance, ends = profiled(problem, start, free, asked.level, check, progress)
    mu, _ = problem.mean(best)
    scale = asked.noise.scale(seen, mu, deviance, len(free))
    estimates = _estimates(parameters, best, dict(zip(free.tolist(), ends, strict=True)))
    telling.refuse_open(data, problem, estimates)
    single = asked.noise.log_likelihood(data.response, mu[data.places], data.seconds, scale)
    held_out = cross_validated(asked, data, problem, best, free, folds)
    return Fit(
        model=asked.model,
        noise=asked.noise.name,
        level=asked.level,
        parameters=estimates,
        observations=len(data.places),
        r_squared=_r_squared(seen, mu),
        log_likelihood=float(single.sum()),
        cross_validated=held_out[0],
        cross_validated_constant=held_out[1],
        dispersion=dispersion(seen, mu, len(free)) if asked.noise.counts else float("nan"),
        notes=tuple(telling.notes(asked, data, mu, estimates, len(free))),
        source=Source(data.model, seen, best),
    )


def _estimates(
    parameters: tuple[Parameter, ...], best: Array, ends: Mapping[int, tuple[float, float]]
) -> dict[str, Estimate]:
    found = {}
    for i, parameter in enumerate(parameters):
        value = parameter.outer(float(best[i]))
        low, high = (parameter.outer(float(end)) for end in ends.get(i, (best[i], best[i])))
        found[parameter.name] = Estimate(value, low, high, i not in ends)
    return found


def _r_squared(seen: Observed, mu: Array) -> float:
    center = np.average(seen.mean, weights=seen.trials)
    lack, all_ = (np.sum(seen.trials * (seen.mean - of) ** 2) for of in (mu, center))
    return float(1 - lack / all_)
