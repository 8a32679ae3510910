"""From counts of numbers to how each column is read, and what is said or asked about it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.data import numerals
from normlab.data.numerals import FALSE, TRUE, Counts, Doubt, Form
from normlab.data.reading import NAMES, SIGNS
from normlab.errors import DataError

_SAFE = {  # what a doubtful sign means beside a delimiter: the decimal sign that is certain enough
    (".", ","): ".", (",", ";"): ",", (".", "\t"): ".", (".", "|"): ".", (".", " "): ".", (".", ""): ".",
}  # fmt: skip
_SILENT = (".", ",")  # the delimiter leaves no other


@dataclass(frozen=True, eq=False)
class Decision:
    """How each column is read.

    types: "double", read by pyarrow with the file's decimal sign; "string", numbers in a form of their
    own; "bool"; "" for words, of which kinds says more. doubts were decided by the delimiter alone;
    questions by nothing.
    """

    forms: tuple[Form | None, ...]
    types: tuple[str, ...]
    kinds: tuple[str, ...]
    decimal: str
    words: str
    doubts: tuple[Doubt, ...] = ()
    questions: tuple[Doubt, ...] = ()

    def notes(self, names: Sequence[str]) -> list[str]:
        return [
            f"Column {names[doubt.column]!r} holds numbers like {doubt.example}, read as "
            f"{_value(doubt.example, doubt.forms[0])}; --decimal {doubt.forms[1].decimal} reads "
            f"{_value(doubt.example, doubt.forms[1])}."
            for doubt in self.doubts
        ]

    def ask(self, names: Sequence[str]) -> None:
        """DataError with the question, where there is one."""
        for doubt in self.questions:
            ways = " or ".join(
                f"--decimal {form.decimal} ({_value(doubt.example, form)})" for form in doubt.forms
            )
            raise DataError(
                f"column {names[doubt.column]!r} holds numbers like {doubt.example}, and nothing in the "
                f"file says whether that is {' or '.join(_value(doubt.example, f) for f in doubt.forms)}; "
                f"give {ways}"
            )


def decided(counts: Counts, delimiter: str, column: Callable[[int], Any]) -> Decision:
    """Counts → decision; `column` gives the trimmed cells of a column of words."""
    forms, open_ = numerals.decide(counts)
    doubts, questions = [], []
    for doubt in open_:
        sign = doubt.forms[0].thousands or doubt.forms[1].thousands
        safe = _SAFE.get((sign, delimiter))
        chosen = sorted(doubt.forms, key=lambda form: form.decimal != safe)
        forms[doubt.column] = chosen[0]
        if safe is None:
            questions.append(doubt)
        elif (sign, delimiter) != _SILENT:
            doubts.append(Doubt(doubt.column, doubt.example, (chosen[0], chosen[1])))
    signs = _signs(counts, forms)
    decimal = Counter(sign for sign, _ in signs if sign).most_common(1)
    main = decimal[0][0] if decimal else counts.forms[0].decimal
    types = [_type(counts, i, forms[i], signs[i], main) for i in range(len(forms))]
    kinds = [""] * len(forms)
    for i, form in enumerate(forms):
        if form is None:
            types[i], kinds[i] = _of_words(counts, i, column)
    return Decision(
        tuple(forms),
        tuple(types),
        tuple(kinds),
        main,
        _words(signs),
        tuple(doubts),
        tuple(questions),
    )


def _signs(counts: Counts, forms: Sequence[Form | None]) -> list[tuple[str, str]]:
    """The decimal and the thousands sign of each column, "" where it has none."""
    fits, found = counts.fits, []
    plain = [i for i, form in enumerate(counts.forms) if not form.thousands]
    for column, form in enumerate(forms):
        if form is None:
            found.append(("", ""))
            continue
        grouped = counts.grouped[counts.forms.index(form), column]
        whole = len(plain) > 1 and all(fits[i, column] for i in plain)
        found.append(("" if whole else form.decimal, form.thousands if grouped else ""))
    return found


def _type(counts: Counts, column: int, form: Form | None, signs: tuple[str, str], main: str) -> str:
    if form is None:
        return ""
    return "double" if signs[0] in ("", main) and not signs[1] else "string"


def _words(signs: Sequence[tuple[str, str]]) -> str:
    decimals = dict.fromkeys(NAMES[decimal] for decimal, _ in signs if decimal)
    thousands = dict.fromkeys(NAMES[sign] for _, sign in signs if sign)
    parts = [f"decimal {' and '.join(decimals)}"] if decimals else []
    return ", ".join(parts + ([f"thousands {' and '.join(thousands)}"] if thousands else []))


def _of_words(counts: Counts, index: int, column: Callable[[int], Any]) -> tuple[str, str]:
    """The type and kind of a column that holds something other than numbers."""
    if not counts.filled[index]:
        return "double", "no values"
    cells = column(index)
    held = cells.filter(~numerals.missing(cells))
    if numerals.among(held, TRUE + FALSE).all():
        return "bool", ""
    if numerals.holds(held, numerals.DATES).all():
        return "", "dates"
    best = counts.numbers[:, index].argmax()
    if counts.numbers[best, index] <= counts.filled[index] / 2:
        return "", "text"
    odd = int(np.flatnonzero(~numerals.matches(held, counts.forms[best]))[0])
    return "", f"text: {held[odd].as_py()[:40]!r} among numbers"


def _value(example: str, form: Form) -> str:
    """
    >>> _value("2.155", Form(",", ".")), _value("2,155", Form(","))
    ('2155', '2.155')
    """
    for sign in SIGNS.get(form.thousands, ""):
        example = example.replace(sign, "")
    return example.replace(form.decimal, ".")
