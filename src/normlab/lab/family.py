"""A family of experiments: its members are rows of data, with one set of options and one report."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar

from normlab.errors import DataError, SettingError, did_you_mean, need
from normlab.lab.experiment import Claim, Progress, Record, Result, Verdict
from normlab.lab.many import corrected
from normlab.report.figures import Figure
from normlab.report.page import Block, Cell, Note, Numbers, Picture, Prose, Section
from normlab.safe import markup
from normlab.system.markdown import markdown


@dataclass(frozen=True)
class Near(Claim):
    """That a number comes out as published: judged by its relative distance from it."""

    published: float = 0.0
    what: str = ""
    unit: str = ""


def near(name: str, what: str, published: float, unit: str = "", tolerance: float = 0.02) -> Near:
    """A claim that `what` is the published number, to 2 % unless said otherwise.

    >>> near("blank", "Response to a blank screen", 1.6, " spikes/s").text
    'Response to a blank screen: distance from 1.6 spikes/s, relative'
    """
    text = f"{what}: distance from {published:g}{unit}, relative"
    return Near(name, text, tolerance, "<=", published, what, unit)


UNPUBLISHED = (
    "The parameters are not the published ones: what is said of the shape of the curves is judged, "
    "published numbers are not."
)


class Settings(Protocol):
    """What a family's options become: a frozen dataclass that checks itself. Must need no torch."""

    @classmethod
    def of(cls, /, **given: Any) -> "Settings": ...

    def json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Member:
    """One experiment of a family.

    name: what follows the dot in `normlab run family.name`. signature: the published finding in words.
    measure: "module:function", called with a `Study`; it must judge every one of `claims`, each once.
    why: why it matters, and limits: what it does not show, in a sentence or two. extra: what has to be
    installed for it besides normlab itself, a key of `errors.MODULES`.
    """

    name: str
    title: str
    signature: str
    measure: str
    claims: tuple[Claim, ...]
    why: str = field(default="", kw_only=True)
    limits: str = field(default="", kw_only=True)
    extra: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self._check_names()
        if not self.claims:
            raise ValueError(f"{self.name}: needs claims")

    def _check_names(self) -> None:
        twice = [name for name, count in Counter(c.name for c in self.claims).items() if count > 1]
        if twice:
            raise ValueError(f"{self.name}: needs claims with names of their own; twice: {twice}")

    @property
    def introduction(self) -> tuple[Block, ...]:
        """What its section of the report begins with."""
        return Prose(self.signature), *said("Why it matters", self.why)

    @property
    def conclusion(self) -> tuple[Block, ...]:
        """What it ends with."""
        return said("What this does not show", self.limits)

    def full(self, name: str) -> str:
        """The name of a number or claim of this member, as it stands in the family's record."""
        return f"{self.name}.{name}"


def said(title: str, text: str) -> tuple[Block, ...]:
    """A paragraph that begins with its title, or nothing."""
    return (Prose(f"**{title}.** {text}"),) if text else ()


Shared = TypeVar("Shared")  # what the family's `prepare` makes of the settings
M = TypeVar("M", bound=Member)  # the family's kind of member


