"""Figures and pages show a name from outside as it is, whatever it holds."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from test_page import Tags

from hostile import NAMES, names
from normlab.report.figures import Figure, inline
from normlab.report.page import (
    Ask,
    Note,
    Numbers,
    Page,
    Picture,
    Printed,
    Prose,
    Section,
    VerdictRow,
)
from normlab.report.style import in_legend, subplots
from normlab.safe import held, markup, printable


def everywhere(name, ticks=()):
    """A figure with the name in every place where one may stand."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    left.plot([1, 10], [1, 10], label=in_legend(printable(name)))
    left.set(xscale="log", xlabel=name, ylabel=name, title=name)
    left.legend(title=name)
    left.text(1, 1, name)
    left.annotate(name, (1, 1))
    right.set_xticks(range(len(ticks)), ticks)
    right.set_yticks([0, 1], [name, name])
    figure.suptitle(name)
    figure.text(0.5, 0.5, name)
    return figure


def texts(svg):
    return [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]


def test_a_figure_shows_every_name():
    drawn = Figure("all", lambda: everywhere("$5 Ba$$in", NAMES), "", "").render()
    shown = texts(drawn.svg)
    assert shown.count("$5 Ba$$in") == 11  # at two ticks too
    joined = "".join(shown)
    for name in NAMES:  # a drawing may break a label into lines
        assert all(printable(line) in joined for line in name.split("\n"))


def test_an_axis_still_has_its_powers_of_ten():
    """Which matplotlib writes as formulas, as parts of one text."""
    assert "10" in texts(Figure("log", lambda: everywhere("a"), "", "").render().svg)


@pytest.mark.parametrize("name", ["$5", "$\\frac$", "a\x00\x0b\ud800b", "]]></svg>", "_a"])
def test_a_figure_is_well_formed_alone_and_in_a_page(name):
    drawn = Figure("one", lambda: everywhere(name), name, name).render()
    assert texts(drawn.svg).count(printable(name)) >= 7
    ElementTree.fromstring(held(inline(drawn)))


def page(name):
    """The name wherever a page has words: escaped for the markup where that is read, else as it is."""
    text = f"a {markup(name)}"
    blocks = (
        Prose(text),
        Note(text, "warning"),
        Ask(text, text),
        Printed(name),
        Numbers(text, (text, "b"), ((name, 1.0), ("c", 2.0))),
        Picture("one"),
    )
    verdicts = [VerdictRow(text, "a", "b", "holds", text)]
    return Page(
        "t",
        "q",
        [Section(text, blocks)],
        {"one": replace(EMPTY, caption=text, alt=name)},
        verdicts,
        {"s": name},
    )


EMPTY = Figure("one", lambda: subplots()[0], "", "").render()


@given(names())
def test_a_page_is_that_of_a_harmless_name(name):
    html, plain = page(name).html(), page("harmless").html()
    html.encode()
    assert Tags(html).tags == Tags(plain).tags
    assert page(name).fragment().encode()
