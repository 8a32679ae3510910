"""The formula of a row, written out from its columns: as plain text and as LaTeX."""

from collections.abc import Callable

from normlab.equation.row import Norm

Write = Callable[[str, str], str]  # (term, its symbol in LaTeX) → how it is written
_POWERS = {0.5: "½", 0.75: "¾", 2.0: "²", 3.0: "³"}


def text(row: Norm) -> str:
    """One line of plain text.

    >>> from normlab import table
    >>> text(table["batch"])
    'y = weight · d / (eps + mean[n,s] |d|²)^½ + bias,  d = x − mean[n,s] x'
    >>> text(table["divisive"])
    'y = weight · sgn(x)|x|^power / (sigma^power + sum[g,c] |x|^power) + bias'
    """
    d = "d" if row.center else "x"
    pooled = f"{row.pool.text} |{d}|{_raise_text(row.n)}"
    y = f"{_numerator_text(row, d)} / {_scale_text(row, pooled)}"
    y = f"weight · {y} + bias" if row.affine else y
    where = f",  d = x − {row.pool.text} x" if row.center else ""
    return f"y = {y}{where}"


def _raise_text(power: float | str) -> str:
    if power == 1:
        return ""
    return _POWERS.get(power, f"^{power}") if isinstance(power, float) else f"^{power}"


def _root_text(row: Norm) -> str:
    if row.p is None:
        return f"^{_POWERS.get(row.number('p'), row.number('p'))}" if row.n != 1 else ""
    return "" if row.p == 1 else f"^{row.p}"


def _numerator_text(row: Norm, d: str) -> str:
    return d if row.m == 1 else f"sgn({d})|{d}|{_raise_text(row.m)}"


def _scale_text(row: Norm, pooled: str) -> str:
    sigma, root = row.sigma.setting, _root_text(row)
    if row.sigma.placement == "clamp":
        return f"max(({pooled}){root}, {sigma})"
    if row.sigma.placement == "outside":
        return f"(({pooled}){root} + {sigma})"
    raised = f"{sigma}{_raise_text(row.n)}" if row.sigma.raised else sigma
    return f"({raised} + {pooled}){root}"


def _as_it_is(term: str, symbol: str) -> str:
    return symbol


def latex(row: Norm, write: Write = _as_it_is) -> str:
    """The same as LaTeX. `write(term, symbol)` says how each term is written: its symbol, or a number.

    The terms are y, x, center, d, pool, weight, bias, and the settings of the row by their names.

    >>> from normlab import table
    >>> print(latex(table["gdn"]))
    y = \\frac{x}{\\sqrt{\\mathrm{sigma}^{2} + \\sum_{c'} \\mathrm{pool\\_weight}_{c c'} |x|^{2}}}
    >>> numbers = {"y": "1", "d": "2", "pool": "3", "eps": "1", "weight": "1", "bias": "0"}
    >>> print(latex(table["batch"], lambda term, symbol: numbers.get(term, symbol)))
    1 = 1 \\cdot \\frac{2}{\\sqrt{1 + 3}} + 0, \\qquad 2 = x - \\operatorname{mean}_{n,s} x
    """
    d = write("d", "d") if row.center else write("x", "x")
    bare = "d" if row.center else "x"
    pooled = write("pool", f"{row.pool.latex} |{bare}|{_raise_latex(row.n, write)}")
    top = d if row.m == 1 else _signed_latex(row, d, write)
    y = rf"\frac{{{top}}}{{{_scale_latex(row, pooled, write)}}}"
    if row.affine:
        weight, bias = (write(name, rf"\mathrm{{{name}}}") for name in ("weight", "bias"))
        y = rf"{weight} \cdot {y} + {bias}"
    y = f"{write('y', 'y')} = {y}"
    if not row.center:
        return y
    center = write("center", f"{row.pool.latex} x")
    return rf"{y}, \qquad {d} = {write('x', 'x')} - {center}"


def _signed_latex(row: Norm, d: str, write: Write) -> str:
    return rf"\operatorname{{sgn}}({d})|{d}|{_raise_latex(row.m, write)}"


def _name_latex(value: float | str, write: Write) -> str:
    if isinstance(value, str):
        return write(value, rf"\mathrm{{{value}}}".replace("_", r"\_"))
    return f"{value:g}"


def _raise_latex(power: float | str, write: Write) -> str:
    return "" if power == 1 else f"^{{{_name_latex(power, write)}}}"


def _scale_latex(row: Norm, pooled: str, write: Write) -> str:
    sigma = _name_latex(row.sigma.setting, write)
    if row.sigma.placement == "clamp":
        return rf"\max\left({_root_latex(row, pooled, write)}, {sigma}\right)"
    if row.sigma.placement == "outside":
        return f"{_root_latex(row, pooled, write)} + {sigma}"
    raised = sigma + _raise_latex(row.n, write) if row.sigma.raised else sigma
    return _root_latex(row, f"{raised} + {pooled}", write)


def _root_latex(row: Norm, inside: str, write: Write) -> str:
    if row.p is None and row.n == 2:
        return rf"\sqrt{{{inside}}}"
    power: float | str = row.p if row.p is not None else row.number("p")
    return inside if power == 1 else rf"\left({inside}\right){_raise_latex(power, write)}"
