"""What an implementation with a given mistake would give: the equation, with some parts replaced.

`Recipe` is the right way until a mistake replaces a part; it runs a scenario in float64 and predicts what
is seen of it. The right numbers come from the same place: `normalize`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.row import Norm
from normlab.errors import NormlabError, ShapeError
from normlab.grading.judge import keeping, operands, scaling
from normlab.grading.judge.keeping import Kept
from normlab.grading.judge.scenario import Call, Scenario
from normlab.grading.judge.surrounds import Surround
from normlab.grading.rows import sized

ANY = "any"  # a number that cannot be predicted: the rounding of a difference of large numbers
ERROR = "error"
Change = Callable[[Any, Mapping[str, Any]], Any]  # of a setting, given it and all settings
Seen = list[dict[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """How an implementation goes about it; each field is right as it stands."""

    row: Norm
    over: str | None = None  # other axes pooled: see operands.axes; "group 0 2": of (N, groups, …)
    over_of: str = "both"  # what is taken over them: mean, variance, both
    element: str = ""  # what is pooled instead of |d|ⁿ: see operands.ELEMENTS
    settings: Mapping[str, Change] = field(default_factory=dict)
    pool_rooted: bool = False  # the root is taken twice
    correction: int = 0  # n − correction in the variance that divides
    spread: str = ""  # how the variance is taken: see operands.SPREADS
    poolless: bool = False  # the pool is left out, and the constant alone divides
    center_summed: int = 0  # how often the center is multiplied by the number of elements
    median: str = ""  # subtracted for the mean, of an even count the middle: see operands.median
    about_median: bool = False  # the variance is taken about it
    swapped: bool = False  # the variance is taken for the mean, and the mean for the variance
    largest: bool = False  # the largest is taken for the sum
    divisor: str = ""  # what is made of the right divisor: see operands.DIVISORS
    center: str = "mean"  # what is subtracted: see operands.CENTERS
    centers: bool = False  # the mean is subtracted where none should be
    numerator: str = ""  # what is divided: see operands.NUMERATORS
    undivided: bool = False  # nothing is divided
    inverted: bool = False  # multiplied by the divisor
    minus_sigma: bool = False  # the constant is subtracted under the root
    minus_pool: bool = False  # the pool is subtracted under the root
    detached: frozenset[str] = frozenset()  # of center, pool, y
    weightless: bool = False  # the gradient of x is that without the weight
    summed: int = 0  # how often the pool is multiplied by the number of elements
    cancels: bool = False  # the variance as mean x² − (mean x)²
    half: str = ""  # the dtype that is computed in, where it is a half one
    loose: float = 0.0  # how closely numbers agree that consist of rounding in part
    signed: bool = False  # the pool sums x with its sign
    transposed: bool = False  # the last axis taken for the channels
    order: tuple[str, str] = ("", "")  # of x before it is grouped and after: see operands.ORDERS
    flattened: bool = False  # reshaped to (N·L, C) without moving the channels
    keepdim: bool = True  # statistics keep the pooled axes
    reach: tuple[str, str] | tuple[()] = ()  # of a window, before and after: see operands.REACHES
    clipped: bool = False  # a window at the edge is divided by the channels that it has
    surround: Surround | None = None  # a window in space of its own
    affine: str = "right"
    along: Literal["channel", "first", "last"] = "channel"
    start: tuple[float, float] = (0.0, 1.0)  # the first running mean and variance
    alike: bool = False  # all batches weigh the same
    restarts: bool = False  # with the first batch, whatever statistics were loaded
    kept: str = "unbiased"  # the factor of the variance that is kept: see keeping.FACTORS
    kept_root: bool = False  # the standard deviation is kept, and divides as it is
    kept_eps: bool = False  # the variance is kept with ε in it
    blends: tuple[keeping.Blend, keeping.Blend] = (keeping.TORCH, keeping.TORCH)  # of mean and var
    forms: tuple[str, str] = ("", "")  # of the averages of mean and var: see keeping.FORMS
    kept_over: str | None = None  # other axes that the variance which is kept is pooled over
    updates: Literal["training", "always"] = "training"
    updates_first: bool = False  # before the running statistics are used
    evaluates: Literal["running", "batch", "swapped"] = "running"  # swapped: running, in that order
    trains: Literal["running", "batch"] = "batch"
    evaluation: "Recipe | None" = None  # the branch of evaluation, where it is another

    def with_row(self, **columns: Any) -> "Recipe":
        return replace(self, row=replace(self.row, **columns))

    def setting(self, name: str, change: Change) -> "Recipe":
        before = self.settings.get(name, lambda value, values: value)
        both: Change = lambda value, values: change(before(value, values), values)  # noqa: E731
        return replace(self, settings={**self.settings, name: both})

    def predict(self, scenario: Scenario, seen: Seen | None = None) -> Seen:
        """What is seen after each step; an error ends them.

        seen: what the learner's code gave. Evaluation is then predicted from the running statistics that
        it has, so that a mistake in these is not one of evaluation too.
        """
        if self.flattened and len(scenario.shape) > 2:
            return self._flattened(scenario, seen)
        found: Seen = []
        kept, fresh, batches = self._start(scenario), self.restarts, 0
        try:
            for index, step in enumerate(scenario.steps):
                given = not step.train or (scenario.start is not None and index == 0)
                own = keeping.before(seen, index) if given else None
                strict = not (scenario.lacking or keeping.ran(seen, index))
                if fresh and step.train:
                    own, fresh = self._first(scenario), False
                batches += step.train
                branch = self._branch(step)._weighing(batches)
                told, kept = branch._step(scenario, step, own or kept, strict)
                found.append(told)
        except (RuntimeError, IndexError, ShapeError):
            found.append({"error": ERROR})
        except NormlabError:  # settings that nobody's code would get so far with
            found.append({"error": "refused"})
        return found

    def pooled(self, scenario: Scenario) -> int:
        """How many numbers are in one pool."""
        return operands.of(self, scenario.steps[0].x, self._own(self._values(scenario)))[2]

    def _branch(self, step: Call) -> "Recipe":
        return self.evaluation if self.evaluation and not step.train else self

    def _weighing(self, batches: int) -> "Recipe":
        return self.setting("momentum", lambda *_: 1.0 / max(batches, 1)) if self.alike else self

    def _start(self, scenario: Scenario) -> Kept:
        if scenario.start is not None:
            return scenario.start
        return self._first(scenario)

    def _first(self, scenario: Scenario) -> Kept:
        mean, var = (torch.full((scenario.channels,), v, dtype=torch.float64) for v in self.start)
        return mean, var

    def _flattened(self, scenario: Scenario, seen: Seen | None) -> Seen:
        """As a table, whose rows are cut from x as they lie; what comes out is cut back."""
        table = scenario.flattened()
        found = self.predict(table, seen)
        for told in found:
            for name in ("y", "slope"):
                if isinstance(told.get(name), Tensor):
                    told[name] = told[name].reshape(scenario.shape)
        return found

    def _own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self.row.defaults}

    def _values(self, scenario: Scenario) -> dict[str, Any]:
        given = self.row.defaults | {
            name: scenario.cut(value)
            for name, value in scenario.settings.items()
            if name in self.row.defaults
        }
        if sized(self.row):
            given["normalized_shape"] = scenario.normalized_shape
        given["channels"] = scenario.channels
        given["momentum"] = scenario.settings.get("momentum", 0.1)
        if given.get("eps", 0.0) is None:
            given["eps"] = torch.finfo(torch.float32).eps
        return given | {name: change(given[name], given) for name, change in self.settings.items()}

    def _step(
        self, scenario: Scenario, step: Call, kept: Kept, strict: bool
    ) -> tuple[dict[str, Any], Kept]:
        values = self._values(scenario)
        own = self._own(values)
        leaf = x = step.x.clone().requires_grad_(step.slope is not None)
        if self.centers:
            x = x - x.mean(tuple(range(-len(own["normalized_shape"]), 0)), keepdim=True)
        x = operands.ordered(x, own, self.order[0])
        center, pool, count = operands.of(self, x, own)
        if self.median:
            mean, center = center, operands.median(x, center, own, self.median)
            pool = pool + (mean - center) ** 2 if self.about_median else pool
        pool = pool * count**self.summed
        pool = operands.SPREADS[self.spread](pool, center, count)
        center = center * count**self.center_summed
        center, pool = (pool, center) if self.swapped else (center, pool)
        after = kept
        if scenario.tracked and (self.updates == "always" or step.train):
            var, n = (pool, count) if self.kept_over is None else self._kept_over(x, own)
            batch = center, var + own["eps"] if self.kept_eps else var
            counts = (n, x.shape)
            after = keeping.blended(self, kept, batch, counts, values["momentum"], strict)
        if self.correction:
            pool = pool * count / max(count - self.correction, 0)
        source = self.trains if step.train else self.evaluates
        if scenario.tracked and source != "batch":
            used = after if self.updates_first else kept
            center, pool = keeping.shaped(used, x.dim(), self.kept_root)
            center, pool = (pool, center) if source == "swapped" else (center, pool)
        elif not self.keepdim:
            center, pool = operands.squeezed(center, x), operands.squeezed(pool, x)
        pool = pool.sqrt() if self.pool_rooted else pool
        plain = operands.ordered(self._divided(x, center, pool, own), own, self.order[1], back=True)
        held = scenario if step.slope is None else scaling.learnt(scenario)
        y = scaling.scaled(self, plain, held)
        seen: dict[str, Any] = {"y": ANY if self._unknown(scenario) else y.detach()}
        if scenario.tracked:
            seen |= {"mean": after[0], "var": after[1]}
        if step.slope is not None:
            seen |= scaling.slopes(y, leaf, held, step.slope)
            if self.weightless:
                seen["slope"] = scaling.slopes(plain, leaf, held, step.slope)["slope"]
        return seen, after

    def _unknown(self, scenario: Scenario) -> bool:
        return scenario.delicate and bool(self.cancels or self.half or self.loose)

    def _divided(self, x: Tensor, center: Tensor, pool: Tensor, own: dict[str, Any]) -> Tensor:
        center = center.detach() if "center" in self.detached else center
        pool = pool.detach() if "pool" in self.detached else pool
        center = operands.CENTERS[self.center](center)
        given = center if self.row.center else None
        pool = pool * 0.0 if self.poolless else pool
        out = normalize(x, self.row, statistics=(given, pool.clamp_min(0)), **own)
        y = out.y
        d = x - center if self.row.center else x
        power = self.row.number("m", own)
        d = d if power == 1.0 else d.sign() * d.abs() ** power
        altered = self.minus_sigma, self.minus_pool, self.element, self.spread, self.reach
        if any(altered) or self.swapped or self.evaluates == "swapped":
            y = d / self._signed(-pool if self.minus_pool else pool, own, x.dim())
        if self.numerator:
            y = operands.NUMERATORS[self.numerator](d) / out.scale
        if self.divisor:
            bare, sigma = pool ** self.row.number("p", own), own[self.row.sigma.setting]
            y = d / operands.DIVISORS[self.divisor](out.scale, bare, sigma)
        if self.undivided or self.inverted:
            y = d * out.scale if self.inverted else d
        return y.detach() if "y" in self.detached else y

    def _signed(self, pool: Tensor, own: dict[str, Any], rank: int) -> Tensor:
        """The divisor of a pool that may be negative."""
        power = self.row.number("p", own)
        if self.row.sigma.placement == "clamp":
            return (pool**power).clamp_min(own[self.row.sigma.setting])
        return (pool + self._constant(own, rank)) ** power

    def _kept_over(self, x: Tensor, own: dict[str, Any]) -> tuple[Tensor, int]:
        """The variance over the axes that the one which is kept is pooled over."""
        return operands.of(replace(self, over=self.kept_over, over_of="both"), x, own)[1:]

    def _constant(self, own: dict[str, Any], rank: int) -> Any:
        """What is added to the pool: σ, or its power, one for all or one for each channel."""
        sigma = own[self.row.sigma.setting] * (-1 if self.minus_sigma else 1)
        sigma = sigma ** self.row.number("n", own) if self.row.sigma.raised else sigma
        each = isinstance(sigma, Tensor) and sigma.dim() == 1
        return sigma.reshape(1, -1, *[1] * (rank - 2)) if each else sigma
