"""Tables written in dialects that Hypothesis makes come back equal; what is doubtful is asked or said."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normlab.data import read_table
from normlab.data.reading import Reading
from normlab.data.text import read_text
from normlab.errors import DataError

NAMES = ("Länge", "b c", "x_1", "rate (1/s)", "größe", "T", "kPa", "z")
UNITS = ("m/s", "s", "kPa", "°C", "-", "mm", "mV", "n")
MARKS = ("NA", "", "?", "NaN", "-", "n/a", "NULL")


@dataclass(frozen=True)
class Written:
    """A dialect, and what is written in it: `seed` draws the numbers."""

    delimiter: str
    decimal: str
    thousands: str
    quote: str
    quoted: str
    newline: str
    encoding: str
    comment: str
    comments: int
    among: bool
    units: bool
    row_names: bool
    mark: str
    blanks: bool
    ends: bool
    evidence: bool
    columns: int
    rows: int
    digits: int
    seed: int

    def values(self) -> np.ndarray:
        draw = np.random.default_rng(self.seed)
        values = (10.0 ** draw.uniform(-1, 7, (self.rows, self.columns))).round(self.digits)
        if self.evidence:
            values[:, 0] = draw.integers(1, 1000, self.rows) + 0.25
        return values * draw.choice([1, -1], values.shape)

    def spelled(self, value: float, digits: int) -> str:
        if np.isnan(value):
            return self.mark
        signs = {",": self.thousands, ".": self.decimal}
        text = f"{value:,.{digits}f}"
        return "".join(signs.get(sign, sign) for sign in text)

    def text(self, values: np.ndarray) -> str:
        draw = random.Random(self.seed)
        digits = [2 if self.evidence and i == 0 else self.digits for i in range(self.columns)]
        cells = [[self.spelled(v, d) for v, d in zip(row, digits, strict=True)] for row in values]
        names = list(NAMES[: self.columns])
        rows = [names, *([list(UNITS[: self.columns])] if self.units else []), *cells]
        if self.row_names:
            rows = [names, *([f"row {i}", *row] for i, row in enumerate(rows[1:]))]
        lines = [
            self.delimiter.join(self.cell(c, i == 0) for c in row) for i, row in enumerate(rows)
        ]
        if self.among:
            lines.insert(draw.randrange(2, len(lines)), f"{self.comment} between rows, or not; so")
        lines = [
            f"{self.comment} a comment, with words; no. {i}" for i in range(self.comments)
        ] + lines
        return self.newline.join(lines) + self.newline * self.ends

    def cell(self, cell: str, name: bool) -> str:
        needed = self.delimiter in cell or (self.delimiter == " " and not cell)
        if self.quoted == "all" or (self.quoted == "names" and name) or needed:
            return f"{self.quote}{cell}{self.quote}"
        return f" {cell} " if self.blanks and self.delimiter != " " else cell

    def options(self) -> dict:
        thousands = self.thousands or "none"
        return {"delimiter": self.delimiter, "decimal": self.decimal, "thousands": thousands}


@st.composite
def dialects(draw):
    delimiter = draw(st.sampled_from(",;\t| "))
    decimal = draw(st.sampled_from(".,"))
    apart = {decimal, *([" "] if delimiter == " " else [])}
    thousands = draw(st.sampled_from([t for t in ("", ".", ",", " ", "'") if t not in apart]))
    comment = draw(st.sampled_from(["", "#", "%"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    # nothing says that the commas of quoted cells between commas are decimal but a number like 0,25
    known = delimiter == decimal or draw(st.booleans())
    return Written(
        delimiter=delimiter,
        decimal=decimal,
        thousands=thousands,
        quote=draw(st.sampled_from('"' if thousands == "'" else "\"'")),
        quoted=draw(st.sampled_from(["all", "names", "needed"])),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        encoding=encoding,
        comment=comment,
        comments=draw(st.integers(1, 3)) if comment else 0,
        among=bool(comment) and draw(st.booleans()),
        units=draw(st.booleans()),
        row_names=draw(st.booleans()),
        mark=draw(st.sampled_from(MARKS)),
        blanks=draw(st.booleans()),
        ends=draw(st.booleans()),
        evidence=known,
        columns=draw(st.integers(2, 6)),
        rows=draw(st.integers(4, 30)),
        digits=draw(st.integers(0, 4)),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def written(tmp_path_factory, how):
    """The file, and what it holds; one value is missing."""
    values = how.values()
    values[len(values) // 2, -1] = np.nan
    path = tmp_path_factory.mktemp("dialect") / "t.csv"
    path.write_bytes(how.text(values).encode(how.encoding))
    return path, values[~np.isnan(values).any(1)]


def comes_back(tmp_path_factory, how):
    """With the evidence of a column like 0.25, or else with the options; and never silently wrong."""
    path, values = written(tmp_path_factory, how)
    table = read_table(path, drop_missing=True, **how.options())
    assert table.columns == NAMES[: how.columns]
    np.testing.assert_array_equal(table.values.numpy(), values)
    try:
        table = read_table(path, drop_missing=True)
    except DataError as error:
        if how.evidence or "--decimal" not in str(error):
            raise
        return
    if how.evidence or not any("--decimal" in note for note in table.notes):
        np.testing.assert_array_equal(table.values.numpy(), values)
        assert table.columns == NAMES[: how.columns]


alike = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(alike, max_examples=20)
@given(how=dialects())
def test_twenty_dialects_come_back_equal(tmp_path_factory, how):
    comes_back(tmp_path_factory, how)


@pytest.mark.slow
@settings(alike, max_examples=180)
@given(how=dialects())
def test_the_rest_of_two_hundred_dialects_come_back_equal(tmp_path_factory, how):
    comes_back(tmp_path_factory, how)


@pytest.mark.parametrize(
    "text",
    [
        '  "name", "n"\n  "O\'Hara, ""IL""", 1\n  "x", 2\n',  # the line begins with blanks
        ' n, name\n 1, "O\'Hara, ""IL"""\n 2, "x"\n',
        '  "name",n\n  "O\'Hara, ""IL""",1\n  "x",2\n',  # and only the line does
        'n, name\n1, "O\'Hara, ""IL""" \n2, "x"\n',
    ],
)
def test_a_quoted_cell_keeps_its_blanks_whatever_stands_before_it(tmp_path, text):
    path = tmp_path / "cells.csv"
    path.write_text(text)
    found = read_text(path, Reading())
    assert found.columns[found.names.index("name")].cells() == ['O\'Hara, "IL"', "x"]


def test_so_does_one_that_goes_on_in_the_next_line(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text('n, name\n1, "O\'Hara,\n ""IL"", ""x"""\n2, "b"\n')
    found = read_text(path, Reading())
    assert found.columns[1].cells() == ['O\'Hara,\n "IL", "x"', "b"]
