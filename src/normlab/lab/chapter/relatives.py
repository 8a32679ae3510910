"""Section 7: the same points through the other rows of the table that make sense for them."""

import torch
from torch import Tensor

from normlab.equation import formula
from normlab.equation.pools import AXES
from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm
from normlab.equation.table import TABLE
from normlab.lab.chapter.drawings import points
from normlab.lab.chapter.setup import Setup, arrays
from normlab.report.page import Note, Numbers, Prose

SHOWN = 2000
# local response normalisation's own constants are made for activities near 100
_CHOSEN = {"local_response": {"alpha": 1.0, "size": 3}}


def section(setup: Setup) -> None:
    x = setup.x[:SHOWN]
    rows = [row for row in TABLE.values() if not row.needs_space]
    outs = {row.name: _through(setup, row, x) for row in rows}
    clouds = {"data": arrays(x)} | {name: arrays(y) for name, y in outs.items()}
    for name, y in outs.items():
        setup.record.vector(
            f"relatives.{name}.std",
            setup.names,
            y.std(0).cpu(),
            "std of each feature after each row",
        )
    left_out = [row.name for row in TABLE.values() if row.needs_space]
    picture = setup.record.figure(
        "relatives",
        points.small_multiples,
        "The same points through every normaliser of the table that can take them, each in axes of its own.",
        "Small scatter plots of the data after each normaliser.",
        clouds=clouds,
    )
    setup.record.section(
        "Relatives",
        Prose(
            "Batch normalisation is one row of a table. The others differ in what they pool, whether they "
            "subtract the mean, and to what power they divide."
        ),
        picture,
        Prose(
            f"In the formulas {_letters()}; mean[n,s] is the mean over n and s. The columns of a table are "
            "its channels. A row is *shift invariant* if adding a constant to x does not change y. Its "
            "*degree* is k if y(λx) = λᵏ y(x), but for eps, k or sigma: of degree 0, it forgets the scale."
        ),
        Numbers(
            "The rows, and what they did to the data",
            ("row", "formula", "looks at the batch", "shift invariant", "degree"),
            tuple(
                (row.name, formula.text(row), row.uses_batch, row.shift_invariant, row.degree())
                for row in rows
            ),
        ),
        _collapse(setup),
        Note(
            f"{' and '.join(left_out)} pool over space, which a table does not have. For the data's scale, "
            "local response normalisation is shown with alpha=1 and size=3; the others with their defaults."
        ),
    )


def _through(setup: Setup, row: Norm, x: Tensor) -> Tensor:
    chosen = dict(_CHOSEN.get(row.name, {}))
    if setup.settings.eps is not None and "eps" in row.defaults:
        chosen["eps"] = setup.settings.eps
    if not row.uses_batch:
        return normalize(x, row, **chosen).y
    outs: list[Normalized] = [
        normalize(batch, row, **chosen) for batch in x.split(len(setup.batches[0]))
    ]
    return torch.cat([out.y for out in outs])


def _collapse(setup: Setup) -> Note | None:
    if setup.x.shape[1] != 2:
        return None
    return Note(
        "With two features, layer and group normalisation leave hardly anything: centred, the two values of "
        "a point are opposite, and scaled, they are +1 and −1. What is left is which one was larger. A "
        "normaliser needs enough elements in its pool.",
        "warning",
    )


def _letters() -> str:
    return ", ".join(f"{axis} stands for {words}" for axis, words in AXES.items())