@dataclass
class Study(Generic[Shared, M]):
    """What a member measures with: names of numbers, claims and figures are put under its own.

    shared is what the family's `prepare` made of the settings; tell is called with how much of the
    family's work is done; found says in a few words what was measured, for the family's table. Unless
    published, the settings are not those of the publication: its numbers (`Near`) are not judged.
    """

    record: Record
    member: M
    shared: Shared
    tell: Callable[[int], None] = lambda done: None
    published: bool = True
    found: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def number(self, key: str, value: Any, meaning: str) -> float:
        return self.record.number(self.member.full(key), value, meaning)

    def curve(self, key: str, places: Iterable[Any], values: Iterable[Any], meaning: str) -> None:
        """One number for each place of a sweep, under member.key.place."""
        names = [place if isinstance(place, str) else f"{float(place):.4g}" for place in places]
        self.record.vector(self.member.full(key), names, values, meaning)

    def claim(
        self,
        name: str,
        measured: Any,
        spread: float = 0.0,
        detail: str = "",
        seeds: int = 0,
        slack: float = 0.0,
    ) -> Verdict:
        """Judge the member's claim of that name; seeds and slack as in `Verdict`, else the family's seeds."""
        seeds = seeds or getattr(self.shared, "seeds", 0)
        claim = {claim.name: claim for claim in self.member.claims}[name]
        named = Claim(self.member.full(name), claim.text, claim.bound, claim.sense)
        self.verdicts.append(self.record.claim(named, measured, spread, detail, seeds, slack))
        return self.verdicts[-1]

    def near(self, name: str, measured: Any) -> Verdict | None:
        """Keep what was measured; judge a `Near` claim by it where the settings are the published ones."""
        claim = next(c for c in self.member.claims if c.name == name)
        if not isinstance(claim, Near):
            raise TypeError(f"{self.member.name}: claim {name!r} has no published number")
        unjudged = (
            "" if self.published else "; not judged, as the settings are not the published ones"
        )
        value = self.number(name, measured, f"{claim.what}{unjudged}")
        if unjudged:
            return None
        distance = abs(value - claim.published) / abs(claim.published)
        return self.claim(name, distance, detail=f"measured {value:.4g}")

    def figure(
        self, draw: Callable[..., Any], caption: str, alt: str, /, part: str = "", **arrays: Any
    ) -> Picture:
        name = f"{self.member.name}-{part}" if part else self.member.name
        return self.record.figure(name, draw, caption, alt, **arrays)

    def show(self, *blocks: Block) -> None:
        self.blocks += blocks

    def finish(self) -> None:
        """Make the report's section; refuse a member that left a claim unjudged or judged it twice."""
        judged = Counter(verdict.claim.name for verdict in self.verdicts)
        claims = [c for c in self.member.claims if self.published or not isinstance(c, Near)]
        due = Counter(self.member.full(claim.name) for claim in claims)
        if judged != due:
            raise ValueError(f"{self.member.name}: judged {dict(judged)}, claims are {dict(due)}")
        blocks = (*self.member.introduction, *self.blocks, *self.member.conclusion)
        if len(claims) < len(self.member.claims):
            blocks += (Note(UNPUBLISHED),)
        self.record.sections.append(Section(self.member.title, blocks))


def outcome(verdicts: list[Verdict]) -> str:
    """A member's verdict: that of its worst claim."""
    found = {verdict.outcome for verdict in verdicts}
    order = ("does not hold", "inconclusive", "holds")
    return next(word for word in order if word in found)


