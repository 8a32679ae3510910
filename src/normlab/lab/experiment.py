"""What every experiment is made of: claims with thresholds, a record of what was found, a result."""

import math
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from normlab._version import __version__
from normlab.report.figures import Drawn, Figure
from normlab.report.page import Block, Cell, Outcome, Page, Picture, Section, VerdictRow
from normlab.safe import json_text
from normlab.system.files import write_all

LEVEL = 0.95  # of every interval
FORMAT = 1  # of numbers.json; one that another format cannot be read as gets the next number
Progress = Callable[[int, int, str], None]  # hears how much is done, of how much, and what it is
_SIGNS = {"<=": "≤", ">=": "≥"}
_MANY = {  # one, and several
    "does not hold": ("{} does not", "{} do not"),
    "inconclusive": ("{} is inconclusive", "{} are inconclusive"),
}


@dataclass(frozen=True)
class Claim:
    """A sentence that can fail: measured `sense` bound, with the bound stated before the run.

    >>> Claim("half", "the response at sigma is half of the maximum", 0.01, "<=").judge(0.5).outcome
    'does not hold'
    """

    name: str
    text: str
    bound: float
    sense: Literal["<=", ">="]

    def judge(
        self,
        measured: float,
        spread: float = 0.0,
        detail: str = "",
        seeds: int = 0,
        slack: float = 0.0,
    ) -> "Verdict":
        return Verdict(self, float(measured), float(spread), detail, seeds, float(slack))


