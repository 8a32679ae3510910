"""Displayed arithmetic, computed again: a formula of numbers in TeX, and what six digits leave open.

A number shown as 2.64445 may be any from 2.644445 to 2.644455. A formula of such numbers is computed at all
corners of that box; what is shown as its result must lie between the least and the largest.
"""

import itertools
import math
import re

MINUS = "−"
DIGITS = 6
_TOKEN = re.compile(r"\\[a-zA-Z]+|sgn|\d+\.?\d*|\S")


def slack(shown):
    """Half a unit of the last of six digits; a 0 that is shown is one."""
    value = float(shown.replace(MINUS, "-"))
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1) if value else 0.0


def box(shown):
    """The least and the largest number that is shown like this."""
    value = float(shown.replace(MINUS, "-"))
    return value - slack(shown), value + slack(shown)


def span(function, shown):
    """The least and the largest of what a function gives for numbers that are shown so."""
    found = [function(*corner) for corner in itertools.product(*map(box, shown))]
    return min(found), max(found)


def agrees(shown, low, high):
    """Whether a shown number is what lies between these, as far as it can be told."""
    given_low, given_high = box(shown)
    rounding = 1e-12 * max(abs(low), abs(high))
    return given_low - rounding <= high and low <= given_high + rounding


class Formula:
    """A side of an equation: `numbers` as they stand in it, and its value for others in their place.

    >>> half = Formula(r"\\frac{(-3)}{\\sqrt{4 + \\htmlData{term=pool}{3.2 \\times 10^{1}}}}")
    >>> half.numbers, half(*map(float, half.numbers))
    (['-3', '4', '3.2e1'], -0.5)
    """

    def __init__(self, tex):
        self._tokens = _TOKEN.findall(re.sub(r"\\htmlData\{[^}]*\}", "", tex))
        self.numbers = []
        self._place = 0
        self._compute = self._sum()
        assert self._place == len(self._tokens), self._tokens[self._place :]

    def __call__(self, *numbers):
        return self._compute(numbers)

    def _next(self):
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *wanted):
        token = self._next()
        assert not wanted or token in wanted, (token, wanted, self._tokens)
        self._place += 1
        return token

    def _sum(self):
        value = self._product()
        while self._next() in ("+", "-"):
            value = _joined(self._take(), value, self._product())
        return value

    def _product(self):
        value = self._power()
        while self._next() == r"\cdot" or self._next() in ("|", r"\left"):
            if self._next() == r"\cdot":
                self._take()
            elif (
                self._tokens[self._place - 1] != ")"
            ):  # sgn(x)|x| is the only product without a sign
                break
            value = _joined("*", value, self._power())
        return value

    def _beside_sgn(self):
        """sgn(x)|x| is the only product without a sign."""
        return self._next() == "|" and self._tokens[self._place - 1] == ")"

    def _power(self):
        value = self._one()
        if self._next() != "^":
            return value
        self._take()
        return _joined("^", value, self._one())

    def _one(self):
        token = self._take()
        if token[0].isdigit() or token == "-":
            return self._number(token)
        if token in ("{", "(", "|"):
            start = self._place
            inner = self._sum()
            self._take({"{": "}", "(": ")", "|": "|"}[token])
            held = self._tokens[start : self._place]
            bare = token == "{" and held[0] != "(" and r"\times" in held
            assert not (bare and self._next() == "^"), (
                "the power beside a ten would be read as the ten's"
            )
            return (lambda held: abs(inner(held))) if token == "|" else inner
        return self._command(token)

    def _number(self, token):
        if token == "-":
            token += self._take()
        if self._next() == r"\times":
            self._take()
            self._take("10")
            self._take("^")
            self._take("{")
            sign = self._take() if self._next() == "-" else ""
            token += f"e{sign}{self._take()}"
            self._take("}")
        at = len(self.numbers)
        self.numbers.append(token)
        return lambda held: held[at]

    def _command(self, token):
        if token == r"\left":
            self._take("(")
            values = [self._sum()]
            while self._next() == ",":
                self._take()
                values.append(self._sum())
            self._take(r"\right")
            self._take(")")
            return values[0] if len(values) == 1 else (lambda held: max(v(held) for v in values))
        if token == r"\max":
            return self._one()
        if token == r"\sqrt":
            inner = self._one()
            return lambda held: math.sqrt(inner(held))
        if token == r"\frac":
            return _joined("/", self._one(), self._one())
        assert token == r"\operatorname", token
        for part in ("{", "sgn", "}"):
            self._take(part)
        inner = self._one()
        return lambda held: math.copysign(1.0, inner(held)) if inner(held) else 0.0


def _joined(sign, left, right):
    operations = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "^": lambda a, b: a**b,
    }
    return lambda held: operations[sign](left(held), right(held))
