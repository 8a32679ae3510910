"""Weight and bias, applied as they should be or as a mistake applies them, and what is differentiated."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from normlab.grading.judge.scenario import Scenario

if TYPE_CHECKING:
    from normlab.grading.judge.recipe import Recipe

AFFINE: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "right": lambda y, w, b: w * y + b,
    "bias scaled": lambda y, w, b: w * (y + b),
    "no weight": lambda y, w, b: y + b,
    "no bias": lambda y, w, b: w * y,
    "none": lambda y, w, b: y,
    "swapped": lambda y, w, b: b * y + w,
    "one more": lambda y, w, b: (1.0 + w) * y + b,
    "divided": lambda y, w, b: y / w + b,
    "subtracted": lambda y, w, b: w * y - b,
    "added": lambda y, w, b: w + y + b,
    "multiplied": lambda y, w, b: w * y * b,
    "bias alone": lambda y, w, b: b + 0.0 * y,
    "x alone": lambda y, w, b: w * y,
    "divided by y": lambda y, w, b: w / y + b,
}


def scaled(recipe: "Recipe", y: Tensor, scenario: Scenario) -> Tensor:
    if recipe.row.affine is None or not scenario.affine:
        return y
    size = scenario.normalized_shape if recipe.row.affine == "shape" else (scenario.channels,)
    ones = torch.ones(size, dtype=y.dtype)
    weight = _placed(recipe, ones if scenario.weight is None else scenario.weight, y)
    bias = _placed(recipe, 0.0 * ones if scenario.bias is None else scenario.bias, y)
    return AFFINE[recipe.affine](y, weight, bias).expand(y.shape)


def _placed(recipe: "Recipe", a: Tensor, y: Tensor) -> Tensor:
    """Along the channels, or where the mistake puts it."""
    if a.dim() > 1 or (recipe.row.affine == "shape" and recipe.along == "channel"):
        return a
    axis = {"channel": 1, "first": 0, "last": y.dim() - 1}[recipe.along]
    if recipe.row.affine == "shape":
        axis = {"first": 0, "last": 1}.get(recipe.along, axis)
    shape = [1] * y.dim()
    shape[axis] = -1
    return a.reshape(shape)


def learnt(scenario: Scenario) -> Scenario:
    """With a weight and bias that can be differentiated."""
    held = {"weight": scenario.weight, "bias": scenario.bias}
    leaves = {k: v.clone().requires_grad_() for k, v in held.items() if v is not None}
    return replace(scenario, **leaves)


def slopes(y: Tensor, x: Tensor, scenario: Scenario, towards: Tensor) -> dict[str, Tensor | None]:
    """The gradients of Σ y · towards with respect to x, weight and bias."""
    held = {"slope": x, "dweight": scenario.weight, "dbias": scenario.bias}
    leaves = {name: leaf for name, leaf in held.items() if leaf is not None}
    if not y.requires_grad:
        return dict.fromkeys(leaves)
    found = torch.autograd.grad(
        (y * towards).sum(), list(leaves.values()), allow_unused=True, retain_graph=True
    )
    told: dict[str, Tensor | None] = dict(zip(leaves, found, strict=True))
    return told | {k: v.flatten() for k, v in told.items() if v is not None and k != "slope"}
