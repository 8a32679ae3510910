"""What a command's --help says is the default is what its Settings have: each stands where it is read."""

import re

import pytest
from typer.main import get_command

from normlab import lab
from normlab.cli.app import app

COMMANDS = get_command(app).commands["run"].commands  # type: ignore[attr-defined]


def shown(parameter):
    """The default that --help shows: of the option itself, or in its words; None where it shows none."""
    words = re.search(r"\[default: ([^\]]+)\]", parameter.help or "")
    if words:
        return words[1]
    return None if parameter.default in (None, False) else str(parameter.default)


def written(value):
    """A setting as one types it: 10,-5 or 0.1."""
    values = value if isinstance(value, tuple) else (value,)
    return ",".join(f"{v:g}" if isinstance(v, int | float) else str(v) for v in values)


@pytest.mark.parametrize("name", lab.EXPERIMENTS)
def test_the_defaults_of_a_command_are_those_of_its_settings(name):
    settings = lab.family_of(name).settings()
    options = {p.name: p for p in COMMANDS[name].params if hasattr(settings, p.name)}
    assert options
    compared = {
        option: (shown(parameter), written(getattr(settings, option)))
        for option, parameter in options.items()
        # None, "" and 0 stand for what is chosen later, which the help says in words
        if shown(parameter) is not None and getattr(settings, option) not in (None, "", 0)
    }
    assert {o: pair for o, pair in compared.items() if pair[0] != pair[1]} == {}
