"""What a fix is: it plans its steps on a model, and each step can be done."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from normlab.doctor.case import Layer
from normlab.doctor.findings import Safety
from normlab.doctor.patient import Patient


@dataclass(frozen=True)
class Step:
    """What is done to one layer, in words; `do` is None where it is refused, and `does` says why."""

    layer: str
    does: str
    do: Callable[[], None] | None = None

    @property
    def refused(self) -> bool:
        return self.do is None


class Fix(ABC):
    """One kind of change. safety: a "safe" one leaves the outputs in eval() as they are."""

    name: ClassVar[str]
    safety: ClassVar[Safety]
    what: ClassVar[str]

    @abstractmethod
    def steps(self, patient: Patient, layers: Iterable[Layer]) -> list[Step]:
        """What would be done to these layers; nothing is changed yet."""

    def finish(self, patient: Patient, done: list[Step]) -> None:  # noqa: B027
        """What is left to do once all steps are done: for most fixes nothing."""

    def plan(self, patient: Patient, names: Iterable[str] | None) -> list[Step]:
        """The steps for layers by name, or for all."""
        return self.steps(patient, patient.chosen(names))

    def apply(self, patient: Patient, names: Iterable[str] | None) -> list[Step]:
        """Plan and do."""
        steps = self.plan(patient, names)
        done = [step for step in steps if step.do is not None]
        for step in done:
            assert step.do is not None
            step.do()
        patient.changed()
        if done:
            self.finish(patient, done)
            patient.changed()
        return steps
