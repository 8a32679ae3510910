"""The Python that makes the picture again: a script with normlab, which gives the page's own numbers."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from normlab.data import Table
from normlab.equation.table import find
from normlab.errors import DataError
from normlab.explorer.model.batching import in_batches, joins
from normlab.explorer.model.datasets import Data, Tables
from normlab.explorer.model.normalising import affine, row_settings
from normlab.explorer.model.state import State
from normlab.explorer.model.words import say
from normlab.safe import csv_cell, plain_text, python_comment, python_literal

_INLINE = 20_000  # numbers of a table that are written into the script
_DATASETS = "from normlab.data.examples import "


def script(state: State, data: Data, tables: Tables, picture: bool = True) -> str:
    """A whole script, with the picture or without; every value in it goes through `normlab.safe`."""
    source, lines = _data(state, tables)
    imports = [*(["import matplotlib.pyplot as plt"] if picture else []), "import torch", ""]
    imports += ["import normlab", *source]
    parts = [imports, lines, _normalise(state, data), *([_picture(state, data)] if picture else [])]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def notebook(state: State, tables: Tables) -> str:
    """The line that opens a state in a notebook, with a person's table in it. Errors: DataError."""
    given = state.changed()
    first: list[str] = []
    if state.data == "table":
        if state.table not in tables:
            raise DataError(say("error.table.gone"))
        table = tables[state.table]
        if table.values.numel() > _INLINE:
            raise DataError(say("error.table.long"))
        names = python_literal(list(table.columns))
        first = [python_literal(table.values.double().tolist()), f"names={names}"]
        given = {name: value for name, value in given.items() if name not in ("data", "table")}
    told = [f"{name}={python_literal(value)}" for name, value in given.items()]
    return f"normlab.Explorer({', '.join([*first, *told])})"


def _data(state: State, tables: Tables) -> tuple[list[str], list[str]]:
    """What to import, and the lines that make x."""
    if state.data == "table":
        return _table(state, tables)
    maker, names = MAKERS[state.data]
    given = {name: getattr(state, name) for name in names}
    start = State()
    changed = {name: value for name, value in given.items() if value != getattr(start, name)}
    first = python_literal(state.data) if maker == "block" else ""
    call = f"{maker}({', '.join(filter(None, [first, _arguments(changed)]))})"
    target = "x, pool_input" if state.data == "contrast" else "x"
    return _edited(state, [maker], [f"{target} = {call}"])


MAKERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "points": ("points", ("n", "mean", "scale", "correlation", "outliers", "seed")),
    "image": ("block", ("offset", "gain", "noise", "seed")),
    "sequence": ("block", ("offset", "gain", "noise", "seed")),
    "bank": ("bank", ("strong", "loud", "quiet")),
    "contrast": ("contrasts", ("masking",)),
}


def _table(state: State, tables: Tables) -> tuple[list[str], list[str]]:
    return _edited(state, [], read_table(tables[state.table]))


def read_table(table: Table) -> list[str]:
    """The lines that make a person's table: its numbers, or where there are many its file."""
    if table.values.numel() > _INLINE:
        rows, columns = table.values.shape
        read = f"normlab.data.read_table({python_literal(table.name)}, drop_missing=True)"
        return [f"x = {read}.values.double()[:{rows}, :{columns}]"]
    rows = (f"    {python_literal(row)}," for row in table.values.double().tolist())
    return [
        python_comment(", ".join(table.columns)),
        "x = torch.tensor([",
        *rows,
        "], dtype=torch.float64)",
    ]


def _edited(state: State, makers: list[str], lines: list[str]) -> tuple[list[str], list[str]]:
    if state.edits and state.data in ("points", "table"):
        makers = sorted([*makers, "edited"])
        lines = [*lines, f"x = edited(x, {python_literal(state.edits.json())})"]
    return ([_DATASETS + ", ".join(makers)] if makers else []), lines


def _normalise(state: State, data: Data) -> list[str]:
    row = find(state.norm)
    lines, given = [], row_settings(state, row, data)
    if (weights := given.pop("pool_weight", None)) is not None:
        lines.append(
            f"pool_weight = torch.full({python_literal(tuple(weights.shape))}, "
            f"{python_literal(float(state.pool_cross))}, dtype=torch.float64)"
            f".fill_diagonal_({python_literal(state.pool_own)})"
        )
        given["pool_weight"] = _Name("pool_weight")
    if data.pool_input is not None:
        given["pool_input"] = _Name("pool_input")
    for name, value in affine(state, row, data).items():
        if not bool((value == (name == "weight")).all()):
            held = python_literal(value.tolist())
            lines.append(f"{name} = torch.tensor({held}, dtype=torch.float64)")
            given[name] = _Name(name)
    if row.running and state.mode == "eval":
        given = {"statistics": _Name("running")} | given
        return lines + _evaluated(state, data, _call("x", row.name, given))
    if not in_batches(state, row):
        return [
            *lines,
            f"out = {_call('x', row.name, given)}",
            "y = out.y  # its operands: out.center, out.scale",
        ]
    return [
        *lines,
        *_batches(state, len(data.x)),
        f"outs = [{_call('batch', row.name, given)} for batch in batches]",
        f"y = torch.cat([{_outs(state, len(data.x))}])  # operands: out.center, out.scale",
    ]


