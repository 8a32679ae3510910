"""What a saved page carries to compute by itself: rows of the table, random draws, and a person's table."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from torch import Tensor

from normlab.data.examples import bank, block, contrasts
from normlab.data.points import chapter_points
from normlab.explorer.model.datasets import BUILDERS, Data, Tables
from normlab.explorer.model.state import State
from normlab.explorer.view import described
from normlab.explorer.view.code import MAKERS, read_table
from normlab.explorer.view.controls import CONTROLS, OPTIONS

SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)
SEEDS = tuple(range(8))
_BLOCKS = ("image", "sequence")


class _Arrays:
    """Arrays that are carried, each by its place in the file."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = []

    def put(self, array: Tensor) -> dict[str, Any]:
        self.buffers.append(array.contiguous().numpy().tobytes())
        return {
            "buffer": len(self.buffers) - 1,
            "shape": list(array.shape),
            "bytes": array.element_size(),
        }


def carried(begin: State, tables: Tables) -> tuple[dict[str, Any], list[bytes]]:
    """Plain JSON, and the arrays that it names by number.

    Points are the standard normal draws of torch for the sizes and seeds that are listed, and for those of
    the state that the page begins with.
    """
    arrays = _Arrays()
    told = {
        "rows": described.rows(tables),
        "limits": described.limits(),
        "controls": [asdict(control) for control in CONTROLS],
        "options": dict(OPTIONS),
        "makers": {name: [maker, list(names)] for name, (maker, names) in MAKERS.items()},
        "torch": described.refusal(),
        "sizes": sorted({*SIZES, begin.n}),
        "seeds": sorted({*SEEDS, begin.seed}),
        "data": _data(arrays, begin, tables),
    }
    return told, arrays.buffers


def _data(arrays: _Arrays, begin: State, tables: Tables) -> dict[str, Any]:
    seeds = sorted({*SEEDS, begin.seed})
    sizes = sorted({*SIZES, begin.n})
    found = {name: _told(BUILDERS[name](State(data=name), {})) for name in MAKERS}
    found["points"]["draws"] = {
        f"{n} {seed}": arrays.put(chapter_points(n, (0.0, 0.0), (1.0, 1.0), seed).values)
        for n in sizes
        for seed in seeds
    }
    for name in _BLOCKS:
        found[name]["clean"] = arrays.put(block(name, noise=0.0))
        found[name]["draws"] = {f"{seed}": arrays.put(_noise(name, seed)) for seed in seeds}
    drive, pool = contrasts()
    found["bank"]["shape"] = list(bank().shape)
    found["contrast"] |= {"drive": arrays.put(drive), "pool": arrays.put(pool)}
    for key in tables:
        state = State(data="table", table=key)
        data = BUILDERS["table"](state, tables)
        written = read_table(tables[key])
        found[f"table {key}"] = _told(data) | {"values": arrays.put(data.x), "written": written}
    return found


def _noise(kind: str, seed: int) -> Tensor:
    """The standard normal draws of a block, whose clean part is multiplied by 0."""
    return block(kind, gain=0.0, noise=1.0, seed=seed)


def _told(data: Data) -> dict[str, Any]:
    names: Sequence[str] = data.names
    return {"names": list(names), "title": data.title, "fixed": data.fixed, "notes": data.notes}
