"""Options that commands share, and numbers out of options.

They are read here and not by typer, whose message leaves out what was given.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from normlab.errors import SettingError

JsonFlag = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]


def whole(name: str, text: str | None) -> int | None:
    return parsed(name, text, int, "a whole number")


def number(name: str, text: str | None) -> float | None:
    return parsed(name, text, float, "a number")


def numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    return parsed(
        name,
        text,
        lambda given: tuple(float(part) for part in given.split(",")),
        "a number, or several with commas: 2,0.5",
    )


def parsed(name: str, text: str | None, parse: Callable[[str], Any], words: str) -> Any:
    try:
        return None if text is None else parse(text)
    except ValueError:
        raise SettingError(f"--{name} {text!r} given; it must be {words}.") from None
