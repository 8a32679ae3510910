"""Whether what was seen is what was predicted, within the rounding of float32."""

import math
from typing import Any

import torch
from torch import Tensor

from normlab.equation.reference import normalize
from normlab.equation.rounding import of_largest
from normlab.equation.row import Norm
from normlab.grading.judge.recipe import ANY, ERROR
from normlab.grading.judge.scenario import SLOPES, Call, Scenario

Seen = list[dict[str, Any]]
_NOTHING = 1e-6  # what rounding leaves where nothing should be


def tolerance(row: Norm, scenario: Scenario, dtype: torch.dtype = torch.float32) -> float:
    """What the rounding of a dtype may do to a scenario's numbers, as a share of the largest
    that meets the divisor.
    """
    x = torch.cat([step.x.flatten() for step in scenario.steps])
    pooled = scenario.steps[0].x.numel()
    spread = x.abs().max().item() / _scale(row, scenario) if row.center else 1.0
    return of_largest(dtype, pooled, spread)


def _scale(row: Norm, scenario: Scenario) -> float:
    """The least divisor."""
    own = {name: value for name, value in scenario.settings.items() if name in row.defaults}
    if "normalized_shape" in row.defaults:
        own["normalized_shape"] = scenario.normalized_shape
    return min(normalize(step.x, row, **own).scale.min().item() for step in scenario.steps)


def same(seen: Any, predicted: Any, share: float, least: float = 0.0) -> bool:
    """Whether numbers agree to that share of the largest, or of `least`; NaN agrees with NaN."""
    if isinstance(predicted, str) or isinstance(seen, str):
        return predicted == ANY or seen == predicted
    if seen is None or predicted is None:
        return seen is None and predicted is None
    seen = torch.as_tensor(seen, dtype=torch.float64)
    if seen.numel() == 1 and predicted.dim() == 1:
        seen = seen.reshape(-1).expand(predicted.shape)
    if seen.shape != predicted.shape:
        return False
    if not seen.numel():
        return True
    worst = (seen - predicted).abs().max().item()
    if math.isfinite(worst):  # and so all numbers are
        return worst <= _slack(share, predicted, least)
    finite = predicted.isfinite()
    odd = (seen.isnan() != predicted.isnan()) | (seen.isinf() != predicted.isinf())
    wrong = (seen - predicted).abs() > _slack(share, predicted[finite], least)
    return not bool((wrong | odd).any())


def _slack(share: float, numbers: Tensor, least: float) -> float:
    most = max(least, numbers.abs().max().item() if numbers.numel() else 0.0)
    return share * (most if most > _NOTHING else 1.0)


def agrees(scenario: Scenario, seen: Seen, predicted: Seen, share: float) -> bool:
    """Whether everything that counts in a scenario was seen as predicted."""
    return difference(scenario, seen, predicted, share) is None


def difference(
    scenario: Scenario, seen: Seen, predicted: Seen, share: float
) -> tuple[int, str] | None:
    """The first step and quantity that differ, or None; an error is a quantity too."""
    for index in range(len(scenario.steps)):
        mine, right = _at(seen, index), _at(predicted, index)
        if "error" in mine or "error" in right:
            return None if _same_error(mine, right) else (index, "error")
        for quantity in scenario.compared(index):
            if quantity not in mine and quantity != "slope":
                continue  # statistics that cannot be read
            least = _steepness(scenario.steps[index], quantity) if quantity in SLOPES else 0.0
            if not same(mine.get(quantity), right.get(quantity), share, least):
                return index, quantity
    return None


def _same_error(mine: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether an error was predicted, and is none of those that we raise for what the code lacks."""
    return right.get("error") == ERROR and "error" in mine and not mine.get("kind")


def _steepness(step: Call, quantity: str) -> float:
    """The size of the terms whose differences a gradient consists of."""
    if step.slope is None:
        return 0.0
    most = step.slope.abs().max().item()
    return most / (1.0 + step.x.abs().max().item()) if quantity == "slope" else most


def _at(steps: Seen, index: int) -> dict[str, Any]:
    return steps[index] if index < len(steps) else {"error": ERROR}


def shown(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value
