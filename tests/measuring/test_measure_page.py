"""docs/howto/measure.md: its commands print what it says."""

import doctest
import re
from pathlib import Path

import pytest

from command import here

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "measure.md"
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_the_page_on_measuring_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    for kind, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        seen.append(kind)
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), {})
        elif kind == "pycon":
            test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        elif kind == "console":
            assert printed(text) == text.rstrip("\n")
    assert seen.count("console") == 5 and "pycon" in seen


def printed(text):
    """The commands of a block, each with what it prints."""
    lines = []
    for command in re.findall(r"^\$ normlab (.*)$", text, re.MULTILINE):
        done = here(*command.split())
        assert done.returncode in (0, 1), done.stderr
        lines.append(f"$ normlab {command}\n{done.stdout}".rstrip("\n"))
    return "\n".join(lines)
