"""What is known of one implementation while it is graded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from normlab.equation.row import Norm
from normlab.grading.judge.compare import Seen
from normlab.grading.judge.naming import Case, Named, case
from normlab.grading.judge.plan import Offer
from normlab.grading.judge.recipe import Recipe
from normlab.grading.judge.request import request
from normlab.grading.judge.scenario import Scenario
from normlab.grading.rows import learned


class Ask(Protocol):
    """The learner's process."""

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]: ...

    @property
    def spare(self) -> bool: ...


class StoppedError(Exception):
    """The learner's process has ended: out of time, out of memory, or by itself."""

    def __init__(self, name: str, detail: str):
        super().__init__(detail)
        self.name, self.detail = name, detail


@dataclass
class Judgement:
    """What is known of one implementation so far."""

    row: Norm
    offer: Offer
    ask: Ask
    right: Recipe
    forms: list[str] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    seen: dict[str, tuple[Scenario | None, str]] = field(
        default_factory=dict
    )  # mistakes without a model
    notes: list[str] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)  # functions that normalise by themselves
    stopped: StoppedError | None = None
    unfinished: str = ""
    named: Named = field(default_factory=Named)

    def run(self, scenario: Scenario) -> Seen:
        """What the learner's code gives; mistakes that need no model are noted on the way."""
        steps = self.ask(request(scenario, self.offer))["steps"]
        for step in steps:
            self.calls |= set(step.get("calls", ()))
            for name, detail in flags(scenario, step):
                known = self.seen[name][0] if name in self.seen else None
                if known is None or scenario.numbers < known.numbers:
                    self.seen[name] = (scenario, detail)
        return steps

    def cases_of(self, check: str) -> list[Case]:
        return [c for c in self.cases if c.scenario.check == check]

    def case(self, scenario: Scenario) -> Case:
        return case(scenario, self.run(scenario), self.right)


def flags(scenario: Scenario, step: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The mistakes that are seen without a model, each with what was seen."""
    if "error" in step:
        if step.get("memory"):
            raise StoppedError("memory", step["error"])
        return
    if step.get("barred"):
        yield "forbidden", ", ".join(step["barred"])
    if step["changed"]:
        yield "changes_input", ""
    if step.get("graph"):
        yield "graph_kept", ""
    if misshapen(scenario, step):
        numbers = len(step["mean"]), len(step["var"])
        yield "running_shape", f"{max(numbers)} numbers for {scenario.channels} channels"
    if step["shape"] != list(scenario.shape):
        yield "wrong_shape", f"{tuple(step['shape'])} for x {scenario.shape}"
    elif step["dtype"] not in ("float32", "float64" if scenario.delicate else "float32"):
        yield "wrong_dtype", f"{step['dtype']} for float32"


def misshapen(scenario: Scenario, step: dict[str, Any]) -> bool:
    """Whether running statistics have another number of elements than x has channels."""
    fitting = (1, scenario.channels)
    return scenario.tracked and any(len(step.get(n, "1")) not in fitting for n in ("mean", "var"))


def state_flags(row: Norm, offer: Offer) -> Iterator[tuple[str, str]]:
    """What a saved model loses, and what an optimiser trains that it should not, or the other way round."""
    held = offer.state or {}
    statistics = [held[r] for r in ("running_mean", "running_var") if r in held]
    weights = [held[r] for r in learned(row) if r in held]
    for name, wrong in (
        ("not_a_parameter", [one for one in weights if not one["learnt"]]),
        ("not_in_state_dict", [one for one in statistics if not one["kept"]]),
        ("statistics_are_parameters", [one for one in statistics if one["learnt"]]),
    ):
        if wrong:
            yield name, ", ".join(one["name"] for one in wrong)
