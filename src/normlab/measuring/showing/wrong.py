"""The report's section on the ways to a std that are often seen."""

from typing import TYPE_CHECKING

import numpy as np

from normlab.measuring.recipes import Recipe, recipes
from normlab.measuring.showing.cells import Part, Rows, cell, name, signed
from normlab.report.page import Numbers, Prose, Section
from normlab.safe import markup

if TYPE_CHECKING:
    from normlab.measuring.measured import Measured

_FEW = 3  # features of which each recipe is shown


def usual_recipes(measured: "Measured") -> Part:
    found = recipes(measured)
    std, names = measured.std(0).numpy(), measured.names
    shown = _most_off(found, std)
    header = ("", *(markup(name(names[i], 24)) for i in shown))
    rows: Rows = [("all values at once", *(cell(float(std[i])) for i in shown))]
    for one in found:
        off = one.off(std)
        held = [f"{cell(float(one.std[i]))} ({signed(float(off[i]))})" for i in shown]
        rows.append((one.name, *held))
    left = f" Of {len(names):,} features those that are off most." * (len(shown) < len(names))
    blocks = (
        Prose(
            "A standard deviation cannot be averaged. These ways are often seen; the std of this report is "
            "taken over all values at once, in however many parts they come."
        ),
        Numbers(f"What each way gives, and how far it is off.{left}", header, tuple(rows)),
        Prose("\n".join(f"- {one.name}: {one.why}." for one in found)),
    )
    return Section("What the usual recipes would have given", blocks), []


def _most_off(found: list[Recipe], std: np.ndarray) -> list[int]:
    """The few features that are off most, in their order."""
    worst = np.nan_to_num(np.abs(np.stack([one.off(std) for one in found]))).max(0)
    return sorted(np.argsort(-worst, kind="stable")[:_FEW].tolist())
