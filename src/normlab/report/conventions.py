"""A row in the words of another framework: what `normlab show batch --in keras` prints."""

from typing import Any

from normlab.conventions import frameworks
from normlab.conventions.convention import Convention, differences
from normlab.equation.table import find
from normlab.report.rows import block


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
        "Their settings with defaults, and what they are here": words,
        "Defaults, theirs in our terms": _side_by_side(theirs, torchs),
        "What differs from torch": differences(theirs, torchs) or ["nothing"],
        "Convert": converting(theirs),
        "Besides": list(theirs.notes),
        "Source": [theirs.source],
        "Checked": [checked(theirs)],
    }
    return "\n\n".join([title, *(block(name, lines) for name, lines in blocks.items() if lines)])


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