def _batches(state: State, rows: int) -> list[str]:
    """As torch splits them; a row alone in the last batch joins the one before, if changes left it there."""
    split = f"batches = x.split({state.batch_size})"
    if state.batch_size == 1:
        split += "  # in training torch's layer refuses batches of one"
    if not joins(state, state.batch_size, rows):
        return [split]
    before = rows - 1 - state.batch_size
    return [
        split,
        f"batches = *batches[:-2], x[{before}:]  # the last row was alone: it joins a batch",
    ]


def _outs(state: State, rows: int) -> str:
    """The batches' results: none for a last batch of one, which torch's layer refuses in training."""
    if _refused(state, state.batch_size, rows):
        return "*(out.y for out in outs[:-1]), torch.full_like(x[-1:], torch.nan)"
    return "out.y for out in outs"


def _refused(state: State, size: int, rows: int) -> bool:
    return rows % size == 1 and not joins(state, size, rows)


def _evaluated(state: State, data: Data, call: str) -> list[str]:
    """The running statistics after some steps of training, and everything normalised with them."""
    row = find(state.norm)
    eps = row_settings(state, row, data).get("eps", row.defaults["eps"])
    given = {"eps": eps} | ({"momentum": state.momentum} if state.momentum != 0.1 else {})
    size = state.batch_size if in_batches(state, row) else len(data.x)
    train = ["    layer(batches[step % len(batches)])  # training moves the running statistics"]
    if _refused(state, size, len(data.x)):
        train = [
            "    batch = batches[step % len(batches)]",
            "    if len(batch) > 1:  # torch refuses a batch of one",
            "        layer(batch)  # training moves the running statistics",
        ]
    split = (
        _batches(state, len(data.x)) if in_batches(state, row) else ["batches = x.split(len(x))"]
    )
    return [
        *split,
        f"layer = normlab.nn.BatchNorm({data.x.shape[1]}{_more(given)}, dtype=torch.float64)",
        f"for step in range({state.step}):",
        *train,
        "running = layer.running_mean, layer.running_var",
        f"out = {call}",
        "y = out.y  # its operands: out.center, out.scale",
    ]


class _Name(str):
    """An argument that is a variable of the script."""

    __slots__ = ()


def _arguments(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_literal(value)}" for name, value in given.items())


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, _Name) else python_literal(value)


def _call(x: str, row: str, given: Mapping[str, Any]) -> str:
    return f"normlab.normalize({x}, {python_literal(row)}{_more(given)})"


def _more(given: Mapping[str, Any]) -> str:
    return f", {_arguments(given)}" if given else ""


def _picture(state: State, data: Data) -> list[str]:
    wide = "figure, (before, after) = plt.subplots(1, 2, figsize=(10, 4))"
    shown = [min(axis, data.x.shape[1] - 1) for axis in state.axes]
    names = (python_literal(plain_text(data.names[axis])) for axis in shown)
    draw = _DRAW[state.data].format(*shown, *names)
    title = python_literal(f"After: {find(state.norm).title}")
    ends = ['before.set_title("Before")', f"after.set_title({title})"]
    return [wide, *draw.splitlines(), *ends, 'figure.savefig("normlab-explorer.png")']


_SCATTER = """\
for axes, values in ((before, x.numpy()), (after, y.numpy())):
    axes.scatter(values[:, {0}], values[:, {1}], alpha=0.6)
    axes.set(xlabel={2}, ylabel={3})"""
_DRAW: Mapping[str, str] = {
    "points": _SCATTER,
    "table": _SCATTER,
    "image": """\
for axes, values in ((before, x.numpy()), (after, y.numpy())):
    n, c, h, w = values.shape  # a row of tiles a sample, a column a channel
    figure.colorbar(axes.imshow(values.transpose(0, 2, 1, 3).reshape(n * h, c * w)))""",
    "sequence": """\
for axes, values in ((before, x.numpy()), (after, y.numpy())):
    axes.plot(values.reshape(-1, values.shape[-1]).T)""",
    "bank": """\
for axes, values in ((before, x.numpy()), (after, y.numpy())):
    axes.bar(range(values.shape[1]), values[0])
    axes.set(xlabel="channel", ylabel="activity")""",
    "contrast": """\
for axes, values in ((before, x.numpy()), (after, y.numpy())):
    axes.semilogx(x[:, 0], values[:, 0])
    axes.set(xlabel="contrast, %", ylabel="response")""",
}


def csv(names: tuple[str, ...], x: Tensor, y: Tensor, ids: tuple[int, ...]) -> str:
    """Before and after of every element: a row a sample, with its number, and a column a channel."""
    flat_x, flat_y = x.flatten(1), y.flatten(1)
    places = flat_x.shape[1] // len(names)
    labels = [
        f"{name}[{place}]" if places > 1 else name for name in names for place in range(places)
    ]
    head = [
        "row",
        *(f"{label} before" for label in labels),
        *(f"{label} after" for label in labels),
    ]
    rows = zip(ids, flat_x.tolist(), flat_y.tolist(), strict=True)
    cells = [head, *([i, *before, *after] for i, before, after in rows)]
    return "".join(",".join(map(csv_cell, row)) + "\n" for row in cells)
