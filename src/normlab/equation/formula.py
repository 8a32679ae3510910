"""The formula of a row, written out from its columns: as plain text and as LaTeX."""

from normlab.equation.row import Norm

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


def latex(row: Norm) -> str:
    """The same as LaTeX.

    >>> from normlab import table
    >>> print(latex(table["gdn"]))
    y = \\frac{x}{\\sqrt{\\mathrm{sigma}^{2} + \\sum_{c'} \\mathrm{pool\\_weight}_{c c'} |x|^{2}}}
    """
    d = "d" if row.center else "x"
    pooled = f"{row.pool.latex} |{d}|{_raise_latex(row.n)}"
    top = d if row.m == 1 else rf"\operatorname{{sgn}}({d})|{d}|{_raise_latex(row.m)}"
    y = rf"\frac{{{top}}}{{{_scale_latex(row, pooled)}}}"
    y = rf"\mathrm{{weight}} \cdot {y} + \mathrm{{bias}}" if row.affine else y
    where = rf", \qquad d = x - {row.pool.latex} x" if row.center else ""
    return f"y = {y}{where}"


def _name_latex(value: float | str) -> str:
    if isinstance(value, str):
        return rf"\mathrm{{{value}}}".replace("_", r"\_")
    return f"{value:g}"


def _raise_latex(power: float | str) -> str:
    return "" if power == 1 else f"^{{{_name_latex(power)}}}"


def _scale_latex(row: Norm, pooled: str) -> str:
    sigma = _name_latex(row.sigma.setting)
    if row.sigma.placement == "clamp":
        return rf"\max\left({_root_latex(row, pooled)}, {sigma}\right)"
    if row.sigma.placement == "outside":
        return f"{_root_latex(row, pooled)} + {sigma}"
    raised = sigma + _raise_latex(row.n) if row.sigma.raised else sigma
    return _root_latex(row, f"{raised} + {pooled}")


def _root_latex(row: Norm, inside: str) -> str:
    if row.p is None and row.n == 2:
        return rf"\sqrt{{{inside}}}"
    power: float | str = row.p if row.p is not None else row.number("p")
    return inside if power == 1 else rf"\left({inside}\right){_raise_latex(power)}"
