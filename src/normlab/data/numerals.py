"""How numbers are written: decimal and thousands signs, decided from all columns together.

Nothing here knows files. A `Form` is one way to write numbers; `decide` is given, for every column,
how many of its cells are numbers in each form, and says which form each column has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.data.reading import NAMES, SIGNS

# what stands for a missing value, with blanks around it or not
MISSING = (
    "", "?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "NAN", "nan", "-nan",
    "-NaN", "null", "NULL", "None", "none", "#DIV/0!", "#VALUE!", "#NUM!", "#REF!",
)  # fmt: skip
DATES = r"^(\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?[./]\d\d?[./]\d{2,4}( .*)?)$"
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_END = r"(?:[eE][+-]?\d+)?"
_INF = r"[+-]?(?:inf|Inf|INF|infinity|Infinity)"


@dataclass(frozen=True)
class Form:
    """A decimal sign, and a thousands sign or "".

    >>> Form(",", ".").words
    'decimal comma, thousands point'
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def words(self) -> str:
        more = f", thousands {NAMES[self.thousands]}" if self.thousands else ""
        return f"decimal {NAMES[self.decimal]}{more}"

    @property
    def pattern(self) -> str:
        """A regular expression (also RE2's) for a whole cell without blanks around it."""
        point = "\\" + self.decimal
        plain = rf"\d+(?:{point}\d*)?|{point}\d+"
        if self.thousands:
            sign = f"[{SIGNS[self.thousands]}]"
            plain = rf"[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?:{point}\d*)?|{plain}"
        return rf"^(?:[+-]?(?:{plain}){_END}|{_INF})$"


PLAIN = Form()
FORMS = tuple(Form(d, t) for t in ("", ".", ",", " ", "'") for d in ".," if d != t)


