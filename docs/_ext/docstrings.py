"""Docstrings of this package, which are plain text, as reStructuredText.

A docstring is: a sentence; formulas, further indented; `Label: text`, its lines further indented; a doctest.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

_LABEL = re.compile(r"^([A-Z][\w &]*|[a-z_]\w*(?:, [a-z_]\w*)*): +(.*)$")
_CODE = re.compile(r"(`[^`]*`)")
_MEANS = re.compile(r"([*|\\]|_(?!\w))")  # what reStructuredText would read as its own signs


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}


def _process(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = [*rest(lines)]


def rest(lines: list[str]) -> Iterator[str]:
    """The lines of a docstring, block by block.

    >>> print("\\n".join(rest(["A sum.", "", "    y = x*w", "", "Shapes: (N, *)", "    or (N,)."])))
    A sum.
    <BLANKLINE>
    .. code-block:: text
    <BLANKLINE>
        y = x*w
    <BLANKLINE>
    **Shapes**: (N, \\*) or (N,).
    <BLANKLINE>
    """
    for blank, group in groupby(lines, lambda line: not line.strip()):
        if not blank:
            yield from _block([*group])
            yield ""


def _block(lines: list[str]) -> Iterator[str]:
    if lines[0].startswith(">>>"):
        yield from lines
    elif lines[0].startswith("    "):
        yield from (".. code-block:: text", "", *lines)
    else:
        yield from "\n\n".join(_paragraphs(lines)).split("\n")


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """A label begins a paragraph."""
    text: list[str] = []
    for line in lines:
        if _LABEL.match(line) and text:
            yield _paragraph(text)
            text = []
        text.append(line.strip())
    yield _paragraph(text)


def _paragraph(lines: list[str]) -> str:
    text = " ".join(lines)
    found = _LABEL.match(text)
    return f"**{found[1]}**: {_escaped(found[2])}" if found else _escaped(text)


def _escaped(text: str) -> str:
    parts = _CODE.split(text)
    return "".join(part if part.startswith("`") else _MEANS.sub(r"\\\1", part) for part in parts)
