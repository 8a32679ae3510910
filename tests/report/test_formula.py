"""Formulas become MathML or an error; prose becomes HTML that nobody can inject into."""

import re
from html import unescape

import pytest

from normlab.report.formula import mathml, phrase, prose


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\hat{x} = \frac{x - \mu}{\sigma}", "x^=x−μσ"),
        (r"a < b \& c", "a<b&c"),
        (r"\sum_{k=1}^{N} w_k", "∑k=1Nwk"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(abcd)"),
    ],
)
def test_formulas_say_what_they_said(latex, text):
    assert plain(mathml(latex)) == text


def test_block_and_inline():
    assert mathml("x", block=True).startswith('<math display="block">')
    assert mathml("x").startswith('<math display="inline">')


@pytest.mark.parametrize("latex", [r"\frac{1", r"\nosuch x", "x_", r"\left( x", "", "x^"])
def test_formulas_that_are_not_understood_are_errors(latex):
    with pytest.raises(ValueError, match="formula"):
        mathml(latex)


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;b&gt;}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(https://example.org/x)}{x}",
    ],
)
def test_formulas_cannot_carry_html(latex):
    html = mathml(latex)
    assert not re.search(r"<script|<b>|href|style|url\(", html)


def test_named_functions_and_bars_are_not_spaced_like_relations():
    html = mathml(r"\operatorname{sgn}(d)|d|^m + 1/n")
    assert '<mo lspace="0" rspace="0">sgn</mo>' in html
    assert len(re.findall(r'<mo[^>]*lspace="0" rspace="0"[^>]*>[|/]</mo>', html)) == 3


def test_prose_has_paragraphs_lists_and_emphasis():
    html = prose("One *two* **three** `four`.\n\n- a\n- b $x$\n\n1. c")
    assert "<p>One <em>two</em> <strong>three</strong> <code>four</code>.</p>" in html
    assert html.count("<li>") == 3
    assert '<math display="inline">' in html


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<img src=x>", "a & b", "[x](javascript:alert(1))"]
)
def test_everything_else_is_escaped(text):
    for html in (prose(text), phrase(text)):
        assert not re.search(r"<(script|img|a)|& ", html)


def test_links_stay_links():
    assert phrase("[figure](#figure-x)") == '<a href="#figure-x">figure</a>'


@pytest.mark.parametrize("text", ["$5 and $6", "only $ here", r"\$x\$", "$$", "$ x $"])
def test_money_is_no_formula(text):
    assert "<math" not in phrase(text)


def test_markup_inside_a_formula_is_left_to_the_formula():
    assert "<em>" not in phrase("$a*b*c$ and $x_i y_i$")
    assert "<code>$x$</code>" in phrase("`$x$`")
