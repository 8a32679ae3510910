"""The report's page: its blocks, and how they become one self-contained HTML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, get_args

from normlab.errors import need
from normlab.report.figures import Drawn
from normlab.report.formula import mathml, phrase, prose
from normlab.safe import held

if TYPE_CHECKING:
    from jinja2 import Environment

Cell = str | float | int
_PHONE = 45  # characters of a table's line that a phone has room for
Outcome = Literal["holds", "does not hold", "inconclusive"]


@dataclass(frozen=True)
class Prose:
    """Text in the markup of `formula.prose`; what comes from outside goes through `safe.markup`."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula on a line of its own."""

    latex: str


@dataclass(frozen=True)
class Picture:
    """The place of a figure, which each page shows once."""

    figure_name: str


@dataclass(frozen=True)
class Printed:
    """What a program printed, as it printed it."""

    text: str


@dataclass(frozen=True)
class Numbers:
    """A table: numbers are shown to four digits, and text as it was given."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"table {self.caption!r}: {row} does not fit {self.header}")


@dataclass(frozen=True)
class Note:
    """A remark beside the text, or a warning."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True)
class Ask:
    """A question to think about before its answer is opened."""

    question: str
    answer: str


Block = Prose | Formula | Picture | Printed | Numbers | Note | Ask


@dataclass(frozen=True)
class Section:
    """A numbered part of the page."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class VerdictRow:
    """A claim and what became of it, in words and numbers ready to be read."""

    claim: str
    measured: str
    threshold: str
    outcome: Outcome
    detail: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in get_args(Outcome):
            raise ValueError(f"outcome {self.outcome!r}: must be one of {get_args(Outcome)}")


@dataclass(frozen=True)
class Page:
    """A report: a title, a question, numbered sections, verdicts, and what it was made with.

    With `summary`, the first section tells it all in brief, and comes before the verdicts.
    """

    title: str
    question: str
    sections: Sequence[Section]
    drawn: Mapping[str, Drawn]
    verdicts: Sequence[VerdictRow]
    about: Mapping[str, str]
    summary: bool = False

    def __post_init__(self) -> None:
        _check_pictures(self.sections, self.drawn)

    def html(self) -> str:
        """The whole page; nothing in it is fetched from elsewhere, and it needs no script."""
        template = _templates().get_template("page.html")
        return held(template.render(title=self.title, body=self._body(), css=_css()))

    def fragment(self) -> str:
        """The same for a notebook's `_repr_html_`: no `<html>`, and styles that stay inside."""
        body = held(self._body())
        return f'<style>{_css()}</style><div class="normlab fragment" lang="en-GB">{body}</div>'

    def _body(self) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "report"
        return _templates().get_template("body.html").render(vars(self), slug=slug)


def show(value: Cell) -> str:
    """A cell of a table.

    >>> show(3.14159), show(128), show(5.2154e-08), show(True), show("as is")
    ('3.142', '128', '5.215e-08', 'yes', 'as is')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check_pictures(sections: Sequence[Section], drawn: Mapping[str, Drawn]) -> None:
    names = list(_picture_names(sections))
    if missing := sorted(set(names) - set(drawn)):
        raise ValueError(f"figures shown but not drawn: {', '.join(missing)}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"figures shown twice: {', '.join(twice)}")


def _picture_names(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Picture):
                yield block.figure_name


def _numeric_columns(table: Numbers) -> list[bool]:
    """Columns to align at the right: those where every cell is a number or begins like one."""
    columns = zip(*table.rows, strict=True) if table.rows else [() for _ in table.header]
    return [bool(column) and all(_like_number(cell) for cell in column) for column in columns]


def _cards(table: Numbers) -> bool:
    """Whether a phone shows each row as a card: a few columns, too wide to stand side by side there."""
    columns = zip(table.header, *table.rows, strict=True)
    widest = [max(len(show(cell)) for cell in column) for column in columns]
    return len(widest) <= 3 and sum(widest) > _PHONE


def _like_number(cell: Cell) -> bool:
    return not isinstance(cell, str) or re.match(r"[-+−±<>≤≥≈ ]*\.?\d|nan|–|—|$", cell) is not None


@cache
def _templates() -> Environment:
    need("a page", "report")
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def safe(function: Any) -> Any:
        return lambda *args, **options: Markup(function(*args, **options))

    loader = PackageLoader("normlab.report", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    environment.filters |= {
        "prose": safe(prose),
        "phrase": safe(phrase),
        "mathml": safe(mathml),
        "inline": safe(attrgetter("inlined")),
        "show": show,
        "numeric_columns": _numeric_columns,
        "cards": _cards,
        "kind": lambda block: type(block).__name__,
    }
    return environment


@cache
def _css() -> str:
    return files("normlab.report").joinpath("page.css").read_text(encoding="utf-8")
