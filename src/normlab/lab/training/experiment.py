"""What an experiment of the training laboratory is, as a row of data. Needs no torch."""

from dataclasses import dataclass

from normlab.lab.experiment import Verdict
from normlab.lab.family import Member, said
from normlab.lab.training.lessons import LESSONS
from normlab.report.page import Ask, Block, Formula, Prose

ALSO = "also."  # claims called so are conditions; the others are what the chapter says


@dataclass(frozen=True)
class TrainingExperiment(Member):
    """An experiment: its signature is the chapter's sentence in our words.

    cells: "module:function" that makes of a `Plan` the cells it needs, label → cell. expectation: what
    to expect beforehand, and its source. change: what would change the verdict. predict: a question to
    answer before the results are read. images: whether its networks need
    images.
    """

    cells: str
    expectation: str
    change: str
    predict: str
    images: bool = False

    @property
    def introduction(self) -> tuple[Block, ...]:
        """Why it matters, the equation, and a prediction to make before the expected one is opened."""
        lesson = LESSONS[self.name]
        return (
            Prose(self.signature),
            *said("Why it matters", lesson.why),
            Formula(lesson.equation),
            Prose(lesson.symbols),
            Ask(self.predict, f"Expected: {self.expectation}"),
        )

    @property
    def conclusion(self) -> tuple[Block, ...]:
        return *super().conclusion, *said("What would change the verdict", self.change)


def outcome(verdicts: list[Verdict]) -> str:
    """That of the worst of the chapter's claims; where they hold but a condition does not, that is said."""
    said = [v.outcome for v in verdicts if not _condition(v)]
    for worst in ("does not hold", "inconclusive"):
        if worst in said:
            return worst
    conditions = {v.outcome for v in verdicts if _condition(v)}
    return "holds" if conditions <= {"holds"} else "holds with conditions"


def _condition(verdict: Verdict) -> bool:
    return verdict.claim.name.partition(".")[2].startswith(ALSO)
