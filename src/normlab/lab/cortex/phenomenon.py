"""A phenomenon of visual cortex: what its row in the table holds, and how its verdict is found.

A claim called changed.X is the claim X made of the changed set of parameters. Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from normlab.lab.cortex.lessons import LESSONS
from normlab.lab.cortex.notes import LIMITS, WHY
from normlab.lab.experiment import Claim, Verdict
from normlab.lab.family import Member, said
from normlab.report.page import Ask, Block, Formula, Prose
from normlab.safe import markup

CHANGED = "changed."
STEEPER = 2.35  # the pool's exponent nd with which the paper makes a cell supersaturate without β
_SYMBOLS = {
    "maximum": "M",
    "maintained": "β",
    "exponent": "n of the drive",
    "pool_exponent": "n of the pool",
    "filter_frequency": "filter bandwidth (octaves)",
    "pool_frequency": "frequency width of the pool (octaves)",
    "pool_orientation": "orientation width of the pool (degrees)",
    "pool_shift": "shift of the pool δ (octaves)",
    "semisaturation": "α",
}


# the paper's parameters of a pool that prefers other frequencies than the cell
SHIFTED: Mapping[str, float] = {
    "pool_shift": 1.0, "pool_frequency": 1.0, "semisaturation": 0.03, "maximum": 3.0,
}  # fmt: skip


def in_words(change: Mapping[str, float]) -> str:
    return ", ".join(f"{_SYMBOLS[name]} = {value:g}" for name, value in change.items())


@dataclass(frozen=True)
class Phenomenon(Member):
    """A row of the paper's table 1; number 0 for what is not one. change: parameters for a second run."""

    number: int = 0
    figure: str = ""
    change: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def introduction(self) -> tuple[Block, ...]:
        """A prediction asked first, then what was published, and the equation."""
        lesson = LESSONS.get(self.name)
        if lesson is None:
            return super().introduction
        data = f" Measured in cortex by {lesson.data}" if lesson.data else ""
        ask = Ask(lesson.question, lesson.mechanism)
        why = said("Why it matters", self.why)
        text = Prose(self.signature + markup(data))
        return ask, text, *why, Formula(lesson.equation), Prose(lesson.symbols)


def outcome(verdicts: list[Verdict]) -> str:
    """Reproduced by the parameters given, by the changed ones alone, or not; nothing may be judged."""

    def all_hold(changed: bool) -> bool:
        of = [v for v in verdicts if (f".{CHANGED}" in v.claim.name) == changed]
        return bool(of) and all(v.outcome == "holds" for v in of)

    if not verdicts:
        return "not judged"
    if all_hold(False):
        return "reproduced"
    return "reproduced by the changed set" if all_hold(True) else "not reproduced"


def least(name: str, text: str, bound: float) -> Claim:
    return Claim(name, text, bound, ">=")


def most(name: str, text: str, bound: float) -> Claim:
    return Claim(name, text, bound, "<=")


def row(
    number: int, figure: str, name: str, title: str, signature: str, measure: str, *claims: Claim,
    **change: float,
) -> Phenomenon:  # fmt: skip
    if change:
        words = f" (changed set: {in_words(change)})"
        claims += tuple(replace(c, name=CHANGED + c.name, text=c.text + words) for c in claims)
    title = f"{title} (phenomenon {number})" if number else title
    place = f"normlab.lab.cortex.{measure}"
    extra = "photographs" if name == "photographs" else ""
    return Phenomenon(
        name, title, signature, place, claims, number, figure, dict(change),
        why=WHY.get(measure.partition(":")[0], ""), limits=LIMITS, extra=extra,
    )  # fmt: skip
