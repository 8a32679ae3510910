"""A scenario as the request that is sent to the learner's process."""

from typing import Any

from torch import Tensor

from normlab.equation.table import find
from normlab.grading.judge.plan import Offer
from normlab.grading.judge.scenario import Scenario
from normlab.grading.rows import sized


def request(scenario: Scenario, offer: Offer) -> dict[str, Any]:
    """Plain lists and numbers; per-channel settings are cut to the channels there are."""
    row = find(offer.row)
    cut = {name: scenario.cut(value) for name, value in scenario.settings.items()}
    given: dict[str, Any] = {
        name: value.tolist() if isinstance(value, Tensor) else value for name, value in cut.items()
    }
    if offer.has("sigma_raised") and "sigma" in given:
        sigma = given.pop("sigma")
        given["sigma_raised"] = [v ** row.number("n") for v in sigma]
    if offer.has("normalized_shape") or sized(row):
        given["normalized_shape"] = list(scenario.normalized_shape)
    for name in ("weight", "bias"):
        value = getattr(scenario, name)
        if value is not None:
            given[name] = value.tolist()
    steps = [
        {
            "x": step.x.tolist(),
            "train": step.train,
            "slope": None if step.slope is None else step.slope.tolist(),
        }
        for step in scenario.steps
    ]
    return {
        "given": given,
        "channels": scenario.channels,
        "rank": len(scenario.shape),
        "shape_of_channel": _channel_shape(scenario) if offer.shaped else None,
        "start": scenario.start and [a.tolist() for a in scenario.start],
        "steps": steps,
    }


def _channel_shape(scenario: Scenario) -> list[int] | None:
    """(1, C, 1, …) for what has more axes than a table."""
    rank = len(scenario.shape)
    return [1, -1, *[1] * (rank - 2)] if rank > 2 else None
