"""The table and one row of it, as text and as JSON: what `normlab list` and `normlab show` print."""

from typing import Any

from normlab.equation import formula, relatives
from normlab.equation.row import Norm
from normlab.equation.table import TABLE, find

_AFFINE = {
    None: "has no weight and bias",
    "channel": "has a weight and bias for each channel",
    "shape": "has a weight and bias for each element of the last dimensions",
}


def list_text() -> str:
    """One line a row; needs no torch."""
    width = max(map(len, TABLE))
    lines = [f"{name:{width}}  {formula.text(row)}" for name, row in TABLE.items()]
    beside = f"Beside the table: {', '.join(relatives.RELATIVES)}."
    return "\n".join([*lines, "", beside, "normlab show NAME describes one of them."])


def list_json() -> list[dict[str, Any]]:
    return [_facts(row) for row in TABLE.values()]


def show_json(name: str) -> dict[str, Any]:
    if relatives.known(name):
        return relatives.json(name)
    row = find(name)
    settings = [
        {
            "name": s.name,
            "default": s.default,
            "domain": s.domain.words,
            "meaning": s.meaning,
            "symbol": s.symbol,
        }
        for s in row.settings
    ]
    more = {
        "latex": formula.latex(row),
        "symbols": dict(row.symbols),
        "conventions": list(row.conventions),
    }
    return _facts(row) | {"settings": settings} | more


def _facts(row: Norm) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "formula": formula.text(row),
        "uses_batch": row.uses_batch,
        "shift_invariant": row.shift_invariant,
        "degree": row.degree(),
        "running_statistics": row.running,
        "affine": row.affine,
        "layer": row.layer,
        "torch": list(row.torch),
        "source": str(row.source),
    }


def show_text(name: str) -> str:
    """Formula, map of the pooled cells, settings, properties, source, relatives."""
    if relatives.known(name):
        return relatives.text(name)
    row = find(name)
    parts = [
        f"{row.title} ({row.name})\n\n  {formula.text(row)}",
        block("The elements pooled with ●, in a block of (N, C, L) = (2, 4, 3)", cells(row)),
        block("Settings", [_setting(s) for s in row.settings]),
        block("It", properties(row)),
        block(
            "Symbols of the paper", [f"{theirs:10} {ours}" for theirs, ours in row.symbols.items()]
        ),
        block("Layer", [row.layer]),
        block("Same as", list(row.torch) or ["nothing in torch"]),
        block("Where conventions differ", list(row.conventions)),
        block("Source", [str(row.source)]),
    ]
    return "\n\n".join(parts)


def block(title: str, lines: list[str]) -> str:
    """A title, and its lines under it."""
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)])


def _setting(setting: Any) -> str:
    symbol = f" [{setting.symbol}]" if setting.symbol else ""
    default = f"{setting.name}={setting.default}"
    return f"{default:22} {setting.meaning}{symbol}; {setting.domain.words}"


def properties(row: Norm) -> list[str]:
    degree = row.degree()
    scale = "does not depend on the scale of x" if degree == 0 else "depends on the scale of x"
    return [
        f"{'looks at the whole batch' if row.uses_batch else 'looks at one sample at a time'}"
        + (", keeps running statistics" if row.running else ""),
        "does not change when a constant is added to x"
        if row.shift_invariant
        else "subtracts nothing",
        f"{scale}: y(λx) = {f'λ^{degree:g} · ' if degree else ''}y(x) as {row.sigma.setting} → 0",
        _AFFINE[row.affine],
    ]


def cells(row: Norm) -> list[str]:
    from normlab.equation.cells import cell_map

    return cell_map(row, **_telling(row)).splitlines()


def _telling(row: Norm) -> dict[str, Any]:
    """Settings under which a small block shows what the pool is like."""
    import torch

    telling = {"num_groups": 2, "size": 3, "pool_weight": torch.ones(4, 4)}
    return {name: value for name, value in telling.items() if name in row.defaults}