@dataclass(frozen=True)
class Verdict:
    """A claim with what was measured; `spread` is the half-width of its 95 % interval over `seeds`.

    slack: the part of the spread that is no chance, such as the step of a grid.
    adjusted: the p of the claim among many that were judged together, or None where it stands alone.
    """

    claim: Claim
    measured: float
    spread: float = 0.0
    detail: str = ""
    seeds: int = 0
    slack: float = 0.0
    adjusted: float | None = None

    @property
    def over(self) -> float:
        """How far beyond the bound, on the side where the claim does not hold."""
        return (self.measured - self.claim.bound) * (1 if self.claim.sense == "<=" else -1)

    @property
    def outcome(self) -> Outcome:
        """Inconclusive when the interval reaches over the bound, or nothing could be measured."""
        # a spread of NaN knows nothing
        if math.isnan(self.over) or not abs(self.over) >= self.spread:
            return "inconclusive"
        if self.adjusted is not None and self.adjusted > 1 - LEVEL:
            return "inconclusive"
        return "holds" if self.over <= 0 else "does not hold"

    def row(self) -> VerdictRow:
        return VerdictRow(
            claim=self.claim.text,
            measured=decided(self.measured, self.spread, self.claim.bound),
            threshold=f"{_SIGNS[self.claim.sense]} {self.claim.bound:.4g}",
            outcome=self.outcome,
            detail=self.detail,
        )

    def json(self) -> dict[str, Any]:
        return {
            "claim": self.claim.name,
            "text": self.claim.text,
            "sense": self.claim.sense,
            "bound": _finite(self.claim.bound),
            "measured": _finite(self.measured),
            "spread": _finite(self.spread),
            "adjusted": self.adjusted,
            "outcome": self.outcome,
        }


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many claims came out how, in a sentence.

    >>> claim = Claim("half", "the response at sigma is half of the maximum", 0.01, "<=")
    >>> summary([claim.judge(0.0), claim.judge(0.5)])
    '1 claim holds, 1 does not.'
    """
    return counted(Counter(verdict.outcome for verdict in verdicts))


def counted(outcomes: Mapping[str, int]) -> str:
    """How many came out how, in a sentence.

    >>> counted({"holds": 10, "does not hold": 1})
    '10 claims hold, 1 does not.'
    """
    counts = dict(outcomes)
    held = counts.pop("holds", 0)
    if not counts and held > 1:
        return f"All {held} claims hold."
    parts = [f"{held} claim holds" if held == 1 else f"{held or 'No'} claims hold"]
    parts += [_MANY[outcome][count > 1].format(count) for outcome, count in counts.items()]
    return ", ".join(parts) + "."


def decided(measured: float, spread: float, bound: float) -> str:
    """What was measured with its interval, in as many digits as the comparison with the bound needs.

    >>> decided(0.0099999, 0.0, 0.01), decided(0.5, 0.123, 0.3), decided(0.91, 0.6101, 0.3)
    ('0.0099999', '0.5 ± 0.12', '0.91 ± 0.6101')
    """
    for digits in range(4, 17):
        middle = float(f"{measured:.{digits}g}")
        half = float(f"{spread:.{digits - 2}g}")
        if _sides(middle, half, bound) == _sides(measured, spread, bound):
            return f"{middle:.{digits}g}" + (f" ± {half:.{digits - 2}g}" if spread else "")
    return f"{measured!r}" + (f" ± {spread!r}" if spread else "")


def _sides(measured: float, spread: float, bound: float) -> tuple[bool, bool, bool]:
    return measured <= bound, measured - spread <= bound, measured + spread >= bound


@dataclass
class Record:
    """What an experiment collects on its way; `say` prints a line as soon as it is known, and `draw`
    is given each figure.
    """

    say: Callable[[str], None] = lambda line: None
    draw: Callable[[Figure], None] = lambda figure: None
    numbers: dict[str, float] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)  # of a family: its table's

    def number(self, key: str, value: Any, meaning: str) -> float:
        self.numbers[key] = float(value)
        self.meanings[key] = meaning
        return self.numbers[key]

    def vector(self, key: str, names: Sequence[str], values: Iterable[Any], meaning: str) -> None:
        """One number for each name, under key.name."""
        self.numbers |= {f"{key}.{n}": float(v) for n, v in zip(names, values, strict=True)}
        self.meanings[f"{key}.*"] = meaning

    def claim(
        self,
        claim: Claim,
        measured: Any,
        spread: float = 0.0,
        detail: str = "",
        seeds: int = 0,
        slack: float = 0.0,
    ) -> Verdict:
        verdict = claim.judge(float(measured), spread, detail, seeds, slack)
        self.verdicts.append(verdict)
        return verdict

    def figure(
        self, name: str, draw: Callable[..., Any], caption: str, alt: str, /, **arrays: Any
    ) -> Picture:
        """Keep a figure; draw must be a module's function and the arrays numpy's or plain."""
        self.figures.append(Figure(name, partial(draw, **arrays), caption, alt))
        self.draw(self.figures[-1])
        return Picture(name)

    def section(self, title: str, *blocks: Block | None) -> None:
        self.sections.append(Section(title, tuple(block for block in blocks if block is not None)))


@dataclass(repr=False)
class Result:
    """The outcome of an experiment.

    `numbers` is flat, name → float, its keys documented in `meanings`; `verdicts` tell what became of
    each claim; `figures` are drawn when they are first needed. Shown as a page in a notebook.
    """

    experiment: str
    title: str
    question: str
    settings: Mapping[str, Any]
    record: Record
    when: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def numbers(self) -> dict[str, float]:
        return self.record.numbers

    @property
    def verdicts(self) -> list[Verdict]:
        return self.record.verdicts

    @property
    def figures(self) -> dict[str, Figure]:
        return {figure.name: figure for figure in self.record.figures}

    @cached_property
    def drawn(self) -> dict[str, Drawn]:
        """Every figure as SVG and PNG."""
        return {figure.name: figure.render() for figure in self.record.figures}

    def json(self) -> str:
        """numbers.json: format, settings, versions, numbers (NaN as null), their meanings, verdicts."""
        content = {
            "format": FORMAT,
            "experiment": self.experiment,
            "made": self.when.isoformat(timespec="seconds"),
            "settings": dict(self.settings),
            "versions": versions(),
            "numbers": {key: _finite(value) for key, value in self.numbers.items()},
            "meanings": self.record.meanings,
            "verdicts": [verdict.json() for verdict in self.verdicts],
        }
        return json_text(content, allow_nan=False) + "\n"

    def html(self) -> str:
        """report.html: one page that needs no other file."""
        return self._page().html()

    def files(self) -> dict[str, bytes]:
        """report.html, numbers.json and figures/: paths inside a folder, and what they hold."""
        files: dict[str, bytes] = {}
        for drawn in self.drawn.values():
            files[f"figures/{drawn.name}.svg"] = drawn.svg.encode()
            files[f"figures/{drawn.name}.png"] = drawn.png
        files["numbers.json"] = self.json().encode()
        files["report.html"] = self.html().encode()
        return files

    def save(self, folder: str | Path) -> Path:
        """Write all files into a folder; returns the report's path.

        All of it is made before the first byte is written, and each file replaces its predecessor
        at once, so an earlier report stays whole if anything fails.
        """
        return write_all(Path(folder), self.files()) / "report.html"

    def __repr__(self) -> str:
        held = sum(verdict.outcome == "holds" for verdict in self.verdicts)
        return (
            f"<Result of {self.experiment!r}: {held} of {len(self.verdicts)} claims hold, "
            f"{len(self.numbers)} numbers, {len(self.record.figures)} figures>"
        )

    def _repr_html_(self) -> str:
        return self._page().fragment()

    def _page(self) -> Page:
        verdicts = [verdict.row() for verdict in self.verdicts]
        sections = self.record.sections
        summary = len(self.record.rows) > 1
        about = self._about()
        return Page(self.title, self.question, sections, self.drawn, verdicts, about, summary)

    def _about(self) -> dict[str, str]:
        settings = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        made = {"made": f"{self.when:%Y-%m-%d %H:%M} UTC", "settings": settings}
        return made | versions()


def versions() -> dict[str, str]:
    """What the numbers depend on besides the settings."""
    packages = {name: version(name) for name in ("torch", "numpy", "scipy", "matplotlib")}
    packages = {"normlab": __version__} | packages
    return packages | {"python": platform.python_version(), "machine": platform.machine()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
