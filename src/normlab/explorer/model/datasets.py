"""What there is to normalise: points, a person's table, small images and sequences, a bank, contrasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from normlab.data import Table
from normlab.data.examples import bank, block, contrasts, edited, kept_rows, points
from normlab.errors import DataError
from normlab.explorer.model.state import BANK, State
from normlab.explorer.model.words import say

Tables = Mapping[str, Table]  # the tables a person gave, by key
_LARGEST = 1e150  # twice it, squared and summed over all rows, is a number


@dataclass(frozen=True, eq=False)
class Data:
    """An array (N, C, *) in float64, with the names of its channels.

    `ids` are the rows' numbers, which stay when others are deleted; None where nothing was edited.
    `fixed` is where the axes stay while values move: (low, high) of each channel. `pool_input` is what
    is pooled in place of x, where that is another array. `base` rows were there before any was added.
    """

    x: Tensor
    names: tuple[str, ...]
    title: str
    fixed: tuple[tuple[float, float], ...] = ()
    ids: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    pool_input: Tensor | None = None
    base: int = 0

    def row_of(self, id_: int) -> int:
        """Where the row with that number is now; the first one, if it was deleted."""
        if self.ids is None:
            return id_ if id_ < len(self.x) else 0
        return self.ids.index(id_) if id_ in self.ids else 0


def build(state: State, tables: Tables) -> Data:
    """The data that a state describes. Errors: DataError."""
    data = BUILDERS[state.data](state, tables)
    if state.edits and state.data in ("points", "table"):
        edits = state.edits.json()
        ids = kept_rows(len(data.x), edits)
        if len(ids) < 2:
            raise DataError(say("error.few"))
        return replace(data, x=edited(data.x, edits), ids=ids, base=len(data.x))
    return replace(data, base=len(data.x))


def _points(state: State, tables: Tables) -> Data:
    x = points(
        state.n, state.mean, state.scale, state.correlation, state.outliers, state.seed
    )  # fmt: skip
    start = State()
    fixed = tuple((m - 4 * s, m + 4 * s) for m, s in zip(start.mean, start.scale, strict=True))
    return Data(x, ("Feature 1", "Feature 2"), "points", fixed)


def _table(state: State, tables: Tables) -> Data:
    if state.table not in tables:
        raise DataError(say("error.table.gone"))
    table = tables[state.table]
    x = table.values.double()
    low, high = x.amin(0), x.amax(0)
    if x.abs().max() > _LARGEST:
        raise DataError(say("error.squares", most=f"{_LARGEST:g}"))
    room = 0.05 * (high - low).clamp_min(1e-9)
    fixed = tuple(zip((low - room).tolist(), (high + room).tolist(), strict=True))
    return Data(x, table.columns, table.name, fixed, notes=table.said)


def _block(state: State, tables: Tables) -> Data:
    x = block(state.data, state.offset, state.gain, state.noise, state.seed)
    what = {"image": ("0°", "45°", "90°", "135°"), "sequence": ("tone 1", "tone 2", "tone 3")}
    low, high = block(state.data, noise=0.0).aminmax()
    room = 0.1 * (high - low).item()
    return Data(x, what[state.data], state.data, ((low.item() - room, high.item() + room),))


def _bank(state: State, tables: Tables) -> Data:
    x = bank(state.strong, state.loud, state.quiet)
    names = tuple(f"channel {c}" for c in range(BANK))
    return Data(x, names, "bank", ((0.0, 500.0),))


def _contrast(state: State, tables: Tables) -> Data:
    drive, pool = contrasts(state.masking)
    return Data(drive, ("contrast, %",), "contrast", ((1.0, 100.0),), pool_input=pool)


BUILDERS = {
    "points": _points,
    "table": _table,
    "image": _block,
    "sequence": _block,
    "bank": _bank,
    "contrast": _contrast,
}
