"""What a page computes from by itself: rows of the table, random draws, and a person's table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from torch import Tensor

from normlab.data.examples import bank, block, contrasts
from normlab.data.points import chapter_points
from normlab.explorer.model.datasets import BUILDERS, Data, Tables
from normlab.explorer.model.state import DATA, State
from normlab.explorer.view import described
from normlab.explorer.view.code import MAKERS, read_table
from normlab.explorer.view.controls import CONTROLS, OPTIONS

SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)
SEEDS = tuple(range(8))

Parts = tuple[dict[str, Any], list[bytes]]  # plain JSON, and the arrays that it names by number


class _Arrays:
    """Arrays that are carried, each by its place among the bytes."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = []

    def put(self, array: Tensor) -> dict[str, Any]:
        self.buffers.append(array.contiguous().numpy().tobytes())
        return {
            "buffer": len(self.buffers) - 1,
            "shape": list(array.shape),
            "bytes": array.element_size(),
        }


def carried(begin: State, tables: Tables) -> Parts:
    """All that a saved page needs.

    Points are the standard normal draws of torch for the sizes and seeds that are listed, and for those of
    the state that the page begins with.
    """
    arrays = _Arrays()
    sizes, seeds = sorted({*SIZES, begin.n}), sorted({*SEEDS, begin.seed})
    keys = [name for name in DATA if name != "table"] + [f"table {key}" for key in tables]
    told = _rows(tables, DATA) | {
        "makers": {name: [maker, list(names)] for name, (maker, names) in MAKERS.items()},
        "sizes": sizes,
        "seeds": seeds,
        "data": {key: _data(arrays, key, sizes, seeds, tables) for key in keys},
    }
    return told, arrays.buffers


def parts(state: State, tables: Tables, rows: bool) -> Parts:
    """What a page that Python answers needs for states with the draws, or the table, of this one.

    With `rows`, those of the table too, and the limits of settings.
    """
    arrays = _Arrays()
    key = f"table {state.table}" if state.data == "table" else state.data
    told = _rows(tables, (state.data,)) if rows else {}
    if not key.startswith("table") or state.table in tables:
        told["data"] = {key: _data(arrays, key, [state.n], [state.seed], tables)}
    return told, arrays.buffers


def _rows(tables: Tables, kinds: Collection[str]) -> dict[str, Any]:
    return {
        "rows": described.rows(tables, kinds),
        "limits": described.limits(),
        "controls": [asdict(control) for control in CONTROLS],
        "options": dict(OPTIONS),
        "torch": described.refusal(),
    }


def _data(
    arrays: _Arrays, key: str, sizes: Sequence[int], seeds: Sequence[int], tables: Tables
) -> dict[str, Any]:
    """One kind of data, or one table, as the page finds it under its key."""
    kind, _, table = key.partition(" ")
    found = BUILDERS[kind](State(data=kind, table=table), tables)
    return _told(found) | _MADE[kind](arrays, kind, sizes, seeds, found, tables.get(table))


def _points(arrays: _Arrays, _: str, sizes: Any, seeds: Any, *__: Any) -> dict[str, Any]:
    draws = {
        (n, seed): chapter_points(n, (0.0, 0.0), (1.0, 1.0), seed).values
        for n in sizes
        for seed in seeds
    }
    return {"draws": {f"{n} {seed}": arrays.put(z) for (n, seed), z in draws.items()}}


def _block(arrays: _Arrays, kind: str, _: Any, seeds: Any, *__: Any) -> dict[str, Any]:
    """The standard normal draws of a block are its noise, with a clean part that is multiplied by 0."""
    draws = {f"{seed}": arrays.put(block(kind, gain=0.0, noise=1.0, seed=seed)) for seed in seeds}
    return {"clean": arrays.put(block(kind, noise=0.0)), "draws": draws}


def _bank(*_: Any) -> dict[str, Any]:
    return {"shape": list(bank().shape)}


def _contrast(arrays: _Arrays, *_: Any) -> dict[str, Any]:
    drive, pool = contrasts()
    return {"drive": arrays.put(drive), "pool": arrays.put(pool)}


def _table(arrays: _Arrays, _: str, __: Any, ___: Any, data: Data, table: Any) -> dict[str, Any]:
    return {"values": arrays.put(data.x), "written": read_table(table)}


_MADE: Mapping[str, Any] = {
    "points": _points,
    "image": _block,
    "sequence": _block,
    "bank": _bank,
    "contrast": _contrast,
    "table": _table,
}


def _told(data: Data) -> dict[str, Any]:
    return {
        "names": list(data.names),
        "title": data.title,
        "fixed": data.fixed,
        "notes": data.notes,
    }
