"""The formula in symbols and, for the selected element, in numbers: the library's operands, formatted."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from torch import Tensor

from normlab.equation import formula
from normlab.equation.row import Norm
from normlab.explorer.model.datasets import Data
from normlab.explorer.model.normalising import Outcome, affine
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say

_SIGNED = ("x", "center", "d", "bias")
_RAISED = ("sigma",)  # bare, a power beside 10⁻⁵ would be read as the ten's
_GAP = re.compile(r"@(=?)(\w+)@")
_RUNNING = {"center": r"\mathrm{running\_mean}", "pool": r"\mathrm{running\_var}"}


@dataclass(frozen=True)
class Column:
    """The operands of one element, by term, in the order in which they are computed."""

    channel: int
    values: Mapping[str, float]
    beats: Mapping[str, list[list[str]]]

    def json(self) -> dict[str, Any]:
        shown = {term: text(value) for term, value in self.values.items()}
        told = {"channel": self.channel, "values": dict(self.values), "shown": shown}
        return told | {"beats": dict(self.beats)}


def text(value: float) -> str:
    """Six digits, with a typographic minus; a dash where there is no number.

    >>> text(-0.000012345678), text(3.0), text(float("nan"))
    ('−1.23457e−05', '3', '–')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.6g}".replace("-", "−")


def latex_number(value: float) -> str:
    r"""Six digits for a formula.

    >>> print(latex_number(1e-05), latex_number(-2.5))
    1 \times 10^{-5} -2.5
    """
    digits, _, exponent = f"{value:.6g}".partition("e")
    return rf"{digits} \times 10^{{{int(exponent)}}}" if exponent else digits


def column(
    state: State, data: Data, outcome: Outcome, cell: tuple[int, ...]
) -> Column:  # fmt: skip
    """The operands of one element (n, c, *space) of the data."""
    row, chosen = outcome.row, outcome.chosen
    x = data.x[outcome.batch]
    here = (cell[0] - outcome.first, *cell[1:])

    def at(operand: Tensor) -> float:
        return operand.expand(x.shape)[here].item()

    given = at(x)
    values = {"x": given}
    if row.center:
        center = at(chosen.center)
        values |= {"center": center, "d": given - center}
    values |= {"pool": at(chosen.pool)} | _numbers(row, outcome.settings)
    values["scale"] = at(chosen.scale)
    held = affine(state, row, data)
    for name, value in held.items():
        values[name] = (value[cell[1]] if value.dim() else value).item()
    values["y"] = at(chosen.y)
    power = row.number("m", row.resolve(outcome.settings))
    return Column(cell[1], values, beats(values, outcome.scaled[cell].item(), power))


def beats(values: Mapping[str, float], scaled: float, power: float) -> dict[str, list[list[str]]]:
    """The arithmetic in three beats, each a list of (term, text); a term of nothing is an operator."""
    given = values.get("d", values["x"])
    name = "d" if "d" in values else "x"
    less = [_part(values, "x"), _OF["-"], _part(values, "center"), _OF["="], _part(values, "d")]
    raised = [[name, f"{_few(given)}{'' if power == 1 else f'^{_few(power)}'}"]]
    by = [*raised, _OF["÷"], _part(values, "scale"), _OF["="], ["scaled", _few(scaled)]]
    moved = [_part(values, "weight"), _OF["·"], ["scaled", _few(scaled, True)]]
    moved += [_OF["+"], _part(values, "bias"), _OF["="], _part(values, "y")]
    return {
        "input": [["x", _few(values["x"])]],
        "centred": less if "d" in values else [],
        "scaled": by,
        "output": moved if "weight" in values else [["y", _few(values["y"])]],
    }


_OF = {sign: ["", sign.replace("-", "−")] for sign in "-÷=·+"}


def _part(values: Mapping[str, float], term: str) -> list[str]:
    return [term, _few(values.get(term, 0.0), term in ("center", "bias"))]


def _few(value: float, signed: bool = False) -> str:
    """Four digits; in brackets where a sign would follow an operator."""
    if math.isnan(value):
        return "–"
    shown = f"{value:.4g}".replace("-", "−")
    return f"({shown})" if signed and value < 0 else shown


def _numbers(row: Norm, settings: Mapping[str, Any]) -> dict[str, float]:
    values = row.resolve(settings)
    return {name: float(values[name]) for name in named(row)}


def named(row: Norm) -> list[str]:
    """The settings that stand in the formula: σ and the powers."""
    powers = (power for power in (row.n, row.m, row.p) if isinstance(power, str))
    return list(dict.fromkeys((row.sigma.setting, *powers)))


@lru_cache(256)
def symbols(row: Norm, evaluated: bool) -> list[str]:
    """The row's formula, each term within reach of the page."""

    def write(term: str, symbol: str) -> str:
        return _hooked(term, _RUNNING.get(term, symbol) if evaluated else symbol)

    return multiline(formula.latex(row, write))


@lru_cache(256)
def gaps(row: Norm) -> list[str]:
    """The formula with a gap for each number: `@term@`, and `@=term@` for the result that ends a line.

    The last of the lines is for a result that is none.
    """

    def write(term: str, symbol: str) -> str:
        return _hooked(term, symbol if term == "y" else f"@{term}@")

    first, *more = multiline(formula.latex(row, write))
    lines = [f"{first} = {_hooked('y', '@=y@')}"]
    for line in more:
        difference = line.partition(" = ")[2]
        lines.append(f"{_hooked('d', 'd')} = {difference} = {_hooked('d', '@=d@')}")
    return [*lines, rf"{_hooked('y', 'y')} = \text{{{say('formula.none')}}}"]


def numbers(row: Norm, values: Mapping[str, float]) -> list[str]:
    """The same with the operands in place of the symbols, and the result."""
    *lines, none = gaps(row)
    if math.isnan(values["y"]):
        return [none]
    return [_GAP.sub(lambda gap: _filled(gap[2], values, bool(gap[1])), line) for line in lines]


def _filled(term: str, values: Mapping[str, float], result: bool) -> str:
    """A number; in brackets where a sign would follow an operator."""
    number = latex_number(values[term])
    inside = (number[0] == "-" and term in _SIGNED) or ("^" in number and term in _RAISED)
    return f"({number})" if inside and not result else number


def _hooked(term: str, symbol: str) -> str:
    return rf"\htmlData{{term={term}}}{{{symbol}}}"


def multiline(latex: str) -> list[str]:
    """The formula and, where it has one, the line that says what d is."""
    return [part.strip() for part in latex.split(r", \qquad")]
