"""Every word that the explorer says, from one file: a translation is another such file."""

import json
from functools import cache
from importlib.resources import files


@cache
def strings() -> dict[str, str]:
    """Key → text; `{name}` in a text is filled in."""
    return json.loads(files("normlab.explorer").joinpath("strings.json").read_text("utf-8"))


def say(key: str, /, **values: object) -> str:
    """The text of a key, filled in.

    >>> say("data.points")
    'Points'
    """
    return strings()[key].format(**values)
