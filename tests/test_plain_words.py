"""Phrases that readers stumbled over stay out of pages, messages, help texts and the explorer."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STUMBLED = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r", and told\b|\bis told as\b": "reported",
    r"\bby whom\b": "by which",
    r"\bThat compute\b": "a full sentence",
    r"\bcome out of one set\b": "are reproduced with one set",
    r"\bfactory of a module\b": "a callable that returns a Module",
    r"^(Of|That) the [a-z ]+\.(?:  \[default.*)?$": "a full sentence",
}
PAGES = [
    *(p for p in (ROOT / "docs").rglob("*.md") if not p.is_relative_to(ROOT / "docs" / "project")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    ROOT / "src" / "normlab" / "explorer" / "strings.json",
]
SOURCES = [*(ROOT / "src" / "normlab").rglob("*.py")]


def prose(page):
    """Lines without blocks of code, which print what programs say."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [line.strip() for line in re.sub(r"`[^`\n]*`", "", text).splitlines()]


def literals(source):
    """Strings of several words that a program may print; no docstrings, whose readers know the code."""
    tree = ast.parse(source.read_text("utf-8"))
    first = [
        node.body[0]
        for node in ast.walk(tree)
        if getattr(node, "body", None) and isinstance(node.body, list)
    ]
    docs = {id(one.value) for one in first if isinstance(one, ast.Expr)}
    found = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in docs]
    return [text for text in found if isinstance(text, str) and text.count(" ") > 1]


@cache
def everything():
    pages = [(page, text) for page in PAGES for text in prose(page)]
    return pages + [(source, text) for source in SOURCES for text in literals(source)]


@pytest.mark.parametrize("pattern", STUMBLED)
def test_the_phrase_is_gone(pattern):
    found = [(path, text) for path, text in everything() if re.search(pattern, text)]
    said = [f"{path.relative_to(ROOT)}: {text}" for path, text in found]
    assert said == [], f"write instead: {STUMBLED[pattern]}"


def test_it_finds_what_it_is_given(tmp_path):
    page, source = tmp_path / "page.md", tmp_path / "source.py"
    page.write_text("This mends it.\n```\nmend\n```\n`mend`\n", "utf-8")
    source.write_text('"""We mend it all."""\nraise ValueError(f"{1} mends the row.")\n', "utf-8")
    assert [text for text in prose(page) if "mend" in text] == ["This mends it."]
    assert literals(source) == [" mends the row."]
