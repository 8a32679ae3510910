"""Tables in Markdown, for a README and for docs."""

from collections.abc import Iterable, Sequence


def markdown(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A table.

    >>> print(markdown(("a", "b"), [(1, "x|y")]))
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")
