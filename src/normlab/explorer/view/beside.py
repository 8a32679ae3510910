"""What the result is compared with: another row, or the other mode, of the same data."""

from dataclasses import replace

from normlab.equation.table import TABLE
from normlab.explorer.model.datasets import Data
from normlab.explorer.model.normalising import Outcome, misfit, normalised
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say

_DATA = ("points", "table")  # two clouds can be compared


def compared(state: State) -> State | None:
    """The state that stands beside; None where there is none, or it would be the same."""
    if state.data not in _DATA or not state.compare:
        return None
    if state.compare == "mode":
        if not TABLE[state.norm].running:
            return None
        return replace(state, mode="train" if state.mode == "eval" else "eval")
    if state.compare == state.norm or misfit(TABLE[state.compare], state.data):
        return None
    return replace(state, norm=state.compare)


def beside(state: State, data: Data) -> Outcome | None:
    other = compared(state)
    return None if other is None else normalised(other, data)


def options(state: State) -> list[dict[str, str]]:
    """What can be chosen, with its title."""
    if state.data not in _DATA:
        return []
    nothing = {"name": "", "title": say("compare.none")}
    mode = {"name": "mode", "title": say(f"compare.{state.mode}")}
    rows = [
        {"name": name, "title": row.title}
        for name, row in TABLE.items()
        if name != state.norm and not misfit(row, state.data)
    ]
    return [nothing, *([mode] if TABLE[state.norm].running else []), *rows]


def title(state: State) -> str:
    other = compared(state)
    if other is None:
        return ""
    name = TABLE[other.norm].title
    return f"{name}, {say(f'control.mode.{other.mode}')}" if TABLE[other.norm].running else name
