"""What an implementation with a given mistake would give: the equation, with some parts replaced.

`Recipe` is the right way until a mistake replaces a part; it runs a scenario in float64 and predicts what
is seen of it. The right numbers come from the same place: `normalize`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor

from normlab.equation.reference import normalize, positive_power
from normlab.equation.row import Norm
from normlab.errors import NormlabError, ShapeError
from normlab.grading.judge.scenario import Call, Scenario
from normlab.grading.rows import sized

ANY = "any"  # a number that cannot be predicted: the rounding of a difference of large numbers
ERROR = "error"
Kept = tuple[Tensor, Tensor]
Change = Callable[[Any, Mapping[str, Any]], Any]  # of a setting, given it and all settings

AFFINE: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "right": lambda y, w, b: w * y + b,
    "bias scaled": lambda y, w, b: w * (y + b),
    "no weight": lambda y, w, b: y + b,
    "no bias": lambda y, w, b: w * y,
    "none": lambda y, w, b: y,
    "swapped": lambda y, w, b: b * y + w,
    "one more": lambda y, w, b: (1.0 + w) * y + b,
    "divided": lambda y, w, b: y / w + b,
}


@dataclass(frozen=True)
class Recipe:
    """How an implementation goes about it; each field is right as it stands."""

    row: Norm
    over: str | None = None  # other axes pooled: some of n, c, s, or "last", "but last"
    settings: Mapping[str, Change] = field(default_factory=dict)
    pool_rooted: bool = False  # the root is taken twice
    correction: int = 0  # n − correction in the variance that divides
    subtract: bool = True  # whether the center is subtracted, not only pooled about
    centers: bool = False  # the mean is subtracted where none should be
    detached: frozenset[str] = frozenset()  # of center, pool, y
    cancels: bool = False  # the variance as mean x² − (mean x)²
    signed: bool = False  # the pool sums x with its sign
    transposed: bool = False  # the last axis taken for the channels
    interleaved: bool = False  # channels dealt out to the groups in turn
    affine: str = "right"
    along: Literal["channel", "first", "last"] = "channel"
    start: tuple[float, float] = (0.0, 1.0)  # the first running mean and variance
    kept_correction: int = 1  # n − kept_correction in the variance that is kept
    kept_root: bool = False  # the standard deviation is kept, and divides as it is
    turned: bool = False  # momentum weighs the old average
    updates: Literal["training", "never", "always"] = "training"
    updates_first: bool = False  # before the running statistics are used
    evaluates: Literal["running", "batch"] = "running"
    trains: Literal["running", "batch"] = "batch"

    def with_row(self, **columns: Any) -> "Recipe":
        return replace(self, row=replace(self.row, **columns))

    def setting(self, name: str, change: Change) -> "Recipe":
        before = self.settings.get(name, lambda value, values: value)
        both: Change = lambda value, values: change(before(value, values), values)  # noqa: E731
        return replace(self, settings={**self.settings, name: both})

    def predict(self, scenario: Scenario) -> list[dict[str, Any]]:
        """What is seen after each step; an error ends them."""
        found: list[dict[str, Any]] = []
        values = self._values(scenario)
        mean, var = (torch.full((scenario.channels,), v, dtype=torch.float64) for v in self.start)
        kept = mean, var
        try:
            for step in scenario.steps:
                seen, kept = self._step(scenario, step, values, kept)
                found.append(seen)
        except (RuntimeError, NormlabError):
            found.append({"error": ERROR})
        return found

    def pooled(self, scenario: Scenario) -> int:
        """How many numbers are in one pool."""
        values = self._values(scenario)
        own = {name: value for name, value in values.items() if name in self.row.defaults}
        return self._operands(scenario.steps[0].x, own)[2]

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

    def _step(self, scenario: Scenario, step: Call, values: dict[str, Any], kept: Kept):
        leaf = x = step.x.clone().requires_grad_(step.slope is not None)
        own = {name: value for name, value in values.items() if name in self.row.defaults}
        if self.centers:
            x = x - x.mean(tuple(range(-len(own["normalized_shape"]), 0)), keepdim=True)
        center, pool, count = self._operands(x, own)
        after = kept
        updating = self.updates.startswith("always") or (self.updates == "training" and step.train)
        if scenario.tracked and updating:
            after = self._blended(kept, center, pool, count, values["momentum"])
        if self.correction:
            pool = pool * count / max(count - self.correction, 0)
        pool = pool.sqrt() if self.pool_rooted else pool
        if scenario.tracked and (self.trains if step.train else self.evaluates) == "running":
            center, pool = self._given(after if self.updates_first else kept, x.dim())
        y = self._scaled(self._divided(x, center, pool, own), scenario)
        seen: dict[str, Any] = {"y": ANY if self.cancels and scenario.delicate else y.detach()}
        if scenario.tracked:
            seen |= {"mean": after[0], "var": after[1]}
        if step.slope is not None:
            seen["slope"] = _slope(y, leaf, step.slope)
        return seen, after

    def _given(self, kept: Kept, rank: int) -> Kept:
        """The running statistics as center and pool."""
        shape = (1, -1, *[1] * (rank - 2))
        mean, var = kept
        return mean.reshape(shape), (var**2 if self.kept_root else var).reshape(shape)

    def _operands(self, x: Tensor, own: dict[str, Any]) -> tuple[Tensor, Tensor, int]:
        """center, pool, and how many elements are in one pool."""
        if self.over is not None:
            return self._over(axes(self.over, x.dim()), x, own)
        if self.signed:
            weight = torch.as_tensor(own["pool_weight"])[: x.shape[1], : x.shape[1]]
            return x.new_zeros(()), torch.einsum("ij,nj...->ni...", weight, x), 1
        out = normalize(self._seen(x, own), self.row, **own)
        center, pool = (self._unseen(a, x, own) for a in (out.center, out.pool))
        if self.row.grouped:
            return center, pool, x[0].numel() // own["num_groups"]
        return center, pool, x.numel() // max(pool.numel(), 1)

    def _over(self, dims: tuple[int, ...], x: Tensor, own: dict[str, Any]):
        if not dims and self.over:
            raise ShapeError("no axis to pool over")
        if not dims:
            return x.new_zeros(()), positive_power(x, self.row.number("n", own)), 1
        center = x.mean(dims, keepdim=True) if self.row.center else x.new_zeros(())
        powered = positive_power(x - center, self.row.number("n", own))
        pool = powered.mean(dims, keepdim=True)
        count = x.numel() // max(pool.numel(), 1)
        return center, pool * count if self.row.pool.reduce == "sum" else pool, count

    def _seen(self, x: Tensor, own: dict[str, Any]) -> Tensor:
        """x with the axes or channels in the order that the mistake takes them for."""
        if self.transposed:
            return x.transpose(1, -1)
        return x[:, _dealt(x.shape[1], own["num_groups"])] if self.interleaved else x

    def _unseen(self, a: Tensor, x: Tensor, own: dict[str, Any]) -> Tensor:
        if self.transposed and a.dim() == x.dim():
            return a.transpose(1, -1)
        if self.interleaved:
            return a.expand(x.shape)[:, _dealt(x.shape[1], own["num_groups"]).argsort()]
        return a

    def _divided(self, x: Tensor, center: Tensor, pool: Tensor, own: dict[str, Any]) -> Tensor:
        center = center.detach() if "center" in self.detached else center
        pool = pool.detach() if "pool" in self.detached else pool
        if not self.subtract:
            center = torch.zeros_like(center)
        given = center if self.row.center else None
        y = normalize(x, self.row, statistics=(given, pool.clamp_min(0)), **own).y
        return y.detach() if "y" in self.detached else y

    def _scaled(self, y: Tensor, scenario: Scenario) -> Tensor:
        if self.row.affine is None or not scenario.affine:
            return y
        size = scenario.normalized_shape if self.row.affine == "shape" else (scenario.channels,)
        ones = torch.ones(size, dtype=y.dtype)
        weight = self._placed(ones if scenario.weight is None else scenario.weight, y)
        bias = self._placed(0.0 * ones if scenario.bias is None else scenario.bias, y)
        return AFFINE[self.affine](y, weight, bias).expand(y.shape)

    def _placed(self, a: Tensor, y: Tensor) -> Tensor:
        """Along the channels, or where the mistake puts it."""
        if a.dim() > 1 or (self.row.affine == "shape" and self.along == "channel"):
            return a
        axis = {"channel": 1, "first": 0, "last": y.dim() - 1}[self.along]
        if self.row.affine == "shape":
            axis = {"first": 0, "last": 1}.get(self.along, axis)
        shape = [1] * y.dim()
        shape[axis] = -1
        return a.reshape(shape)

    def _blended(
        self, kept: Kept, center: Tensor, pool: Tensor, count: int, momentum: float
    ) -> Kept:
        new_var = pool * count / max(count - self.kept_correction, 1e-300)
        new_var = new_var.sqrt() if self.kept_root else new_var
        share = 1.0 - momentum if self.turned else momentum
        mean, var = (_each(new.detach(), len(kept[0])) for new in (center, new_var))
        return (1 - share) * kept[0] + share * mean, (1 - share) * kept[1] + share * var


def _slope(y: Tensor, x: Tensor, towards: Tensor) -> Tensor | None:
    return torch.autograd.grad((y * towards).sum(), x)[0] if y.requires_grad else None


def _dealt(channels: int, groups: int) -> Tensor:
    """The order that puts channels 0, G, 2G, … beside each other."""
    return torch.arange(channels).reshape(-1, groups).T.flatten()


def _each(values: Tensor, channels: int) -> Tensor:
    """One value a channel, from whatever shape the pool has."""
    if values.dim() > 1 and values.shape[1] == channels and values.numel() == channels:
        return values.reshape(-1)
    return values.reshape(-1).expand(channels)


def axes(over: str, rank: int) -> tuple[int, ...]:
    """The dimensions meant by axes of x, or by "last" and "but last".

    >>> axes("n s", 4), axes("but last", 3), axes("c", 2)
    ((0, 2, 3), (0, 1), (1,))
    """
    if over == "last":
        return (rank - 1,)
    if over == "but last":
        return tuple(range(rank - 1))
    places = {"n": (0,), "c": (1,), "s": tuple(range(2, rank))}
    return tuple(sorted(dim for name in over.split() for dim in places[name]))