def able(decimal: str | None, thousands: str | None) -> tuple[Form, ...]:
    """The forms that a person's options leave; thousands "" says that there is no such sign."""
    return tuple(
        form
        for form in FORMS
        if decimal in (None, form.decimal) and (thousands is None or form.thousands in ("", thousands))
        and form.decimal != thousands
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Counts:
    """Of C columns: cells that hold something, and cells that are numbers in each of F forms.

    `grouped` are those that are numbers only by the form's thousands sign, and `examples` the first of
    them in each column.
    """

    forms: tuple[Form, ...]
    filled: np.ndarray  # (C,)
    numbers: np.ndarray  # (F, C)
    grouped: np.ndarray  # (F, C)
    examples: tuple[str, ...]

    @classmethod
    def of(cls, cells: Any, width: int, forms: Sequence[Form]) -> "Counts":
        """Of trimmed cells that lie row after row in one arrow array of text."""
        filled = ~missing(cells)
        numbers, grouped = _numbers(cells, filled, forms)
        shape = (len(forms), -1, width)
        signed = np.any(grouped, axis=0).reshape(-1, width)
        rows = np.argmax(signed, axis=0) if len(signed) else np.zeros(width, int)
        examples = [
            str(cells[int(row) * width + column].as_py())
            if len(signed) and signed[row, column]
            else ""
            for column, row in enumerate(rows)
        ]
        return cls(
            tuple(forms),
            filled.reshape(-1, width).sum(0),
            numbers.reshape(shape).sum(1),
            grouped.reshape(shape).sum(1),
            tuple(examples),
        )

    @classmethod
    def joined(cls, parts: Sequence["Counts"]) -> "Counts":
        """Several columns' counts side by side."""
        filled, numbers, grouped = (
            np.concatenate([getattr(part, name) for part in parts], axis=-1)
            for name in ("filled", "numbers", "grouped")
        )
        examples = tuple(example for part in parts for example in part.examples)
        return cls(parts[0].forms, filled, numbers, grouped, examples)

    @property
    def fits(self) -> np.ndarray:
        """(F, C): forms in which all of a column's cells are numbers."""
        return (self.numbers == self.filled) & (self.filled > 0)


@dataclass(frozen=True)
class Doubt:
    """A column whose numbers mean one thing in the first form and another in the second."""

    column: int
    example: str
    forms: tuple[Form, Form]


def decide(counts: Counts) -> tuple[list[Form | None], list[Doubt]]:
    """The form of each column (None: not numbers), and the columns that no evidence decides.

    The forms in which most columns are numbers, and of those the ones in which most cells are, settle
    what a column alone leaves open: `2.155` beside `19,47` is 2155.
    """
    used = [
        not form.thousands or bool(counts.grouped[i].any()) for i, form in enumerate(counts.forms)
    ]
    fits = counts.fits & np.array(used)[:, None]
    scores = [
        (fits[i].sum(), counts.numbers[i].sum()) if use else (-1, -1) for i, use in enumerate(used)
    ]
    best = {i for i, score in enumerate(scores) if score == max(scores)}
    forms: list[Form | None] = []
    doubts: list[Doubt] = []
    for column, able in enumerate(fits.T):
        found = _differing(
            np.flatnonzero(able).tolist(), counts.grouped[:, column], best, counts.forms
        )
        forms.append(counts.forms[found[0]] if found else None)
        if len(found) > 1:
            pair = (counts.forms[found[0]], counts.forms[found[1]])
            doubts.append(Doubt(column, counts.examples[column], pair))
    return forms, doubts


def _differing(
    able: list[int], grouped: np.ndarray, best: set[int], forms: Sequence[Form]
) -> list[int]:
    """One form for each meaning that a column's numbers may have, after the file's evidence."""
    meanings = _meanings(able, grouped, forms)
    if len(meanings) > 1:
        decimals = {forms[i].decimal for i in best}
        likely = [i for i in able if i in best] or [i for i in able if forms[i].decimal in decimals]
        meanings = _meanings(likely or able, grouped, forms)
    return meanings


def _meanings(able: list[int], grouped: np.ndarray, forms: Sequence[Form]) -> list[int]:
    """The first of the forms that read the column's cells alike: by the same thousands sign, or none."""
    firsts: dict[str, int] = {}
    for i in able:
        firsts.setdefault(forms[i].thousands if grouped[i] else "", i)
    return list(firsts.values())


def trimmed(cells: Any) -> Any:
    return call("utf8_trim_whitespace", cells)


def missing(cells: Any) -> np.ndarray:
    """Which trimmed cells stand for a missing value."""
    return among(cells, (*MISSING, None))


def among(cells: Any, known: Sequence[str | None]) -> np.ndarray:
    """Which cells are one of the known."""
    import pyarrow as pa
    from pyarrow import compute

    return as_bools(call("is_in", cells, compute.SetLookupOptions(pa.array(known, pa.string()))))


def matches(cells: Any, form: Form) -> np.ndarray:
    """Which trimmed cells are numbers in a form."""
    return holds(cells, form.pattern)


def _numbers(
    cells: Any, filled: np.ndarray, forms: Sequence[Form]
) -> tuple[np.ndarray, np.ndarray]:
    held = {sign: bool(holds(cells, f"[{kin}]").any()) for sign, kin in SIGNS.items()}
    plain: dict[str, np.ndarray] = {}
    numbers, grouped = [], []
    for form in forms:
        if form.decimal not in plain:
            plain[form.decimal] = matches(cells, Form(form.decimal)) & filled
        found = by_itself = plain[form.decimal]
        if form.thousands and held[form.thousands]:
            found = matches(cells, form) & filled
        numbers.append(found)
        grouped.append(found & ~by_itself)
    return np.array(numbers), np.array(grouped)


def parsed(cells: Any, filled: np.ndarray, form: Form) -> Any:
    """Trimmed cells that are numbers in a form as float64, and null where nothing was filled in."""
    import pyarrow as pa

    for sign in (*SIGNS.get(form.thousands, ""), "+"):
        cells = _replaced(cells, sign, "")
    cells = cells if form.decimal == "." else _replaced(cells, form.decimal, ".")
    return where(cells, filled).cast(pa.float64())


def booleans(cells: Any) -> Any:
    """Trimmed cells of true and false as 1 and 0, and null for the rest."""
    import pyarrow as pa

    known = among(cells, TRUE + FALSE)
    return where(pa.array(among(cells, TRUE)).cast(pa.float64()), known)


def where(cells: Any, keep: np.ndarray) -> Any:
    """The cells that are kept, and null for the others."""
    import pyarrow as pa
    from pyarrow import compute

    nothing = pa.scalar(None, cells.type)
    return compute.call_function("if_else", [pa.array(keep), cells, nothing])


def _replaced(cells: Any, sign: str, by: str) -> Any:
    from pyarrow import compute

    if not as_bools(call("match_substring", cells, compute.MatchSubstringOptions(sign))).any():
        return cells
    return call("replace_substring", cells, compute.ReplaceSubstringOptions(sign, by))


def holds(cells: Any, pattern: str) -> np.ndarray:
    """Which cells a regular expression finds something in."""
    from pyarrow import compute

    return as_bools(call("match_substring_regex", cells, compute.MatchSubstringOptions(pattern)))


def call(name: str, cells: Any, options: Any = None) -> Any:
    """A function of pyarrow.compute by its name, which type checkers do not know it has."""
    from pyarrow import compute

    return compute.call_function(name, [cells], options)


def as_bools(array: Any) -> np.ndarray:
    return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
