"""The smallest input that shows a mistake: rows, channels and steps are left out while it still shows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from normlab.equation.row import Norm
from normlab.grading.judge.scenario import Call, Scenario

Shows = Callable[[Scenario], bool]
_MOST = 150  # tries; each is one call of the learner's code


def smallest(scenario: Scenario, row: Norm, shows: Shows) -> Scenario:
    """The first smaller scenario that still shows it, again and again until there is none."""
    left = [_MOST]

    def accepted(candidate: Scenario) -> bool:
        left[0] -= 1
        return left[0] >= 0 and shows(candidate)

    for smaller in (_fresh, _fewer_steps, _halves, _groups, _slices, _plainer):
        found = True
        while found and left[0] > 0:
            found = next((c for c in smaller(scenario, row) if accepted(c)), None)
            scenario = found or scenario
    return scenario


def _fresh(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    """From the statistics of a layer as it is made."""
    if scenario.start is not None:
        yield replace(scenario, start=None)


def _fewer_steps(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    for index in range(len(scenario.steps) if len(scenario.steps) > 1 else 0):
        yield replace(scenario, steps=scenario.steps[:index] + scenario.steps[index + 1 :])


def _halves(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    for axis, size in enumerate(scenario.shape):
        if size > 3:
            yield taken(scenario, row, axis, list(range((size + 1) // 2)))


def _groups(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    """One channel of every group."""
    groups = scenario.settings.get("num_groups")
    if row.grouped and groups:
        size = scenario.channels // groups
        if size > 1:
            yield taken(scenario, row, 1, [c for c in range(scenario.channels) if (c + 1) % size])
        if groups > 1:
            first = list(range(scenario.channels - size))
            fewer = replace(scenario, settings={**scenario.settings, "num_groups": groups - 1})
            yield taken(fewer, row, 1, first)


def _slices(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    for axis, size in enumerate(scenario.shape):
        for index in reversed(range(size if size > 1 else 0)):
            yield taken(scenario, row, axis, [i for i in range(size) if i != index])
    # what is lined up with a wrong axis may run only where the two are alike
    for one, other in combinations(range(len(scenario.shape)), 2):
        size = scenario.shape[one]
        if size == scenario.shape[other] > 1:
            kept = list(range(size - 1))
            yield taken(taken(scenario, row, one, kept), row, other, kept)


def _plainer(scenario: Scenario, row: Norm) -> Iterator[Scenario]:
    """The same order of numbers, as 0, 1, 2, … or 0, 2, 4, …, and 1 for a large σ."""
    if scenario.delicate or scenario.plain:
        return
    at = row.sigma.setting
    held = scenario.settings.get(at)
    large = isinstance(held, float) and held > 1
    settings = [{**scenario.settings, at: 1.0}] if large else []
    values = torch.cat([step.x.flatten() for step in scenario.steps]).unique()
    for chosen in (*settings, scenario.settings):
        for first, apart in ((0.0, 1.0), (0.0, 2.0), (1.0, 1.0)):
            steps = tuple(
                replace(step, x=torch.searchsorted(values, step.x) * apart + first)
                for step in scenario.steps
            )
            yield replace(scenario, steps=steps, settings=chosen, plain=True)


def taken(scenario: Scenario, row: Norm, axis: int, kept: list[int]) -> Scenario:
    """The scenario with some indices of an axis, in x and in what belongs to it."""

    def chosen(a: Tensor | None, dim: int) -> Any:
        return None if a is None else a.index_select(dim, torch.tensor(kept))

    steps = tuple(Call(chosen(s.x, axis), s.train, chosen(s.slope, axis)) for s in scenario.steps)
    if axis == 1 and scenario.start is not None:
        mean, var = scenario.start
        scenario = replace(scenario, start=(chosen(mean, 0), chosen(var, 0)))
    first = len(scenario.shape) - len(scenario.normalized_shape) if row.affine == "shape" else 1
    touched = axis >= first if row.affine == "shape" else axis == 1
    if not touched:
        return replace(scenario, steps=steps)
    dim = axis - first
    return replace(
        scenario,
        steps=steps,
        weight=chosen(scenario.weight, dim),
        bias=chosen(scenario.bias, dim),
    )
