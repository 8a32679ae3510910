"""The table and one row of it, as text and as JSON: what `normlab list` and `normlab show` print.

Also a row in the words of another framework: `normlab show batch --in keras`.
"""

from typing import Any

from normlab.conventions import frameworks
from normlab.conventions.convention import Convention, differences
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
    return "\n".join([*lines, "", beside, "normlab show NAME tells more of one."])


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
        _block("Pooled together with ●, in a block of (N, C, L) = (2, 4, 3)", cells(row)),
        _block("Settings", [_setting(s) for s in row.settings]),
        _block("It", properties(row)),
        _block(
            "Symbols of the paper", [f"{theirs:10} {ours}" for theirs, ours in row.symbols.items()]
        ),
        _block("Layer", [row.layer]),
        _block("Same as", list(row.torch) or ["nothing in torch"]),
        _block("Where conventions differ", list(row.conventions)),
        _block("Source", [str(row.source)]),
    ]
    return "\n\n".join(parts)


def _block(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)])


def _setting(setting: Any) -> str:
    symbol = f" [{setting.symbol}]" if setting.symbol else ""
    default = f"{setting.name}={setting.default}"
    return f"{default:22} {setting.meaning}{symbol}; {setting.domain.words}"


def properties(row: Norm) -> list[str]:
    degree = row.degree()
    scale = "forgets the scale of x" if degree == 0 else "keeps some of the scale of x"
    return [
        f"{'looks at the whole batch' if row.uses_batch else 'looks at one sample at a time'}"
        + (", keeps running statistics" if row.running else ""),
        "does not change when a constant is added to x"
        if row.shift_invariant
        else "subtracts nothing",
        f"{scale}: y(λx) = {f'λ^{degree:g} · ' if degree else ''}y(x) as σ → 0",
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


def convention_json(name: str, framework: str) -> dict[str, Any]:
    theirs = frameworks.find(framework, name)
    settings = [
        {"name": word.name, "default": word.default, "here": word.formula} for word in theirs.words
    ]
    facts = ("framework", "row", "layer", "channels", "placement", "running", "window")
    return {fact: getattr(theirs, fact) for fact in facts} | {
        "settings": settings,
        "differences": differences(theirs, frameworks.find("torch", name)),
        "convert": converting(theirs),
        "notes": list(theirs.notes),
        "source": theirs.source,
        "checked": theirs.checked,
    }


def convention_text(name: str, framework: str) -> str:
    """Their settings in our words, what differs from torch, how to convert; needs no torch."""
    theirs = frameworks.find(framework, name)
    torchs = frameworks.find("torch", name)
    width = max(len(word.text) for word in theirs.words)
    title = f"{find(name).title} ({name}) in {frameworks.FRAMEWORKS[framework]}: {theirs.layer}"
    words = [f"{word.text:{width}}  {word.formula}" for word in theirs.words]
    blocks = {
        "Theirs, with the default, and what it is here": words,
        "Defaults, theirs in our terms": _side_by_side(theirs, torchs),
        "What differs from torch": differences(theirs, torchs) or ["nothing"],
        "Convert": converting(theirs),
        "Besides": list(theirs.notes),
        "Source": [theirs.source],
        "Checked": [checked(theirs)],
    }
    return "\n\n".join([title, *(_block(name, lines) for name, lines in blocks.items() if lines)])


def checked(theirs: Convention) -> str:
    """How the facts were verified."""
    return theirs.checked if theirs.checked == frameworks.READ else f"by running {theirs.checked}"


def _side_by_side(theirs: Convention, torchs: Convention) -> list[str]:
    """A line for each number that has a default in both."""
    if theirs is torchs:
        return []
    names = [word.ours for word in torchs.words if word.default is not None]
    rows = [(n, theirs.default(n), torchs.default(n)) for n in names if theirs.word(n)]
    other = frameworks.FRAMEWORKS[theirs.framework]
    lines = [f"{name:10} {a:<12g} {b:g}" for name, a, b in rows]
    return [f"{'':10} {other:12} torch", *lines] if lines else []


def converting(theirs: Convention) -> list[str]:
    """The lines of Python that make our layer of theirs."""
    if theirs.framework == "torch":
        return []
    kind = find(theirs.row).layer
    if theirs.placement == "outside":
        return [f"not possible: {kind} has its ε inside the root"]
    told = {*find(theirs.row).defaults, "momentum", "divisor"}
    said = [word for word in theirs.words if word.array or word.ours in told]
    given = ", ".join(
        word.name + ("=…" if word.default is None else f"={word.default}") for word in said
    )
    lines = [f"layer = normlab.interop.from_{theirs.framework}({theirs.row!r}, {given})"]
    if theirs.channels == "last":
        lines.append("y = layer(x.movedim(-1, 1)).movedim(1, -1)  # where x has its channels last")
    return lines


def side_by_side(row: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and lines of one table of all frameworks that have the row."""
    entries = [entry for (_, name), entry in frameworks.CONVENTIONS.items() if name == row]
    ours = [word.ours for word in entries[0].words if not word.array]
    extra = {
        "channels": [entry.channels for entry in entries],
        "ε": [entry.placement for entry in entries],
        "running variance": [entry.running for entry in entries],
        "even windows": [entry.window for entry in entries],
    }
    told = {name: cells for name, cells in extra.items() if len(set(cells)) > 1}
    lines = [
        (
            frameworks.FRAMEWORKS[entry.framework],
            f"`{entry.layer}`",
            *(_cell(entry, name) for name in ours),
            *(cells[i] or "–" for cells in told.values()),
        )
        for i, entry in enumerate(entries)
    ]
    return ("", "layer", *(f"`{name}`" for name in ours), *told), lines


def _cell(entry: Convention, ours: str) -> str:
    word = entry.word(ours)
    if word is None:
        return "–"
    value = entry.default(ours)
    here = "" if value == word.default else f", here {value:g}"
    return f"`{word.text}`{here}"
