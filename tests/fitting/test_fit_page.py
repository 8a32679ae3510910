"""The page docs/tutorials/fit.md prints what its commands and its Python print."""

import doctest
import re
import shlex
from pathlib import Path

from command import here

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorials" / "fit.md"


def test_the_python_prints_what_it_says():
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.attempted >= 15 and outcome.failed == 0


def test_the_command_prints_what_it_says():
    blocks = re.findall(
        r"```console\n\$ normlab (.*?)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert len(blocks) == 1
    for command, printed in blocks:
        assert here(*shlex.split(command), cwd=ROOT / "examples").stdout == printed


def test_the_table_gives_options_that_the_command_has():
    helped = " ".join(here("fit", "--help").stdout.split())
    options = {*re.findall(r"--[a-z][a-z-]+", PAGE.read_text("utf-8"))}
    assert len(options) > 10
    assert [option for option in options if f"{option} " not in helped] == []
