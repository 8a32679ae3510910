"""What a rule is: its text, which is its page of the documentation, and how it looks at a case."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import nn

from normlab.doctor.case import Case, Layer
from normlab.doctor.findings import Finding, Safety, Severity

Need = Literal["model", "batches", "optimizer", "training"]


@dataclass(frozen=True)
class Example:
    """A case that the documentation and the tests run: what `examine` is given, on so many processes."""

    model: nn.Module
    batches: Any = None
    optimizer: Any = None
    processes: int = 1


class Rule(ABC):
    """One fault. A subclass holds all that is written of it anywhere.

    code: NRM1xx statistics, 2xx batches, 3xx numerics, 4xx structure, 5xx training set-up.
    what, why: what the rule finds, and why that is bad. statistic: the number it looks at; threshold: the
    limit and its reason. fix: the name of the fix, or "" for advice; effect: what that is expected to do.
    needs: what it cannot do without.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    what: ClassVar[str]
    why: ClassVar[str]
    statistic: ClassVar[str]
    threshold: ClassVar[str]
    effect: ClassVar[str]
    fix: ClassVar[str] = ""
    safety: ClassVar[Safety | None] = None
    references: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[Need, ...]] = ()

    @abstractmethod
    def look(self, case: Case) -> Iterator[Finding]:
        """What is found, layer by layer; the report merges what has the same cause."""

    @abstractmethod
    def sick(self) -> Example:
        """A case in which this rule finds something."""

    @abstractmethod
    def healthy(self) -> Example:
        """The nearest case in which it finds nothing."""

    def why_not(self, case: Case) -> str:
        """Why the rule cannot be applied to a case, or ""."""
        return next((_MISSING[need] for need in self.needs if not _HAS[need](case)), "")

    def finding(
        self,
        layer: Layer | None,
        severity: Severity,
        measured: float | None,
        threshold: float | None,
        consequence: str,
        **more: Any,
    ) -> Finding:
        """A finding of this rule, at a layer or, with None, of the model."""
        values = {} if layer is None or measured is None else {layer.name: measured}
        own: dict[str, Any] = {"effect": self.effect, "fix": self.fix, "safety": self.safety}
        own |= {"statistic": self.statistic, "values": values, **more}
        layers = () if layer is None else (layer.name,)
        return Finding(
            self.code,
            self.name,
            severity,
            layers,
            measured=measured,
            threshold=threshold,
            consequence=consequence,
            **own,
        )


_MISSING: dict[Need, str] = {
    "model": "a state_dict alone does not say; give the model",
    "batches": "no batches were given",
    "optimizer": "no optimizer was given",
    "training": "the model is in eval(); to check this, hand it over as it is in training",
}
_HAS = {
    "model": lambda case: case.model is not None,
    "batches": lambda case: case.observed is not None,
    "optimizer": lambda case: case.optimizer is not None,
    "training": lambda case: case.training,
}
