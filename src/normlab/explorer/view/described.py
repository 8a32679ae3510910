"""The rows of the table and the limits of a state as plain JSON, for a page that computes by itself.

What a row computes is told by its own columns; the page evaluates the one equation over them.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import torch

from normlab.equation.pools import Axes, Both, ChannelWindow, Learned, Pool, Surround
from normlab.equation.row import Norm
from normlab.equation.table import TABLE
from normlab.explorer.model import state as states
from normlab.explorer.model.datasets import Tables
from normlab.explorer.model.normalising import misfit
from normlab.explorer.model.state import DATA, State
from normlab.explorer.view import arithmetic, controls
from normlab.explorer.view.frames import start_range

Json = dict[str, Any]


def rows(tables: Tables, kinds: Collection[str]) -> Json:
    """Each row's columns, its formula with gaps for numbers, which data it fits, and its axes for these."""
    return {name: _row(row, tables, kinds) for name, row in TABLE.items()}


def _row(row: Norm, tables: Tables, kinds: Collection[str]) -> Json:
    members = pool(row.pool)
    fits = {data: misfit(row, data) or ("" if members else "row.python") for data in DATA}
    return {
        "title": row.title,
        "pool": members,
        "center": row.center,
        "sigma": asdict(row.sigma),
        "n": row.n,
        "m": row.m,
        "p": row.p,
        "affine": row.affine is not None,
        "running": row.running,
        "uses_batch": row.uses_batch,
        "axes": isinstance(row.pool, Axes),
        "settings": [
            {key: getattr(setting, key) for key in ("name", "default", "symbol", "meaning")}
            for setting in row.settings
        ],
        "unlisted": [asdict(control) for control in controls.unlisted(row)],
        "named": arithmetic.named(row),
        "symbols": [arithmetic.symbols(row, evaluated) for evaluated in (False, True)],
        "gaps": arithmetic.gaps(row),
        "fits": fits,
        "frames": {
            key: start_range(State(data=data, norm=row.name, table=key[6:]), tables)
            for data, key in _shown(tables)
            if data in kinds and not fits[data]
        },
    }


def _shown(tables: Tables) -> list[tuple[str, str]]:
    """Each kind of data, and each table, with the key under which the page finds what is of it."""
    plain = [(data, data) for data in DATA if data != "table"]
    return [*plain, *(("table", f"table {key}") for key in tables)]


def pool(pool: Pool) -> list[Json] | None:
    """Which elements are pooled with one along each axis, one after the other; None for what is not so made.

    >>> pool(TABLE["batch"].pool)
    [{'along': 'n', 'members': 'all', 'mean': True}, {'along': 's', 'members': 'all', 'mean': True}]
    """
    if isinstance(pool, Both):
        parts = [_MEMBERS[type(part)](part) for part in (pool.space, pool.channels)]
        return [step for part in parts for step in part]
    return _MEMBERS[type(pool)](pool) if type(pool) in _MEMBERS else None


def _axes(pool: Axes) -> list[Json]:
    over, mean = pool.over.split(), pool.reduce == "mean"
    found: list[Json] = []
    if isinstance(pool.groups, str) and "c" in over:
        found.append({"along": "c", "members": "groups", "count": pool.groups, "mean": mean})
    elif {"c", "g"} & set(over):
        found.append({"along": "c", "members": "all", "mean": mean})
    return found + [
        {"along": axis, "members": "all", "mean": mean} for axis in "ns" if axis in over
    ]


def _channel_window(pool: ChannelWindow) -> list[Json]:
    return [{"along": "c", "members": "window", "size": pool.size, "gain": pool.gain}]


def _surround(pool: Surround) -> list[Json]:
    window = {"size": pool.size, "width": pool.width, "shape": pool.window}
    first = {"along": "c", "members": "all", "mean": pool.reduce == "mean"}
    space = {"along": "s", "members": "window", "share": True} | window
    return [*([first] if pool.channels else []), space]


def _learned(pool: Learned) -> list[Json]:
    return [{"along": "c", "members": "weights"}]


_MEMBERS: Mapping[type, Any] = {
    Axes: _axes,
    ChannelWindow: _channel_window,
    Surround: _surround,
    Learned: _learned,
}


def limits() -> Json:
    """What each setting of a state may be, in words and in numbers."""
    own = {name: _limit(domain) for name, domain in states.domains().items()}
    of_rows = {
        name: _limit(setting.domain) | {"most": states.LARGEST}
        for name, setting in states.row_settings().items()
    }
    return own | of_rows


def _limit(domain: Any) -> Json:
    return {"words": domain.words, "none": bool(domain.none)} | _holding(domain.holds)


def _holding(holds: Any) -> Json:
    """The numbers of a check that is made of one of ours; nothing to check in another."""
    function, given = (holds.func, holds.args) if isinstance(holds, partial) else (holds, ())
    return _CHECKS.get(function.__name__, lambda *_: {})(*given)


_CHECKS: Mapping[str, Any] = {
    "_number": lambda low, high: {"low": low, "high": high},
    "_whole": lambda low, high: {"low": low, "high": high, "whole": True},
    "_each": lambda holds, least, most: {"each": _holding(holds), "count": [least, most]},
    "_among": lambda names: {"names": list(names)},
    "_count": lambda: {"low": 1, "whole": True},
    "_non_negative": lambda: {"low": 0},
    "_positive": lambda: {"above": 0},
    "_holds": lambda: {"parts": True},
}


def refusal() -> str:
    """Torch's word on a batch of one, with a gap for the size of the input."""
    try:
        torch.nn.functional.batch_norm(torch.zeros(1, 2), None, None, training=True)
    except ValueError as error:
        return str(error).replace("[1, 2]", "{size}")
    raise AssertionError("torch took a batch of one")
