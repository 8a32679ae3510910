"""Formulas as MathML, and the small markup that the reports' prose is written in."""

from __future__ import annotations

from functools import cache
from html import unescape
from itertools import zip_longest
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

_FORBIDDEN = {"href", "style", "class", "id", "src"}  # LaTeX that reaches beyond the formula
_CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "munder": 2, "mover": 2, "msubsup": 3}


def mathml(latex: str, *, block: bool = False) -> str:
    r"""The formula as a `<math>` element; LaTeX that is not understood is an error.

    >>> mathml(r"x^2")
    '<math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
    >>> mathml(r"\nosuch")
    Traceback (most recent call last):
    ...
    ValueError: formula '\\nosuch': unknown command \nosuch
    """
    from latex2mathml.converter import Converter

    try:
        root = Converter().convert_to_element(latex)
    except Exception as error:  # the converter's errors share no base of their own
        raise ValueError(f"formula {latex!r}: {type(error).__name__} {error}".rstrip()) from error
    for element in root.iter():
        _tidy(element, latex)
    for element in root.iter():
        _space(element)
    root.attrib = {"display": "block" if block else "inline"}
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(element: ElementTree.Element, latex: str) -> None:
    """Turn the converter's character references into characters, and refuse half a formula.

    Its own serialiser leaves `<` inside \\text as it stands, which a page must not do.
    """
    element.text = unescape(element.text) if element.text else None
    element.attrib = {k: v for k, v in element.attrib.items() if k not in _FORBIDDEN}
    if element.text and element.text.startswith("\\") and element.tag in ("mi", "mo"):
        raise ValueError(f"formula {latex!r}: unknown command {element.text}")
    if len(element) != _CHILDREN.get(element.tag, len(element)):
        raise ValueError(f"formula {latex!r}: an argument is missing")


def _space(row: ElementTree.Element) -> None:
    """Set bars, slashes and named functions as TeX does; browsers take all three for relations."""
    for child, following in zip_longest(row, list(row)[1:]):
        text = child.text or ""
        if child.tag != "mo" or not (text in "|/" or (text.isalpha() and len(text) > 1)):
            continue
        named = text not in "|/"
        closed = following is None or (following.text or "")[:1] in ("(", "[", "|")
        child.set("lspace", "0.17em" if named and child is not row[0] else "0")
        child.set("rspace", "0.17em" if named and not closed else "0")


def prose(text: str) -> str:
    """Paragraphs, `- ` and `1. ` lists, `**bold**`, `*emphasis*`, code, links and `$formulas$`.

    >>> prose("a < $b$")
    '<p>a &lt; <math display="inline"><mrow><mi>b</mi></mrow></math></p>\\n'
    """
    return _markup().render(text)


def phrase(text: str) -> str:
    """The same markup within one line: captions, headings, cells of a table.

    >>> phrase("*x* & `y`")
    '<em>x</em> &amp; <code>y</code>'
    """
    return _markup().renderInline(text)


@cache
def _markup() -> MarkdownIt:
    """CommonMark cut down to a report's needs: no HTML, and no images, which would be fetched."""
    from markdown_it import MarkdownIt

    markup = MarkdownIt("zero").enable(["emphasis", "backticks", "escape", "link", "list"])
    markup.inline.ruler.before("escape", "formula", _formula_rule)
    markup.add_render_rule("formula", lambda _, tokens, i, *rest: mathml(tokens[i].content))
    return markup


def _formula_rule(state: StateInline, silent: bool) -> bool:
    """`$…$` with no space inside either dollar, so that "$5 and $6" stays as it is."""
    if state.src[state.pos] != "$":
        return False
    end = state.src.find("$", state.pos + 1, state.posMax)
    content = state.src[state.pos + 1 : end]
    if end < 0 or not content or content != content.strip():
        return False
    if not silent:
        state.push("formula", "math", 0).content = content
    state.pos = end + 1
    return True