@dataclass(frozen=True)
class Family(Generic[Shared, M]):
    """A family: `prepare` is a "module:function" that makes of the settings what its members share.

    Where that is a context manager, the members are measured inside it. work is a "module:function" that
    is called with it and the members, and tells how much there is to do, in what `Study.tell` counts. fits
    is one that is called with it and a member, and gives the reason why that cannot be measured, or "".
    """

    name: str
    title: str
    question: str
    settings: type[Settings]
    prepare: str
    members: Mapping[str, M]
    outcome: Callable[[list[Verdict]], str] = outcome
    header: tuple[str, str, str, str] = ("experiment", "signature", "measured", "verdict")
    work: str = ""
    fits: str = ""

    def member(self, name: str) -> M:
        if name not in self.members:
            full = [f"{self.name}.{known}" for known in self.members]
            hint = did_you_mean(f"{self.name}.{name}", full)
            raise SettingError(
                f"No experiment '{self.name}.{name}'.{hint} `normlab run` lists all of them."
            )
        return self.members[name]

    def run(
        self,
        name: str = "",
        /,  # so that no setting can be mistaken for it
        *,
        say: Callable[[str], None] = lambda line: None,
        progress: Progress = lambda done, total, what: None,
        draw: Callable[[Figure], None] = lambda figure: None,
        **settings: Any,
    ) -> Result:
        """Run the member of that name, or with no name all of them.

        say is called with each line as it is known; progress with how much is done, of how much, and what
        is being done; draw with each figure. The settings are those of the family's command.
        """
        chosen = self.settings.of(**settings)
        members = [self.member(name)] if name else list(self.members.values())
        _check_installed(members)
        record = Record(say=say, draw=draw)
        self._measure(record, chosen, members, progress)
        if name:
            member = members[0]
            return Result(
                f"{self.name}.{name}", member.title, member.signature, chosen.json(), record
            )
        if record.rows:
            self._correct(record)
            record.sections.insert(0, self._summary(record))
        return Result(self.name, self.title, self.question, chosen.json(), record)

    def _measure(
        self, record: Record, settings: Any, members: Sequence[M], progress: Progress
    ) -> None:
        """Put on record what the members find, with a row of the family's table for each."""
        shared: Shared = load(self.prepare)(settings)
        tell_of_data(record, getattr(shared, "said", ()))
        with shared if isinstance(shared, AbstractContextManager) else nullcontext():
            record.rows = self._rows(record, members, shared, progress)

    def _rows(
        self,
        record: Record,
        members: Sequence[M],
        shared: Shared,
        progress: Progress,
    ) -> list[tuple[Cell, ...]]:
        """Measure one member after the other; a row of the family's table for each."""
        rows: list[tuple[Cell, ...]] = []
        width = max(len(member.name) for member in members)
        reasons = {m.name: load(self.fits)(shared, m) if self.fits else "" for m in members}
        fitting = [member for member in members if not reasons[member.name]]
        if not fitting:
            raise DataError(reasons[members[0].name])
        work = load(self.work)(shared, fitting) if self.work else 0
        for place, member in enumerate(members):

            def tell(done: int, name: str = member.name) -> None:
                progress(done, work, name)

            if reason := reasons[member.name]:
                rows.append((member.name, member.signature, reason, "not run"))
            else:
                if not work:
                    progress(place, len(members) + 1, member.name)
                published = getattr(shared, "published", True)
                rows.append(self._measured(Study(record, member, shared, tell, published)))
            record.say(_lines(rows[-1], width))
        return rows

    def markdown(self, rows: Iterable[tuple[Cell, ...]]) -> str:
        """The family's table, for a README."""
        return markdown(self.header, rows)

    def _measured(self, study: Study[Shared, M]) -> tuple[Cell, ...]:
        load(study.member.measure)(study)
        study.finish()
        member = study.member
        return member.name, member.signature, study.found, self.outcome(study.verdicts)

    def _correct(self, record: Record) -> None:
        """The verdicts of the whole table: chance must not decide any of so many claims."""
        record.verdicts = corrected(record.verdicts)
        if all(verdict.adjusted is None for verdict in record.verdicts):
            return
        of: dict[str, list[Verdict]] = {}
        for verdict in record.verdicts:
            of.setdefault(verdict.claim.name.partition(".")[0], []).append(verdict)
        record.rows = [
            (*row[:-1], self.outcome(of[str(row[0])])) if str(row[0]) in of else row
            for row in record.rows
        ]

    def _summary(self, record: Record) -> Section:
        rows = record.rows
        words = [str(row[-1]) for row in rows]
        counts = ", ".join(f"{word} ({count})" for word, count in Counter(words).most_common())
        many = sum(verdict.adjusted is not None for verdict in record.verdicts)
        told = f"{len(rows)} verdicts: {counts}."
        if many:
            told += (
                f" This table is corrected for the {many} claims in it that have intervals (Holm 1979); "
                f"each experiment's own section judges its claims one by one."
            )
        table = Numbers(counts[:1].upper() + counts[1:], self.header, tuple(rows))
        return Section("All of them", (Prose(told), table))


def tell_of_data(record: Record, read: Iterable[str], warnings: Iterable[str] = ()) -> None:
    """Say how the reader's data were read, and what to mind; the report begins with it."""
    kinds = {"note": tuple(read), "warning": tuple(warnings)}
    for line in chain(*kinds.values()):
        record.say(line)
    notes = [Note(_options_as_code(line)) for line in kinds["note"]]
    notes += [Note(_options_as_code(line), "warning") for line in kinds["warning"]]
    if notes:
        record.sections.insert(0, Section("About these data", tuple(notes)))


def _options_as_code(line: str) -> str:
    """A line for the report, where an option of the command line must not be broken."""
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", markup(line))


def _lines(row: tuple[Cell, ...], width: int) -> str:
    """A row of the table, the signature under what was measured."""
    name, signature, found, verdict = row
    return f"{name:{width}}  {verdict}: {found}\n{'':{width}}  {signature}"


def _check_installed(members: Iterable[Member]) -> None:
    """Say what is missing before minutes are spent on the others."""
    for member in members:
        for extra in filter(None, ("lab", member.extra)):
            need(member.name, extra)


def load(place: str) -> Callable[..., Any]:
    """The function of "module:function"."""
    module, _, function = place.partition(":")
    return getattr(import_module(module), function)
